"""The health look at terminals (B7): what it sees, when it warns, and whom it leaves alone."""

import contextlib
import os
import re
import subprocess
import threading

import pytest

from clerk import run
from jump_hosts import certificate, http, served_with, serves_a_session, silent, terminal_names
from lab_parts.certificates import fingerprint
from lab_parts.control import Control
from lab_parts.processes import PATIENCE, stop, wait_for


@pytest.fixture
def watched(new_lab):
    """Looks come as fast as they can; what is away for longer than a second is warned about."""
    facility = new_lab("health.every=200ms", "health.away=1s")
    facility.begin_test()
    return facility


def health(lab, terminal):
    return lab.call("terminal.show", name=terminal)["health"]


def wait_health(lab, terminal, question, what):
    return wait_for(lambda: (found := health(lab, terminal)) and question(found) and found, PATIENCE, what)


def events(lab, event, terminal):
    return [line for line in lab.log.splitlines() if event in line and f"terminal='{terminal}'" in line]


def test_b004_health_look_raises_an_event_for_a_changed_certificate(watched, new_host):
    before, after = certificate(watched, "before"), certificate(watched, "after")
    host = new_host(watched).start(*served_with(before))
    terminal = watched.add_terminal(host.port)
    wait_health(watched, terminal, lambda found: found["reachable"], "the terminal is looked at")
    host.kill()
    host.start(*served_with(after))
    trusted, shown = (fingerprint(pair[0]).replace(":", "").lower() for pair in (before, after))
    watched.wait_log(rf"SK1505 .*terminal='{terminal}' .*trusted={trusted} shown={shown}")
    found = wait_health(watched, terminal, lambda found: found["warnings"], "the warning is written down")
    assert found["warnings"] == ["certificate-changed"]
    assert terminal in terminal_names(watched, "--warnings")
    watched.admin.text("terminal", "trust", terminal, "--yes")
    watched.wait_log(rf"SK1511 .*terminal='{terminal}' warnings=certificate-changed")
    assert len(events(watched, "SK1505", terminal)) == 1  # once, not at every look
    assert terminal_names(watched, "--warnings") == []


def test_b007_health_a_host_that_restarts(watched, new_host):
    pair = certificate(watched, "host")
    host = new_host(watched, *served_with(pair)).start()
    terminal = watched.add_terminal(host.port)
    first = wait_health(watched, terminal, lambda found: found["reachable"], "the terminal is looked at")
    assert first["last_restart"] is None and first["warnings"] == []
    assert first["certificate_sha256"] == fingerprint(pair[0])
    host.kill()
    away = wait_health(watched, terminal, lambda found: not found["reachable"] and "refused" in found["why"], "it is seen to be away")
    assert away["since"] > first["since"]
    host.start()
    back = wait_health(watched, terminal, lambda found: found["reachable"], "it is seen to be back")
    assert back["last_restart"] == back["since"] > away["since"]
    # Away for less or more than health.away: one of the two says so, once.
    watched.wait_log(rf"SK150[23] .*terminal='{terminal}'")
    assert len(events(watched, "SK1502", terminal) + events(watched, "SK1503", terminal)) == 1
    assert len(events(watched, "SK1501", terminal)) == len(events(watched, "SK1502", terminal))
    shown = run(watched, "terminal", "show", terminal).stdout
    assert re.search(r"State\s+reachable\n", shown) and re.search(r"Last restart seen\s+20", shown)


# A restart that is over before the next look: looks are ten minutes apart but for those that a dropped session causes.


@pytest.fixture
def rarely(new_lab):
    facility = new_lab("health.every=10min")
    facility.begin_test()
    return facility


def drops_at(event):
    """It closes all its sessions in one moment, without a word, and takes new connections all the time."""
    def serve(peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        event.wait(PATIENCE)
    return serve


def has_sessions(lab, terminal, count):
    accounts = []
    for _ in range(count):
        account, ticket = lab.new_ticket(terminal)
        client = lab.raw()
        client.introduce(ticket.handle, ticket.secret)
        lab.wait_session(account)
        accounts.append(account)
    return accounts


def test_b007_health_a_host_that_drops_everybody_and_is_back_at_once_has_restarted(rarely):
    dropped = threading.Event()
    host = rarely.fake_host(drops_at(dropped))
    terminal = rarely.add_terminal(host.port)
    wait_health(rarely, terminal, lambda found: found["reachable"], "the terminal is looked at")
    accounts = has_sessions(rarely, terminal, 2)
    dropped.set()
    assert {rarely.wait_end(account)["reason"] for account in accounts} == {"HOST_GONE"}
    back = wait_health(rarely, terminal, lambda found: found["last_restart"], "its restart is written down")
    assert back["reachable"] and back["since"] < back["last_restart"]
    rarely.wait_log(rf"SK1503 .*terminal='{terminal}'")


def test_b007_health_a_session_that_ends_alone_is_no_restart(rarely):
    """A program that breaks, on a host that goes on: of one session, or of one of several, nobody knows more."""
    dropped = threading.Event()
    host = rarely.fake_host(drops_at(dropped))
    terminal = rarely.add_terminal(host.port)
    wait_health(rarely, terminal, lambda found: found["reachable"], "the terminal is looked at")
    [account] = has_sessions(rarely, terminal, 1)
    before = host.connections
    dropped.set()
    assert rarely.wait_end(account)["reason"] == "HOST_GONE"
    wait_for(lambda: host.connections >= before + 2, PATIENCE, "it has been looked at closely")
    assert health(rarely, terminal)["last_restart"] is None


def test_b007_health_a_quick_restart_that_ends_a_session_is_seen(rarely, new_host):
    host = new_host(rarely, *served_with(certificate(rarely, "host"))).start()
    terminal = rarely.add_terminal(host.port)
    wait_health(rarely, terminal, lambda found: found["reachable"], "the terminal is looked at")
    [account] = has_sessions(rarely, terminal, 1)
    host.kill()
    assert rarely.wait_end(account)["reason"] in ("HOST_GONE", "HOST_LOST")
    wait_health(rarely, terminal, lambda found: not found["reachable"], "it is seen to be away")
    host.start()
    wait_health(rarely, terminal, lambda found: found["last_restart"], "its restart is written down")


def test_b007_health_a_host_that_stays_away_is_warned_about_once(watched, new_host):
    host = new_host(watched, *served_with(certificate(watched, "host"))).start()
    terminal = watched.add_terminal(host.port)
    wait_health(watched, terminal, lambda found: found["reachable"], "the terminal is looked at")
    host.kill()
    watched.wait_log(rf"SK1501 .*terminal='{terminal}' .*connection refused")
    assert health(watched, terminal)["warnings"] == ["unreachable"]
    assert terminal_names(watched, "--state", "unreachable") == [terminal]
    assert watched.call("gateway.status")["terminals_warned"] == 1
    assert re.search(r"Terminals with warnings\s+1\n", run(watched, "gateway", "status").stdout)
    # A restart of the gateway is no news about the terminal.
    stop(watched.gateway_process)
    watched.start_gateway_again()
    pulse = watched.fake_host(http, tls=False)
    watched.add_terminal(pulse.port, trust=False)
    wait_for(lambda: pulse.connections >= 4, PATIENCE, "looks go on")
    assert health(watched, terminal)["warnings"] == ["unreachable"]
    assert len(events(watched, "SK1501", terminal)) == 1


def test_b007_health_counts_days_without_a_restart(new_lab, new_host):
    lab = new_lab("health.every=200ms", "health.restart_warning=1s")
    lab.begin_test()
    host = new_host(lab, *served_with(certificate(lab, "host"))).start()
    terminal = lab.add_terminal(host.port)
    lab.wait_log(rf"SK1510 .*terminal='{terminal}'")
    assert health(lab, terminal)["warnings"] == ["no-restart"]
    assert "長期間再起動なし" in run(lab, "terminal", "list", language="ja_JP.UTF-8").stdout
    host.kill()
    wait_health(lab, terminal, lambda found: not found["reachable"], "it is seen to be away")
    host.start()
    lab.wait_log(rf"SK1511 .*terminal='{terminal}' warnings=.*no-restart")


def test_b007_health_warns_before_a_certificate_expires(watched, new_host):
    soon = watched.add_terminal(new_host(watched, *served_with(certificate(watched, "soon", days=20))).start().port)
    over = watched.add_terminal(new_host(watched, *served_with(certificate(watched, "over", days=-2))).start().port)
    watched.wait_log(rf"SK1508 .*terminal='{soon}'")
    watched.wait_log(rf"SK1509 .*terminal='{over}'")
    assert health(watched, soon)["warnings"] == ["certificate-expires"]
    assert health(watched, over)["warnings"] == ["certificate-expired"]
    assert health(watched, soon)["certificate_until"] > health(watched, over)["certificate_until"]
    assert not events(watched, "SK1509", soon) and len(events(watched, "SK1508", soon)) == 1


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
        wait_for(lambda: pulse.connections >= seen + count, PATIENCE, "the other terminal is looked at")
    looks(2)  # those that were under way are over
    before = busy.connections, idle.connections
    looks(5)
    assert (busy.connections, idle.connections) == before
    assert watched.sessions(account)
    client.close()
    wait_for(lambda: busy.connections > before[0], PATIENCE, "it is looked at again when the session is over")


def test_b007_health_can_be_switched_off_and_on_by_a_reload(watched):
    pulse = watched.fake_host(http, tls=False)
    watched.add_terminal(pulse.port, trust=False)
    wait_for(lambda: pulse.connections >= 2, PATIENCE, "looks are made")
    settings = watched.variables["SEKISHO_CONF"]
    with open(settings, encoding="utf-8") as file:
        text = file.read()
    rewrite(watched, settings, re.sub(r"every: \S+", "every: 0", text))
    wait_for(lambda: watched.call("gateway.status")["terminals_watched"] == 0, PATIENCE, "nothing is watched")
    rewrite(watched, settings, text)
    seen = pulse.connections
    wait_for(lambda: pulse.connections > seen + 1, PATIENCE, "looks are made again")


def rewrite(lab, path, text):
    lines = len(re.findall("SK1101", lab.log))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    with contextlib.suppress(ProcessLookupError):
        os.kill(lab.gateway_process["pid"], 1)
    wait_for(lambda: len(re.findall("SK1101", lab.log)) > lines, PATIENCE, "the settings are read again")


LOOKS_AT_ONCE = 6


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
            peer.read_pdu()
        finally:  # before the answer, after which the gateway may begin the next look
            with lock:
                now -= 1
        http(peer)
    host = lab.fake_host(counted, tls=False)
    made = [{"name": f"998-many-{number}", "address": "127.0.0.1", "port": host.port} for number in range(300)]
    with Control(lab.variables["SEKISHO_SOCKET"]) as control:
        for one in made:
            control.call("terminal.add", **one)

    def all_seen():
        return not control_list(lab, state="unknown")
    wait_for(all_seen, 60, "every terminal has been looked at")
    assert host.connections >= 300 and most <= LOOKS_AT_ONCE


def control_list(lab, **options):
    return lab.call("terminal.list", **options)["terminals"]


def test_b007_looks_are_not_made_by_subprocesses_of_the_supervisor(watched):
    """The supervisor parses nothing that a jump host sent: the looks are a worker's (SECURITY.md)."""
    pulse = watched.fake_host(silent, tls=False)
    watched.add_terminal(pulse.port, trust=False)
    wait_for(lambda: pulse.connections >= 1, PATIENCE, "a look is under way")

    def holders():
        listing = subprocess.run(["ss", "-tnpH", f"dport = :{pulse.port}"], text=True, check=True, stdout=subprocess.PIPE).stdout
        return "sekisho-worker" in listing and listing
    wait_for(holders, PATIENCE, "the worker holds the connection")
