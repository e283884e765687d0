"""Terminals (B1, B2, B4, B7): names and lists, terminal check against every kind of host, and the health look."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import threading
import time

import pytest

import rdp_wire as wire
from f010_command_line import answer, run
from facility import Facility
from lab_parts.certificates import fingerprint
from lab_parts.network import free_port, listens
from lab_parts.processes import environment, start, stop, wait_for, wait_until
from lab_parts.processes import run as run_program

HOST = "tests/peers/rdp_host"


@pytest.fixture(scope="module")
def office(request, folders, hosts):
    """Health looks are off: what is checked here is checked because somebody asks."""
    facility = Facility(folders("terminals"), build=request.config.getoption("--build"), hosts=hosts,
                        settings=["sources.exempt=[127.0.0.0/8]", "health.every=0", "limits.attach=2s", "limits.dial=2s"])
    yield facility
    facility.close()


@pytest.fixture
def lab(office):
    office.begin_test()
    yield office
    office.end_test()


@pytest.fixture
def watched(new_lab):
    """Looks come as fast as they can; what is away for longer than a second is warned about."""
    facility = new_lab("health.every=200ms", "health.away=1s")
    facility.begin_test()
    return facility


class Host:
    """tests/peers/rdp_host on a port of its own: it can be killed, and come back with another certificate."""

    def __init__(self, lab, build, *options):
        self.lab, self.program, self.options = lab, os.path.join(str(build), HOST), options
        self.port = free_port()
        self.process = None

    def start(self, *options):
        self.process = start(self.lab.state, f"host-{self.port}",
                             [self.program, "--listen", f"127.0.0.1:{self.port}", "--quiet", *self.options, *options])
        wait_until(self.lab.state, self.process, lambda: listens(self.port), 10, "the test host listens")
        return self

    def kill(self):
        stop(self.process)
        wait_for(lambda: not listens(self.port), 10, "the test host has gone")


@pytest.fixture
def new_host(request):
    made = []

    def make(lab, *options):
        made.append(Host(lab, request.config.getoption("--build"), *options))
        return made[-1]
    yield make
    for host in made:
        if host.process:
            stop(host.process)


AUTHORITY = """
[ca]
default_ca = the_ca
[the_ca]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
organizationName = optional
commonName = supplied
"""


def certificate(lab, name, days=365, issuer=None, extra=("-addext", "basicConstraints=critical,CA:TRUE")):
    """(certificate, key): P-256, valid from three days ago, for so many days from now (may be negative)."""
    folder = tempfile.mkdtemp(prefix=name + "-", dir=lab.folder)
    request, signed, key = (os.path.join(folder, part) for part in ("csr", "crt", "key"))
    with open(os.path.join(folder, "cnf"), "w", encoding="utf-8") as file:
        file.write(AUTHORITY.format(folder=folder))
    with open(os.path.join(folder, "index"), "w", encoding="ascii"), \
            open(os.path.join(folder, "serial"), "w", encoding="ascii") as file:
        file.write(os.urandom(8).hex() + "\n")
    run_program(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", "/O=試験/CN=" + name, "-utf8", "-keyout", key, "-out", request, *extra], umask=0o077)

    def day(number):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + number * 86400))
    signing = ["-cert", issuer[0], "-keyfile", issuer[1]] if issuer else ["-selfsign", "-keyfile", key]
    run_program(["openssl", "ca", "-batch", "-notext", "-config", os.path.join(folder, "cnf"), "-utf8",
                 "-startdate", day(-3), "-enddate", day(days), "-in", request, "-out", signed, *signing])
    return signed, key


def served_with(pair):
    return ("--certificate", pair[0], "--key", pair[1])


def check(lab, *terminals):
    """(exit status, the checks) of terminal check."""
    done = run(lab, "--json", "terminal", "check", *terminals)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)["checks"]


def check_one(lab, terminal):
    status, checks = check(lab, terminal)
    assert len(checks) == 1 and (status == 1) == bool(checks[0]["problems"])
    return checks[0]


def names(lab, *options):
    return [one["name"] for one in json.loads(run(lab, "--json", "terminal", "list", *options).stdout)["terminals"]]


# B1

def test_b001_name_gets_the_facilitys_prefix_unless_it_has_one(lab):
    stem = lab.new_name("踏み台端末") + "(Local)"
    assert json.loads(run(lab, "--json", "terminal", "add", stem, "--address", "10.0.0.1").stdout)["name"] == "998-" + stem
    other = "123-" + stem
    assert json.loads(run(lab, "--json", "terminal", "add", other, "--address", "10.0.0.1").stdout)["name"] == other
    bare = lab.new_name("bare")
    done = run(lab, "--json", "terminal", "add", bare, "--prefix", "", "--address", "10.0.0.1")
    assert json.loads(done.stdout)["name"] == bare
    # Both forms are read.
    for typed in (stem, "998-" + stem):
        assert json.loads(run(lab, "--json", "terminal", "show", typed).stdout)["name"] == "998-" + stem
    again = run(lab, "terminal", "add", stem, "--address", "10.0.0.2")
    assert again.returncode == 1 and "already" in again.stderr


@pytest.mark.parametrize("options, words", [
    (["a,b", "--address", "x"], "no comma, no quotes"),
    (['a"b', "--address", "x"], "no comma, no quotes"),
    (["", "--address", "x"], "1 to 64"),
    (["あ" * 61, "--address", "x"], "1 to 64"),  # with the prefix it has 65
    (["a\tb", "--address", "x"], "printable"),
    (["x", "--address", "10.0.0.1:3389"], "the port goes apart"),
    (["x", "--address", "x", "--port", "0"], "1 to 65535"),
    (["x", "--address", "x", "--note", "n" * 1001], "1000"),
])
def test_b001_each_refused_field_says_its_rule(lab, options, words):
    before = names(lab)
    done = run(lab, "terminal", "add", *options)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert names(lab) == before


def test_b001_address_port_and_note_are_kept(lab):
    name = lab.new_name("998-note")
    run(lab, "terminal", "add", name, "--address", "fd00::1", "--port", "3390", "--note", "サーバー室 2F")
    shown = lab.call("terminal.show", name=name)
    assert (shown["address"], shown["port"], shown["note"]) == ("fd00::1", 3390, "サーバー室 2F")


# B2

def test_b002_list_shows_how_many_accounts_and_finds_filters_sorts_and_pages(lab):
    mark = lab.new_name("filter")
    made = [f"998-{mark}-{letter}" for letter in "cab"]
    account = lab.add_account()
    for number, name in enumerate(made):
        run(lab, "terminal", "add", name, "--address", f"10.0.9.{number}",
            *(["--account", account] if number else []))
    lab.edit_terminal(made[0], in_service=False)
    assert names(lab, mark) == sorted(made)
    assert names(lab, mark, "--reverse") == sorted(made, reverse=True)
    assert names(lab, mark, "--sort", "address") == made
    assert names(lab, mark, "--account", account) == sorted(made[1:])
    assert names(lab, mark, "--state", "out-of-service") == made[:1]
    assert names(lab, mark, "--state", "unknown") == sorted(made[1:])
    assert names(lab, mark, "--warnings") == []
    assert names(lab, "10.0.9.1") == [made[1]]
    assert names(lab, mark, "--most", "2", "--page", "2") == [made[0]]
    counts = {one["name"]: one["accounts"] for one in lab.call("terminal.list", search=mark)["terminals"]}
    assert counts == {made[0]: 0, made[1]: 1, made[2]: 1}
    page = run(lab, "terminal", "list", mark, "--most", "2")
    assert page.stdout.splitlines()[0].split()[:2] == ["Terminal", "Accounts"]
    assert "2 of 3 terminals, page 1 of 2" in page.stderr
    japanese = run(lab, "terminal", "list", mark, language="ja_JP.UTF-8").stdout
    assert "ユーザー数" in japanese and "運用停止中" in japanese


def test_b002_accounts_are_chosen_at_once_added_and_removed(lab):
    one, two = lab.add_account(), lab.add_account()
    name = lab.new_name("998-chosen")
    run(lab, "terminal", "add", name, "--address", "10.0.0.1", "--account", one)
    assert lab.call("terminal.show", name=name)["accounts"] == [one]
    run(lab, "terminal", "edit", name, "--add-account", two, "--remove-account", one)
    assert lab.call("terminal.show", name=name)["accounts"] == [two]
    table = run(lab, "terminal", "accounts", name, language="ja_JP.UTF-8").stdout
    assert table.splitlines()[0].split()[:3] == ["アカウント", "ユーザー名", "メールアドレス"]
    assert two + "@vendor.example" in table and one + "@vendor.example" not in table
    # An administrator works with sekisho-admin and never on a terminal (001: 3.5).
    admin = lab.add_account(kind="admin")
    refused = run(lab, "terminal", "edit", name, "--add-account", admin)
    assert refused.returncode == 1 and "administrator" in refused.stderr


def test_b002_delete_asks_says_what_is_lost_and_leaves_the_accounts(lab):
    def script(peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        peer.stay()
    host = lab.fake_host(script)
    terminal = lab.add_terminal(host.port, trust=False)
    lab.call("terminal.trust", name=terminal, sha256=fingerprint(lab.hosts.state.path("xrdp", "certificate.crt")))
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    lab.wait_session(account)
    said, status = answer(lab, "no\n", "terminal", "delete", terminal)
    assert status != 0
    assert re.search(r"Assigned accounts\s+1\b", said) and re.search(r"Running sessions\s+1\b", said)
    assert "cannot be undone" in said
    assert lab.sessions(account)
    run(lab, "terminal", "delete", terminal, "--yes")
    client.wait_closed()
    assert terminal not in names(lab)
    assert lab.call("account.show", id=account)["terminals"] == []


# B7: terminal check

def http(peer):
    peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    peer.stay()


def silent(peer):
    peer.stay()


def hangs_up(peer):
    peer.read_pdu()


def takes_rdp_security_only(peer):
    request = peer.read_pdu()
    asked = int.from_bytes(request[15:19], "little")
    peer.send(wire.negotiation_failure(2) if asked else wire.connection_confirm(wire.PROTOCOL_RDP))
    peer.stay()


def no_tls_after_all(peer):
    peer.read_pdu()
    peer.send(wire.connection_confirm())
    peer.send(b"this is not TLS" * 10)
    peer.stay()


UNREACHABLE = {"http": (http, "SK2204"), "silent": (silent, "SK2203"), "hangs-up": (hangs_up, "SK2208")}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_b007_check_of_something_else_on_the_port(lab, name):
    script, event = UNREACHABLE[name]
    host = lab.fake_host(script, tls=False)
    found = check_one(lab, lab.add_terminal(host.port, trust=False))
    assert (found["reachable"], found["event"], found["problems"]) == (False, event, ["unreachable"])
    assert set(found["protocols"].values()) == {None} and found["certificate"] is None
    assert host.connections == 1  # without an answer to the first question no other is asked


def test_b007_check_of_a_closed_port_and_of_a_name_that_is_none(lab):
    found = check_one(lab, lab.add_terminal(free_port(), trust=False))
    assert found["event"] == "SK2202" and "refused" in found["why"]
    name = lab.new_name("998-nowhere")
    run(lab, "terminal", "add", name, "--address", "nowhere.invalid")
    found = check_one(lab, name)
    assert found["event"] == "SK2201" and found["problems"] == ["unreachable"]
    shown = run(lab, "terminal", "check", name, language="ja_JP.UTF-8")
    assert shown.returncode == 1 and "踏み台端末の名前を解決できません" in shown.stdout and "到達不可" in shown.stdout
    assert "名前が登録されていません" in shown.stdout


def test_b007_check_of_a_real_tls_host(lab):
    found = check_one(lab, lab.shadow)
    assert found["reachable"] and found["problems"] == [] and found["trusted"] is True
    assert found["protocols"] == {"tls": True, "nla": False, "nla-ex": False, "rdstls": False, "rdsaad": False, "rdp": False}
    assert found["tls_version"] in ("1.2", "1.3") and found["cipher"]
    seen = found["certificate"]
    assert seen["sha256"] == lab.call("terminal.show", name=lab.shadow)["pin"]
    assert seen["subject"].startswith("CN=") and seen["issuer"] and seen["not_before"] < seen["not_after"]
    shown = run(lab, "terminal", "check", lab.shadow)
    assert shown.returncode == 0 and "Nothing is wrong with it" in shown.stdout
    assert re.search(r"Protocols offered\s+TLS\n", shown.stdout)


def test_b007_check_of_xrdp(lab):
    found = check_one(lab, lab.xrdp)
    assert found["protocols"]["tls"] is True and found["protocols"]["nla"] is False and found["problems"] == []
    assert found["certificate"]["names"] == "localhost 127.0.0.1"


def test_b007_check_of_a_real_host_that_takes_nla_only(lab):
    port = free_port()
    sam = os.path.join(lab.folder, "sam")
    with open(sam, "w", encoding="ascii") as file:
        file.write("sato:::8846f7eaee8fb117ad06bdd830b7586c:::\n")
    host = start(lab.state, "shadow-nla", ["freerdp-shadow-cli3", "/bind-address:127.0.0.1", f"/port:{port}", "/sec:nla",
                                           f"/sam-file:{sam}"],
                 env=environment(lab.state, DISPLAY=lab.hosts.variables["LAB_SHADOW_DISPLAY"]))
    try:
        wait_until(lab.state, host, lambda: listens(port), 20, "freerdp-shadow listens")
        found = check_one(lab, lab.add_terminal(port, trust=False))
    finally:
        stop(host)
    assert found["protocols"]["tls"] is False and found["protocols"]["nla"] is True
    assert found["event"] == "SK2205" and found["certificate"]["sha256"]
    assert found["problems"] == ["no-tls", "not-trusted"]


def test_b007_check_of_a_host_with_rdp_security_only(lab):
    host = lab.fake_host(takes_rdp_security_only, tls=False)
    found = check_one(lab, lab.add_terminal(host.port, trust=False))
    assert found["reachable"] and found["protocols"]["rdp"] is True and found["protocols"]["tls"] is False
    assert "no-tls" in found["problems"] and found["certificate"] is None
    assert host.connections == 6


def test_b007_check_of_a_host_whose_tls_fails(lab):
    host = lab.fake_host(no_tls_after_all, tls=False)
    found = check_one(lab, lab.add_terminal(host.port, trust=False))
    assert found["event"] == "SK2206" and "no-tls" in found["problems"]


def test_b007_check_of_many_at_once(lab, new_host):
    good = lab.add_terminal(new_host(lab, *served_with(certificate(lab, "good"))).start().port)
    dead = [lab.add_terminal(free_port(), trust=False) for _ in range(20)]
    out = lab.add_terminal(free_port(), trust=False, in_service=False)
    status, checks = check(lab, good, *dead)
    assert status == 1 and [one["name"] for one in checks] == [good, *dead]  # in the order asked for
    assert [bool(one["problems"]) for one in checks] == [False] + [True] * 20
    status, checks = check(lab, "--all")
    assert out not in [one["name"] for one in checks] and {good, *dead} <= {one["name"] for one in checks}
    table = run(lab, "terminal", "check", good, dead[0])
    assert "2 terminals looked at, something is wrong with 1" in table.stderr
    nobody = run(lab, "terminal", "check")
    assert nobody.returncode == 1 and "--all" in nobody.stderr
    unknown = run(lab, "terminal", "check", good, "no-such-terminal")
    assert unknown.returncode == 1 and "no-such-terminal" in unknown.stderr


# B4: certificates

def test_b004_check_tells_another_certificate_from_the_pinned_one(lab, new_host):
    terminal = lab.add_terminal(new_host(lab, *served_with(certificate(lab, "host"))).start().port)
    assert check_one(lab, terminal)["trusted"] is True
    lab.call("terminal.trust", name=terminal, sha256="ab" * 32)
    found = check_one(lab, terminal)
    assert found["trusted"] is False and found["problems"] == ["certificate-changed"] and "pinned" in found["distrust"]


def trust_authority(lab, terminal, authority):
    lab.admin.text("terminal", "edit", terminal, "--ca-file", authority[0], "--address", "localhost")


def test_b004_check_judges_by_an_authority(lab, new_host):
    authority = certificate(lab, "authority")
    names_localhost = ["-addext", "subjectAltName=DNS:localhost"]

    def terminal_with(**options):
        pair = certificate(lab, "host", issuer=authority, **options)
        terminal = lab.add_terminal(new_host(lab, *served_with(pair)).start().port, trust=False)
        trust_authority(lab, terminal, authority)
        return terminal
    good = check_one(lab, terminal_with(extra=names_localhost))
    assert good["trusted"] is True and good["problems"] == [] and good["certificate"]["names"] == "localhost"
    assert good["certificate"]["issuer"] == "O=試験, CN=authority"
    expired = check_one(lab, terminal_with(days=-2, extra=names_localhost))
    assert expired["trusted"] is False and "expired" in expired["distrust"]
    assert expired["problems"] == ["certificate-changed", "certificate-expired"]
    assert expired["certificate"]["days_left"] < 0
    soon = check_one(lab, terminal_with(days=10, extra=names_localhost))
    assert soon["trusted"] is True and soon["problems"] == ["certificate-expires"]
    assert soon["certificate"]["days_left"] in (9, 10)
    other_name = check_one(lab, terminal_with(extra=["-addext", "subjectAltName=DNS:elsewhere.example"]))
    assert other_name["trusted"] is False and "hostname" in other_name["distrust"]
    stranger = lab.add_terminal(new_host(lab, *served_with(certificate(lab, "stranger"))).start().port, trust=False)
    trust_authority(lab, stranger, authority)
    assert check_one(lab, stranger)["problems"] == ["certificate-changed"]


def health(lab, terminal):
    return lab.call("terminal.show", name=terminal)["health"]


def wait_health(lab, terminal, question, what):
    return wait_for(lambda: (found := health(lab, terminal)) and question(found) and found, 15, what)


def events(lab, event, terminal):
    return [line for line in lab.log.splitlines() if event in line and f"terminal='{terminal}'" in line]


def test_b004_health_look_raises_an_event_for_a_changed_certificate(watched, new_host):
    host = new_host(watched).start(*served_with(certificate(watched, "before")))
    terminal = watched.add_terminal(host.port)
    wait_health(watched, terminal, lambda found: found["reachable"], "the terminal is looked at")
    host.kill()
    host.start(*served_with(certificate(watched, "after")))
    watched.wait_log(rf"SK1505 .*terminal='{terminal}'", 15)
    found = wait_health(watched, terminal, lambda found: found["warnings"], "the warning is written down")
    assert found["warnings"] == ["certificate-changed"]
    assert terminal in names(watched, "--warnings")
    watched.admin.text("terminal", "trust", terminal, "--yes")
    watched.wait_log(rf"SK1511 .*terminal='{terminal}' warnings=certificate-changed", 15)
    assert len(events(watched, "SK1505", terminal)) == 1  # once, not at every look
    assert names(watched, "--warnings") == []


# B7: health

def test_b007_health_a_host_that_restarts(watched, new_host):
    pair = certificate(watched, "host")
    host = new_host(watched, *served_with(pair)).start()
    terminal = watched.add_terminal(host.port)
    first = wait_health(watched, terminal, lambda found: found["reachable"], "the terminal is looked at")
    assert first["last_restart"] is None and first["warnings"] == []
    assert first["certificate_sha256"] == fingerprint(pair[0])
    host.kill()
    away = wait_health(watched, terminal, lambda found: not found["reachable"], "it is seen to be away")
    assert "refused" in away["why"] and away["since"] > first["since"]
    host.start()
    back = wait_health(watched, terminal, lambda found: found["reachable"], "it is seen to be back")
    assert back["last_restart"] == back["since"] > away["since"]
    # Away for less or more than health.away: one of the two says so, once.
    watched.wait_log(rf"SK150[23] .*terminal='{terminal}'")
    assert len(events(watched, "SK1502", terminal) + events(watched, "SK1503", terminal)) == 1
    assert len(events(watched, "SK1501", terminal)) == len(events(watched, "SK1502", terminal))
    shown = run(watched, "terminal", "show", terminal).stdout
    assert re.search(r"State\s+reachable\n", shown) and re.search(r"Last restart seen\s+20", shown)


def test_b007_health_a_host_that_stays_away_is_warned_about_once(watched, new_host):
    host = new_host(watched, *served_with(certificate(watched, "host"))).start()
    terminal = watched.add_terminal(host.port)
    wait_health(watched, terminal, lambda found: found["reachable"], "the terminal is looked at")
    host.kill()
    watched.wait_log(rf"SK1501 .*terminal='{terminal}' .*connection refused", 15)
    assert health(watched, terminal)["warnings"] == ["unreachable"]
    assert names(watched, "--state", "unreachable") == [terminal]
    assert watched.call("gateway.status")["terminals_warned"] == 1
    assert re.search(r"Terminals with warnings\s+1\n", run(watched, "gateway", "status").stdout)
    # A restart of the gateway is no news about the terminal.
    stop(watched.gateway_process)
    watched.start_gateway_again()
    pulse = watched.fake_host(http, tls=False)
    watched.add_terminal(pulse.port, trust=False)
    wait_for(lambda: pulse.connections >= 4, 15, "looks go on")
    assert health(watched, terminal)["warnings"] == ["unreachable"]
    assert len(events(watched, "SK1501", terminal)) == 1


def test_b007_health_counts_days_without_a_restart(new_lab, new_host):
    lab = new_lab("health.every=200ms", "health.restart_warning=1s")
    lab.begin_test()
    host = new_host(lab, *served_with(certificate(lab, "host"))).start()
    terminal = lab.add_terminal(host.port)
    lab.wait_log(rf"SK1510 .*terminal='{terminal}'", 15)
    assert health(lab, terminal)["warnings"] == ["no-restart"]
    assert "長期間再起動なし" in run(lab, "terminal", "list", language="ja_JP.UTF-8").stdout
    host.kill()
    wait_health(lab, terminal, lambda found: not found["reachable"], "it is seen to be away")
    host.start()
    lab.wait_log(rf"SK1511 .*terminal='{terminal}' warnings=.*no-restart", 15)


def test_b007_health_warns_before_a_certificate_expires(watched, new_host):
    soon = watched.add_terminal(new_host(watched, *served_with(certificate(watched, "soon", days=20))).start().port)
    over = watched.add_terminal(new_host(watched, *served_with(certificate(watched, "over", days=-2))).start().port)
    watched.wait_log(rf"SK1508 .*terminal='{soon}'", 15)
    watched.wait_log(rf"SK1509 .*terminal='{over}'", 15)
    assert health(watched, soon)["warnings"] == ["certificate-expires"]
    assert health(watched, over)["warnings"] == ["certificate-expired"]
    assert health(watched, soon)["certificate_until"] > health(watched, over)["certificate_until"]
    assert not events(watched, "SK1509", soon) and len(events(watched, "SK1508", soon)) == 1


def serves_a_session(peer):
    peer.accept_tls()
    peer.accept_mcs()
    peer.activate()
    peer.stay()


def test_b007_health_leaves_running_sessions_and_idle_terminals_alone(watched):
    busy, idle, pulse = (watched.fake_host(serves_a_session) for _ in range(3))
    terminal = watched.add_terminal(busy.port)
    out = watched.add_terminal(idle.port)
    watched.add_terminal(pulse.port)
    account, ticket = watched.new_ticket(terminal)
    client = watched.raw()
    client.introduce(ticket.handle, ticket.secret)
    watched.wait_session(account)
    wait_health(watched, terminal, lambda found: found["reachable"], "it has been looked at before")
    watched.edit_terminal(out, in_service=False)

    def looks(count):
        seen = pulse.connections
        wait_for(lambda: pulse.connections >= seen + count, 15, "the other terminal is looked at")
    looks(2)  # those that were under way are over
    before = busy.connections, idle.connections
    looks(5)
    assert (busy.connections, idle.connections) == before
    assert watched.sessions(account)
    client.close()
    wait_for(lambda: busy.connections > before[0], 15, "it is looked at again when the session is over")


def test_b007_health_can_be_switched_off_and_on_by_a_reload(watched):
    pulse = watched.fake_host(http, tls=False)
    watched.add_terminal(pulse.port, trust=False)
    wait_for(lambda: pulse.connections >= 2, 15, "looks are made")
    settings = watched.variables["SEKISHO_CONF"]
    with open(settings, encoding="utf-8") as file:
        text = file.read()
    rewrite(watched, settings, re.sub(r"every: \S+", "every: 0", text))
    wait_for(lambda: watched.call("gateway.status")["terminals_watched"] == 0, 15, "nothing is watched")
    rewrite(watched, settings, text)
    seen = pulse.connections
    wait_for(lambda: pulse.connections > seen + 1, 15, "looks are made again")


def rewrite(lab, path, text):
    lines = len(re.findall("SK1101", lab.log))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    with contextlib.suppress(ProcessLookupError):
        os.kill(lab.gateway_process["pid"], 1)
    wait_for(lambda: len(re.findall("SK1101", lab.log)) > lines, 10, "the settings are read again")


def test_b007_health_of_three_hundred_terminals_is_spread_out(new_lab):
    """No more than a few at once, whatever there is to look at; and all of them come to their turn."""
    lab = new_lab("health.every=2s")
    lab.begin_test()
    lock = threading.Lock()
    now, most = 0, 0

    def counted(peer):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            http(peer)
        finally:
            with lock:
                now -= 1
    host = lab.fake_host(counted, tls=False)
    made = [{"name": f"998-many-{number}", "address": "127.0.0.1", "port": host.port} for number in range(300)]
    from lab_parts.control import Control
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        for one in made:
            control.call("terminal.add", **one)

    def all_seen():
        return not control_list(lab, state="unknown")
    wait_for(all_seen, 60, "every terminal has been looked at")
    assert host.connections >= 300
    assert most <= 8  # six looks, and what the host has not noticed to be over


def control_list(lab, **options):
    return lab.call("terminal.list", **options)["terminals"]


def test_b007_looks_are_not_made_by_subprocesses_of_the_supervisor(watched):
    """The supervisor parses nothing that a jump host sent: the looks are a worker's (SECURITY.md)."""
    pulse = watched.fake_host(silent, tls=False)
    watched.add_terminal(pulse.port, trust=False)
    wait_for(lambda: pulse.connections >= 1, 15, "a look is under way")

    def holders():
        listing = subprocess.run(["ss", "-tnpH", f"dport = :{pulse.port}"], text=True, check=True, stdout=subprocess.PIPE).stdout
        return "sekisho-worker" in listing and listing
    wait_for(holders, 10, "the worker holds the connection")
