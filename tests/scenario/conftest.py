"""What every scenario stands on: a facility of tests/lab, and real clients that connect through its gateway.

File names are <letter><number>_name.py: a start-up, b tickets, c policy, d relay, e bad input, f control and failures,
g a clerk's daily work, s slow. There are no fixed sleeps: a test waits for an event, with a limit.
"""

import os
import re
import shutil
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

from facility import Facility  # noqa: E402
from jump_hosts import Host  # noqa: E402
from lab_parts.processes import stop  # noqa: E402


# Bad clients on loopback must not shut out the others, and fake hosts are met by those whom a test sends.
PEACE = ["sources.exempt=[127.0.0.0/8]", "health.every=0"]


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(TREE, "build"), help="where meson built")
    parser.addoption("--pictures", metavar="DIR", help="keeps pictures of what clients show there")
    parser.addoption("--long", action="store_true", default=bool(os.environ.get("SEKISHO_LONG")),
                     help="also what takes minutes (or SEKISHO_LONG in the environment)")


# Files are handed to workers in their order: what takes longest must not begin last. These take more than half a minute.
LONGEST = ["n020_notices_at_ends", "r001_recording", "h007_consent", "m200_hostile_hosts", "n030_depths", "h005_hostile", "n001_notices",
           "h001_sign_in", "m300_hostile_mediator", "q030_yesterday", "m001_mediated", "m100_recorded", "q010_watch", "i050_kerberos",
           "h002_first_sign_in", "i500_reconnect", "q001_recordings", "q020_export", "g021_records", "o001_told_before", "d001_desktop",
           "i001_nla", "c004_take_over", "k003_comes_back", "g031_restore"]


def check_numbers(items):
    """One number, one file: who reads of a failure finds it. (a, b, c, f and g are those of the requirements, which have several.)"""
    files = {}
    for item in items:
        number = re.match("test_([^abcfg][0-9]+)_", item.originalname)
        if number and files.setdefault(number[1], item.path) != item.path:
            raise pytest.UsageError(f"{number[1]} is a test's number in {files[number[1]].name} and in {item.path.name}")


def pytest_collection_modifyitems(config, items):
    check_numbers(items)
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONGEST)))
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="only with --long"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of the gateway's log and of every client's."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for name, value in item.funcargs.items():
            if isinstance(value, Facility):
                report.sections.append((f"logs of {name}", value.last_lines()))


@pytest.fixture(scope="session", autouse=True)
def open_folders(tmp_path_factory):
    """The gateway runs as somebody else and must get to its files; pytest keeps its folders for root."""
    base = tmp_path_factory.getbasetemp()
    # /tmp/pytest-of-root, pytest-N in it, and where several run at once one for each.
    for folder in (base, *base.parents):
        if folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(folder.stat().st_mode | 0o111)


@pytest.fixture(scope="session")
def folders():
    """folders("name"): a new folder. pytest's own would be closed to the gateway, which runs as another user."""
    base = tempfile.mkdtemp(prefix="sekisho-scenario-")
    os.chmod(base, 0o755)
    yield lambda name: tempfile.mkdtemp(prefix=name + "-", dir=base)
    shutil.rmtree(base)


@pytest.fixture(scope="session")
def hosts(folders):
    """Both jump hosts, for the whole run."""
    facility = Facility(folders("hosts"), only=("shadow", "xrdp"))
    yield facility
    facility.close()


def gateway_of(request, folders, hosts, *settings, **options):
    """A facility with the shared jump hosts, for a fixture of a module or of all."""
    facility = Facility(folders("lab"), build=request.config.getoption("--build"), hosts=hosts, settings=[*PEACE, *settings],
                        **options)
    yield facility
    facility.close()


@pytest.fixture(scope="session")
def shared_lab(request, folders, hosts):
    """One gateway for all tests that leave it as it was."""
    yield from gateway_of(request, folders, hosts)


def one_test(facility):
    """The shared facility; clients of the test are closed after it."""
    assert facility.gateway_runs(), "an earlier test has ended the gateway"
    facility.begin_test()
    yield facility
    facility.end_test()


@pytest.fixture
def lab(shared_lab):
    yield from one_test(shared_lab)


@pytest.fixture(scope="module")
def strict_gateway(request, folders, hosts):
    """It waits for hosts no longer than a test likes to."""
    yield from gateway_of(request, folders, hosts, "limits.attach=4s", "limits.dial=2s")


@pytest.fixture
def strict_lab(strict_gateway):
    """For tests of hosts that misbehave: as `lab`, in its place."""
    yield from one_test(strict_gateway)


@pytest.fixture
def new_lab(request, folders, hosts):
    """new_lab("limits.ticket=1s", …): a facility of the test's own, with the shared jump hosts."""
    made = []

    def make(*settings, **options):
        facility = Facility(folders("lab"), build=request.config.getoption("--build"), hosts=hosts,
                            settings=[*PEACE, *settings], **options)
        made.append(facility)
        request.node.funcargs[f"lab{len(made)}"] = facility
        return facility
    yield make
    for facility in made:
        facility.close()


@pytest.fixture(scope="module")
def office(request):
    """A gateway without jump hosts: most of what a clerk does needs none. A module may set OFFICE_SETTINGS."""
    with tempfile.TemporaryDirectory(prefix="sekisho-office-") as folder:
        os.chmod(folder, 0o755)
        facility = Facility(os.path.join(folder, "lab"), build=request.config.getoption("--build"),
                            settings=getattr(request.module, "OFFICE_SETTINGS", ()))
        facility.begin_test()
        yield facility
        facility.close()


@pytest.fixture
def new_host(request):
    """new_host(lab, "--mode", …): tests/peers/rdp_host, to be started by the test."""
    made = []

    def make(lab, *options):
        made.append(Host(lab, request.config.getoption("--build"), *options))
        return made[-1]
    yield make
    for host in made:
        if host.process:
            stop(host.process)


@pytest.fixture
def new_door(request, folders, hosts):
    """new_door("sign_in.second_factor=off", …): a facility of the test's own where people sign in."""
    made = []

    def make(*settings, **options):
        facility = open_door(request, folders, hosts, *settings, **options)
        facility.begin_test()
        made.append(facility)
        request.node.funcargs[f"door{len(made)}"] = facility
        return facility
    yield make
    for facility in made:
        facility.close()


def open_door(request, folders, hosts, *settings, **options):
    if os.geteuid() != 0:
        pytest.skip("signing in needs root, for the lab's own PAM")
    options.setdefault("build", request.config.getoption("--build"))
    facility = Facility(folders("door"), hosts=hosts, only=("sign-in", "gateway"), settings=[*PEACE, *settings], **options)
    facility.pictures = request.config.getoption("--pictures")
    if facility.pictures:
        os.makedirs(facility.pictures, exist_ok=True)
    return facility


def door_of_passwords(request, folders, hosts, handover="in-band"):
    facility = open_door(request, folders, hosts, "sign_in.second_factor=off", f"listeners.0.handover={handover}")
    yield facility
    facility.close()


@pytest.fixture(scope="session")
def shared_door(request, folders, hosts):
    """One gateway for all who sign in with a password alone."""
    yield from door_of_passwords(request, folders, hosts)


@pytest.fixture(scope="module")
def module_door(request, folders, hosts):
    """The same for one module, which no other one's attempts disturb: `def shared_door(module_door): return module_door`."""
    yield from door_of_passwords(request, folders, hosts)


@pytest.fixture
def door(shared_door):
    """Where people sign in."""
    yield from one_test(shared_door)
