"""Four eyes: a session begins when somebody at the hospital watches it with an RDP client of their own, and has no input while nobody
does."""

import os
import pwd
import signal

import pytest

from clerk import run
from desktop import Desktop
from facility import Ticket
from lab_parts.processes import PATIENCE, wait_for
from r001_recording import leave
from visitor import Visitor

AUDITOR = "games"  # a user that every machine has, and nobody is


@pytest.fixture
def lab(new_lab):
    return new_lab(f"roles.auditor.users=[{AUDITOR}]")


def watched_terminal(lab, **changes):
    return lab.add_terminal(lab.hosts.variables["LAB_XRDP_PORT"], four_eyes=True, **changes)


def watch(lab, session):
    """An auditor's client, which shows the session."""
    folder = os.path.join(lab.folder, lab.new_name("auditor"))
    os.mkdir(folder)
    uid = pwd.getpwnam(AUDITOR).pw_uid
    os.chown(folder, uid, -1)
    path = os.path.join(folder, "watch.rdp")
    done = run(lab, "session", "watch", session, "--rdp-file", path, user=uid)
    assert done.returncode == 0, done.stderr
    return lab.xfreerdp(Ticket(path).in_a_window(), size="1024x768")


def state_of(lab, account, state):
    def found():
        return next((row for row in lab.sessions(account) if row["state"] == state), None)
    return wait_for(found, PATIENCE, f"the session of {account} is {state}")


def engineer(lab, terminal):
    account, ticket = lab.new_ticket(terminal)
    visitor = Visitor(lab, lab.xfreerdp(ticket.in_a_window(), size="1280x900"))
    visitor.page("WATCHED", text=terminal)
    return account, visitor


def test_o0111_who_watches_lets_begin_pauses_and_lets_go_on(lab):
    account, visitor = engineer(lab, watched_terminal(lab))
    session = state_of(lab, account, "not-watched")["id"]
    lab.wait_log(f"SK2681 .*session={session}")
    watcher = watch(lab, session)
    lab.wait_session(account)
    desktop = Desktop(lab, visitor.client).sign_in()
    assert "before" in desktop.run("echo before")
    visitor.client.hold("x")
    leave(lab, watcher)
    lab.wait_log(f"SK2683 .*session={session}")
    state_of(lab, account, "paused")
    visitor.client.let_go("x")
    visitor.client.type("touch while-nobody-watched")
    watcher = watch(lab, session)
    lab.wait_log(f"SK2684 .*session={session}")
    state_of(lab, account, "active")
    # What was typed meanwhile is nowhere, and the key that was held is not held any more.
    visitor.client.key("ctrl+c")
    assert "while-nobody-watched" not in desktop.run("ls")
    leave(lab, watcher)


def test_o0112_nobody_comes_in_time(new_lab):
    lab = new_lab("limits.watcher=2s")
    account, visitor = engineer(lab, watched_terminal(lab))
    visitor.page("NOTICE", text="Nobody at the hospital watched in time")
    assert lab.wait_end(account)["reason"] == "WATCHER_TOO_LATE"
    visitor.key("Return")
    lab.wait_log("SK2682 .*end=PG")


def test_o0113_one_of_two_goes_and_nothing_changes(lab):
    account, visitor = engineer(lab, watched_terminal(lab))
    session = state_of(lab, account, "not-watched")["id"]
    first = watch(lab, session)
    lab.wait_session(account)
    second = watch(lab, session)
    wait_for(lambda: [row["sees"] for row in lab.call("session.show", id=session)["watchers"]] == [True, True], PATIENCE, "both see it")
    leave(lab, first)
    wait_for(lambda: len(lab.call("session.show", id=session)["watchers"]) == 1, PATIENCE, "one is left")
    assert "SK2683" not in lab.log
    state_of(lab, account, "active")
    desktop = Desktop(lab, visitor.client).sign_in()
    assert "watched" in desktop.run("echo watched")
    leave(lab, second)
    lab.wait_log("SK2683")


def test_o0114_who_sees_a_recording_that_has_died_lets_nobody_work(lab):
    account, ticket = lab.new_ticket(watched_terminal(lab))
    visitor = Visitor(lab, lab.xfreerdp(ticket.in_a_window(), size="1280x900"))
    visitor.page("WATCHED")
    session = state_of(lab, account, "not-watched")["id"]
    first = watch(lab, session)
    lab.wait_session(account)
    wait_for(lambda: [row["sees"] for row in lab.call("session.show", id=session)["watchers"]] == [True], PATIENCE, "it is seen")
    leave(lab, visitor.client)
    lab.wait_end(account)
    # The session may come back, its recorder does not; the watcher's picture stands where it was.
    recorder, = lab.pids("sekisho-recorder")
    os.kill(recorder, signal.SIGKILL)
    lab.wait_log("SK2704 .*its recorder ended")
    lab.xfreerdp(ticket.in_a_window(), size="1280x900")
    assert state_of(lab, account, "paused")["id"] == session
    assert [row["sees"] for row in lab.call("watcher.list")["watchers"]] == [False]
    second = watch(lab, session)
    state_of(lab, account, "active")
    leave(lab, first)
    leave(lab, second)
