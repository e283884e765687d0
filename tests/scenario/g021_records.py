"""Records of the logs for programs elsewhere (F5): to a real rsyslog and a real systemd-journald, each in a mount
namespace of the gateway's own; whatever they do, the gateway goes on and nothing is lost.
"""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import tempfile

import pytest

from facility import Facility
from lab_parts.processes import PATIENCE, stop, wait_for

JOURNALD = "/lib/systemd/systemd-journald"

# In the new namespace: /run is empty but for the machine's name, and /dev has what a service needs and a log of ours.
PLACES = """set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
mkdir "$1/dev"
mount -t tmpfs tmpfs "$1/dev"
for name in null zero full random urandom tty; do
	touch "$1/dev/$name"
	mount --bind "/dev/$name" "$1/dev/$name"
done
ln -s "$2" "$1/dev/log"
mount --move "$1/dev" /dev
echo ready
exec sleep infinity
"""


class Place:
    """A mount namespace for a gateway and a log daemon; `log` is what /dev/log leads to there."""

    def __init__(self, folder, log):
        self.folder = folder
        self.holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", PLACES, "sh", folder, log],
                                       text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        said = self.holder.stdout.readline()
        if said != "ready\n":
            self.close()
            pytest.skip("no mount namespace may be made here: " + said.strip())
        self.enter = ["nsenter", "--mount", f"--target={self.holder.pid}"]

    def close(self):
        self.holder.kill()
        self.holder.communicate()


class Daemon:
    """A log daemon that can be started, held up, let go and killed."""

    def __init__(self, place):
        self.place = place
        self.process = None

    def begin(self):
        raise NotImplementedError

    def lines(self):
        """The records that have arrived, as (JSON, what the daemon knows besides)."""
        raise NotImplementedError

    def hold(self):
        self.process.send_signal(signal.SIGSTOP)

    def let_go(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def run(self, command, socket_path):
        with open(os.path.join(self.place.folder, "daemon.log"), "ab") as output:
            self.process = subprocess.Popen([*self.place.enter, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        inside = f"/proc/{self.place.holder.pid}/root{socket_path}"
        wait_for(lambda: is_listened_to(inside), PATIENCE, f"{command[0]} listens")


def is_listened_to(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(path)
        return True
    return False


class Syslog(Daemon):
    """rsyslog with what a hospital's has: /dev/log; and a longer line than its 8 kilobytes."""

    CONFIG = """global(maxMessageSize="64k" workDirectory="{folder}")
module(load="imuxsock" SysSock.Name="{socket}" SysSock.RateLimit.Interval="0")
template(name="all" type="string" string="%syslogfacility-text%.%syslogseverity-text% %programname%[%procid%] %msg%\n")
action(type="omfile" file="{folder}/messages" template="all")
"""
    settings, variables = ["log.records=syslog"], []

    def begin(self):
        folder = self.place.folder
        config = os.path.join(folder, "rsyslog.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self.CONFIG.format(folder=folder, socket=os.path.join(folder, "socket")))
        self.run(["rsyslogd", "-n", "-i", os.path.join(folder, "rsyslog.pid"), "-f", config], os.path.join(folder, "socket"))

    def lines(self):
        with contextlib.suppress(FileNotFoundError), open(os.path.join(self.place.folder, "messages"), encoding="utf-8") as file:
            return [(json.loads(text[text.index("{"):]), text[:text.index("{")].strip()) for text in file.read().splitlines()
                    if "{" in text]
        return []


class Journal(Daemon):
    settings, variables = ["log.records=journal"], ["env", "JOURNAL_STREAM=1:1"]

    def begin(self):
        self.run([JOURNALD], "/run/systemd/journal/socket")

    def entries(self):
        done = subprocess.run([*self.place.enter, "journalctl", "--directory=/run/log/journal", "--output=json", "--no-pager", "--all",
                               "SYSLOG_IDENTIFIER=sekisho"], check=True, text=True, timeout=30, stdout=subprocess.PIPE)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def lines(self):
        return [(json.loads(entry["MESSAGE"]), entry) for entry in self.entries()]


@pytest.fixture(params=[Syslog, Journal], ids=["syslog", "journald"])
def daemon(request):
    yield from daemon_of(request.param)


@pytest.fixture
def syslog():
    yield from daemon_of(Syslog)


@pytest.fixture
def journal():
    yield from daemon_of(Journal)


def daemon_of(kind):
    if os.geteuid() != 0:
        pytest.skip("a mount namespace needs root")
    with tempfile.TemporaryDirectory(prefix="sekisho-records-") as folder:
        os.chmod(folder, 0o755)
        place = Place(folder, os.path.join(folder, "socket"))
        made = kind(place)
        yield made
        made.kill()
        place.close()


@pytest.fixture
def lab_of(request, folders):
    """lab_of(daemon): a gateway that sends its records there."""
    made = []

    def make(daemon, **options):
        lab = Facility(folders("records"), build=request.config.getoption("--build"), settings=daemon.settings,
                       wrap=[*daemon.place.enter, *daemon.variables], **options)
        made.append(lab)
        request.node.funcargs["lab"] = lab
        lab.begin_test()
        return lab
    yield make
    for lab in made:
        lab.close()


def numbers_of(lab):
    """Of every event in the administration log, oldest first."""
    rows, after = [], {}
    while True:
        page = lab.call("log.admin", **after)
        rows += page["rows"]
        if page["next"] is None:
            return sorted(row["event"] for row in rows)
        after = {"cursor": page["next"]}


def arrived(daemon):
    return [line["event"] for line, _ in daemon.lines() if line["id"] == "SK3008"]


def wait_arrived(lab, daemon):
    """All of the administration log has arrived, in its order and each record once. Returns the numbers."""
    wanted = numbers_of(lab)
    wait_for(lambda: set(arrived(daemon)) >= set(wanted), PATIENCE, "every record arrives", every=0.2)
    assert arrived(daemon) == wanted
    return wanted


def edit(lab, account, times):
    for number in range(times):
        lab.edit_account(account, given_name=f"n{number}")


def test_f005_every_record_arrives_with_its_id_and_its_level(lab_of, daemon):
    daemon.begin()
    lab = lab_of(daemon)
    account = lab.add_account()
    # What a name may hold, and what would end a quoted text or begin a field.
    lab.edit_account(account, given_name="次郎 \"} SEKISHO_ID=SK9999 <0>")
    wait_arrived(lab, daemon)
    line, known = next(one for one in daemon.lines() if one[0]["record"].get("action") == "account.edit")
    event = line["event"]
    row = next(row for row in lab.call("log.admin", target=account)["rows"] if row["event"] == event)
    assert (line["id"], line["kind"], line["log"], line["facility"]) == ("SK3008", "admin", "admin", "998-")
    assert line["record"]["after"] == row["after"] and row["after"]["given_name"].startswith("次郎")
    assert re.fullmatch("[0-9a-f]{64}", line["hash"])
    if isinstance(daemon, Syslog):
        # journald has its own reader on /dev/log; rsyslog says what it has understood.
        assert known == f"authpriv.notice sekisho[{lab.variables['LAB_GATEWAY_PID']}]"
        return
    assert {name: known[name] for name in known if name.startswith("SEKISHO_")} == {
        "SEKISHO_ID": "SK3008", "SEKISHO_KIND": "admin", "SEKISHO_EVENT": str(event), "SEKISHO_HASH": line["hash"],
        "SEKISHO_ACTOR": line["record"]["actor"], "SEKISHO_ACTION": "account.edit"}
    assert known["PRIORITY"] == "5" and known["_TRANSPORT"] == "journal"


def test_f005_a_log_daemon_that_comes_later_gets_all_from_the_beginning(lab_of, daemon):
    lab = lab_of(daemon)
    account = lab.add_account()
    edit(lab, account, 5)
    lab.wait_log("SK1207 .*sent=0 ")
    daemon.begin()
    wait_arrived(lab, daemon)
    lab.wait_log("(?m)SK1208 .*from=1$")


def test_f005_a_log_daemon_that_does_not_read_holds_nobody_up(lab_of, daemon):
    daemon.begin()
    lab = lab_of(daemon)
    account = lab.add_account()
    wait_arrived(lab, daemon)
    follower = subprocess.Popen(lab.admin.command("--json", "log", "admin", "--follow", "--action", "account.edit"), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    daemon.hold()
    try:
        # A follower is one once its first row comes.
        wait_for(lambda: lab.edit_account(account, given_name=lab.new_name("f")) and is_readable(follower.stdout), PATIENCE, "it follows")
        edit(lab, account, 600)
        # Each of these is an answer of the loop that would be waiting for the daemon.
        rows = [json.loads(follower.stdout.readline()) for _ in range(500)]
        assert [row["event"] for row in rows] == sorted({row["event"] for row in rows})
        lab.wait_log("SK1207 .*it does not read")
        assert len(arrived(daemon)) < len(numbers_of(lab))
    finally:
        daemon.let_go()
        follower.kill()
        follower.communicate()
    wait_arrived(lab, daemon)
    lab.wait_log("SK1208 ")


def is_readable(file):
    return select.select([file], [], [], 0.05)[0]


def test_f005_what_waited_when_the_gateway_stopped_goes_after_its_start(lab_of, daemon):
    daemon.begin()
    lab = lab_of(daemon)
    account = lab.add_account()
    wait_arrived(lab, daemon)
    daemon.kill()
    edit(lab, account, 30)
    stop(lab.gateway_process, limit=20)
    daemon.begin()
    lab.start_gateway_again()
    wanted = numbers_of(lab)
    wait_for(lambda: set(arrived(daemon)) >= set(wanted), PATIENCE, "every record arrives", every=0.2)
    # Some may come twice, none too early: whoever drops the numbers that it knows has the log as it is.
    assert list(dict.fromkeys(arrived(daemon))) == wanted


def test_f005_a_log_daemon_that_is_replaced_while_records_come_loses_none(lab_of, syslog):
    """A daemon that is killed loses what it had not read; one that ends in order reads all before."""
    syslog.begin()
    lab = lab_of(syslog)
    account = lab.add_account()
    for _ in range(3):
        edit(lab, account, 10)
        wait_arrived(lab, syslog)
        syslog.kill()
        edit(lab, account, 10)
        syslog.begin()
    wait_arrived(lab, syslog)
