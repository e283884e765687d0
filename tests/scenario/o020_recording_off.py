"""Where nothing is kept: four eyes on a terminal that is not recorded, and a terminal that is moved from required to off while sessions run."""

import contextlib
import os
import sqlite3

from desktop import close_to
from h001_sign_in import SHADOW_GROUND, wait_shadow
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from o010_four_eyes import state_of
from p001_watching import EVENT_COLOUR, GROUND, SESSION, begin, paint_ground, recorded, watch  # noqa: F401
from recordings import file_of, files_of, folder_of, wait_closed
from r001_recording import kill_recorder
from visitor import Visitor

import pytest


def open_files(lab, program):
    pid, = lab.pids(program)
    folder = f"/proc/{pid}/fd"
    return [os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)]


def test_o0201_watched_and_not_kept_leaves_nothing(new_lab):
    """No auditor's key is configured: there is none that it could be sealed to."""
    lab = new_lab("roles.auditor.users=[root]")
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], four_eyes=True)
    account, ticket = lab.new_ticket(terminal)
    engineer = lab.xfreerdp(ticket.in_a_window(), "/size:%dx%d" % SESSION, "/gfx", size="%dx%d" % SESSION)
    Visitor(lab, engineer).page("WATCHED", text=terminal)
    row = state_of(lab, account, "not-watched")
    watcher = watch(lab, "session", "watch", row["id"])
    lab.wait_session(account)
    wait_shadow(engineer)
    assert "kept=no" in lab.wait_log(rf"SK2701 .*session={row['id']}.*")[0]

    # The watcher sees what the engineer does, as it happens.
    wait_for(lambda: close_to(watcher.pixel(*GROUND), SHADOW_GROUND), PATIENCE, "the watcher sees the session")
    try:
        paint_ground(engineer, lab, EVENT_COLOUR)
        wait_for(lambda: close_to(watcher.pixel(*GROUND), EVENT_COLOUR), PATIENCE, "the watcher sees what changes")
    finally:
        paint_ground(engineer, lab, SHADOW_GROUND)

    # It is in a file that has no name, and in no list; nobody can have its key.
    assert [path for path in open_files(lab, "sekisho-recorder") if path.startswith(folder_of(lab)) and path.endswith("(deleted)")]
    assert os.listdir(folder_of(lab)) == [] and lab.call("recording.list")["recordings"] == []
    for method in ("recording.show", "recording.keys", "recording.verify"):
        with pytest.raises(Refused, match="there is no recording"):
            lab.call(method, id=row["id"])

    lab.call("session.kill", id=row["id"], because="enough")
    lab.wait_end(account)
    wait_for(lambda: not lab.pids("sekisho-recorder"), PATIENCE, "its recorder has ended")
    assert os.listdir(folder_of(lab)) == [] and lab.call("recording.list")["recordings"] == []
    # Nor has the event log any.
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True, timeout=20)) as database:
        assert database.execute("SELECT count(*) FROM event WHERE kind = 'recording'").fetchone() == (0,)
    with pytest.raises(Refused):
        lab.call("session.watch", id=row["id"])


def test_o0202_what_runs_goes_on_as_it_began(recorded):  # noqa: F811
    """The terminal is moved from required to off: who was told that the session is recorded stays recorded, over a lost connection too, and
    still cannot be without. The next session is another one's, and is not recorded."""
    lab = recorded
    account, session, engineer = begin(lab)
    path = file_of(lab, session)
    terminal, = {row["terminal"] for row in lab.sessions(account)}
    lab.edit_terminal(terminal, recording="off", capacity=2)
    before = os.path.getsize(path)
    paint_ground(engineer, lab, EVENT_COLOUR)
    try:
        wait_for(lambda: close_to(engineer.pixel(*GROUND), EVENT_COLOUR), PATIENCE, "the engineer sees it")
        wait_for(lambda: os.path.getsize(path) > before, PATIENCE, "it is recorded")
    finally:
        paint_ground(engineer, lab, SHADOW_GROUND)

    other, ticket = lab.new_ticket(terminal)
    second = lab.xfreerdp(ticket.in_a_window(), "/size:%dx%d" % SESSION, "/gfx", size="%dx%d" % SESSION)
    unrecorded = lab.wait_session(other)["id"]
    wait_shadow(second)
    assert [row["id"] for row in lab.call("recording.list")["recordings"]] == [session] and len(files_of(lab)) == 1

    kill_recorder(lab)
    assert lab.wait_end(account)["reason"] == "RECORDING_FAILED"
    assert [row["id"] for row in lab.sessions(other)] == [unrecorded], "the one that is not recorded goes on"


def test_o0203_its_end_is_closed_as_ever(recorded):  # noqa: F811
    lab = recorded
    account, session, _ = begin(lab)
    terminal, = {row["terminal"] for row in lab.sessions(account)}
    lab.edit_terminal(terminal, recording="off")
    lab.call("session.kill", id=session, because="enough")
    wait_closed(lab, session)
    assert lab.call("recording.verify", id=session)["verdict"] == "whole"
