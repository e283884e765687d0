"""Mediated and recorded at once: what is recorded is what the engineer's client was sent, so that a notice that the mediator draws is in
it, for who watches and for who replays; and a desktop that changes its size goes on in the same file."""

import os
import time

import pytest

from desktop import Desktop, close_to, keep_picture
from lab_parts.processes import PATIENCE, wait_for
from n001_notices import BOX, INSIDE, TEXT
from p001_watching import audited, play, watch
from recordings import file_of, let_pass, wait_closed
from visitor import Visitor

SIZE, LARGER = (1024, 768), (1100, 800)


@pytest.fixture
def recorded(new_lab, request, tmp_path):
    return audited(new_lab, request, tmp_path)


def begin(lab, host, *options):
    """(account, session, client) of a mediated session that must be recorded."""
    terminal = lab.add_terminal(lab.hosts.variables[f"LAB_{host}_PORT"], relay="mediated", recording="required")
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:%dx%d" % SIZE, *options)
    visitor = Visitor(lab, client)
    visitor.page("RECORDED", text=terminal)
    visitor.key("Return")
    session = lab.wait_session(account)
    return account, session["id"], client


def shows_notice(client):
    return close_to(client.pixel(*INSIDE), BOX)


def verify(lab, session):
    """The recording of a session that is over is whole, and the only one of it: its id."""
    fields = wait_closed(lab, session)
    assert fields["gaps"] == "0"
    [row] = [row for row in lab.call("recording.list")["recordings"] if row["session"] == session]
    assert row["state"] == "closed", "whoever hears of it finds it so"
    lab.admin.text("recording", "verify", session[:8])
    return row["id"]


def replay_shows_notice(lab, request, recording, host, took):
    """From its beginning on, at some time while it is replayed, the notice lies where it lay."""
    watcher = play(lab, recording)
    watcher.wait_picture()
    watcher.key("Home")
    # It is replayed as slowly as it was.
    wait_for(lambda: shows_notice(watcher), PATIENCE + took, "the replay shows the notice")
    keep_picture(request, watcher, f"{host}_replay_notice")
    watcher.key("End")
    wait_for(lambda: not shows_notice(watcher), PATIENCE, "and its end is without")
    keep_picture(request, watcher, f"{host}_replay_end")


@pytest.mark.parametrize("host", ["SHADOW", "XRDP"])
def test_m101_notice_is_seen_by_engineer_watcher_and_replay(recorded, request, host):
    lab = recorded
    began = time.monotonic()
    _, session, engineer = begin(lab, host)
    if host == "XRDP":
        Desktop(lab, engineer).sign_in()
    engineer.wait_picture()
    watcher = watch(lab, "session", "watch", session)
    watcher.wait_picture()
    lab.admin.text("session", "notice", session, TEXT, "--acknowledge")
    wait_for(lambda: shows_notice(engineer), PATIENCE, "the engineer sees the notice")
    wait_for(lambda: shows_notice(watcher), PATIENCE, "the watcher sees it as he does")
    let_pass(5)
    keep_picture(request, engineer, f"{host}_engineer")
    keep_picture(request, watcher, f"{host}_watcher")
    engineer.click(*INSIDE)
    lab.wait_log(rf"SK2671 .*session={session} .*how='acknowledged'")
    wait_for(lambda: not shows_notice(engineer), PATIENCE, "it is gone from the engineer's screen")
    wait_for(lambda: not shows_notice(watcher), PATIENCE, "and from the watcher's")
    lab.admin.text("session", "kill", session, "--because", "enough", "--yes")
    replay_shows_notice(lab, request, verify(lab, session), host, time.monotonic() - began)


def test_m102_desktop_of_another_size_goes_on_in_the_same_recording(recorded, request):
    lab = recorded
    account, session, engineer = begin(lab, "XRDP", "/dynamic-resolution")
    desktop = Desktop(lab, engineer).sign_in()
    path = file_of(lab, session)
    before = os.path.getsize(path)
    engineer.screen.run("xdotool", "windowsize", engineer.window(), *map(str, LARGER))
    wait_for(lambda: "%dx%d" % LARGER in desktop.run("xdpyinfo | grep dimensions"), PATIENCE, "the desktop has the new size")
    assert [one["id"] for one in lab.sessions(account)] == [session]
    wait_for(lambda: os.path.getsize(path) > before + 10_000, PATIENCE, "the same file grows")
    lab.admin.text("session", "notice", session, TEXT, "--acknowledge")
    wait_for(lambda: shows_notice(engineer), PATIENCE, "the engineer sees a notice on it")
    keep_picture(request, engineer, "resized")
    lab.admin.text("session", "kill", session, "--because", "enough", "--yes")
    replayed = play(lab, verify(lab, session))
    replayed.wait_picture()
    replayed.key("End")
    wait_for(lambda: shows_notice(replayed), PATIENCE, "the replay ends with the notice on the larger desktop")
    keep_picture(request, replayed, "resized_replay")
