"""Recordings as auditors keep them: listed, shown, verified, held, released, erased by hand and by night; and who may not."""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import sqlite3

import pytest
from clerk import run
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from r001_recording import be_told, leave  # noqa: F401
from recordings import Auditor, file_of, folder_of, wait_closed, wait_not_closed
from spreadsheets import kill_gateway

AUDITOR = ["roles.auditor.users=[root]", "limits.grace=0"]


@pytest.fixture(scope="module")
def keys(request, folders):
    return Auditor(os.path.realpath(request.config.getoption("--build")), folders("auditor"))


@pytest.fixture
def archive(new_lab, keys):
    """archive("recording.keep_days=1", clock=…): a gateway that records, whose auditor is root."""
    def make(*settings, **options):
        lab = new_lab(*AUDITOR, keys.setting, *settings, **options)
        lab.begin_test()
        return lab
    return make


def begin(lab):
    """A session of shadow's desktop that is recorded: (account, id, client)."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="required")
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
    be_told(lab, client)
    session = lab.wait_session(account)["id"]
    client.wait_picture()
    wait_for(lambda: os.path.getsize(file_of(lab, session)) > 20_000, PATIENCE, "pictures are recorded")
    return account, session, client


def record(lab):
    """The same, over and closed: (account, id)."""
    account, session, client = begin(lab)
    leave(lab, client)
    wait_closed(lab, session)
    return account, session


def listed(lab, *options):
    return json.loads(run(lab, "--json", "recording", "list", *options).stdout)["recordings"]


def verdict(lab, session):
    done = run(lab, "--json", "recording", "verify", session)
    return json.loads(done.stdout)["recordings"][0]["verdict"], done.returncode


def test_q001_recordings_are_listed_held_and_erased_by_who_may(archive):
    lab = archive()
    account, session, client = begin(lab)
    # How large it is so far, and not what its row was told last: that is once a minute.
    wait_for(lambda: listed(lab, "--state", "running")[0]["bytes"] > 20_000, PATIENCE, "its size is listed")
    assert json.loads(run(lab, "--json", "recording", "show", session).stdout)["bytes"] > 20_000
    leave(lab, client)
    wait_closed(lab, session)
    row = listed(lab, "--account", account)[0]
    assert (row["id"], row["state"], row["gaps"], row["held"]) == (session, "closed", 0, None)
    assert row["bytes"] == os.path.getsize(file_of(lab, session)) and row["hash"] and row["duration_seconds"] >= 0
    assert listed(lab, "--state", "running") == [] and listed(lab, "--account", "nobody") == []
    shown = run(lab, "recording", "show", session[:8], language="ja_JP.UTF-8").stdout
    assert "録画済み" in shown and row["hash"] in shown
    sheet = list(csv.reader(io.StringIO(run(lab, "recording", "list", "--csv").stdout.lstrip("\ufeff"))))
    assert sheet[1][0] == session and len(sheet[0]) == len(sheet[1])

    silent = run(lab, "recording", "hold", session[:7], "--because", " ")
    assert silent.returncode == 1 and "not all of them blanks" in silent.stderr and not listed(lab)[0]["held"]
    held = run(lab, "recording", "hold", session[:7], "--because", "an inquiry")
    assert held.returncode == 0, held.stderr
    refused = run(lab, "recording", "delete", session, "--because", "room", "--yes")
    assert refused.returncode == 1 and "held by unix:root (an inquiry)" in refused.stderr
    assert listed(lab, "--held")[0]["held_because"] == "an inquiry"
    assert run(lab, "recording", "release", session).returncode == 0
    asked = run(lab, "recording", "delete", session, "--because", "room")
    assert asked.returncode != 0 and os.path.exists(file_of(lab, session))  # nobody there to say yes
    path = file_of(lab, session)
    assert run(lab, "recording", "delete", session, "--because", "room", "--yes").returncode == 0
    assert not os.path.exists(path)
    row = listed(lab)[0]
    assert (row["state"], row["erased_by"], row["erased_because"]) == ("erased", "unix:root", "room")
    actions = run(lab, "log", "admin").stdout
    for action in ("recording.hold", "recording.release", "recording.delete"):
        assert action in actions
    # Whose recording it was is in each of these records: what became of an engineer's sessions is one question.
    found = [entry for entry in lab.all_rows("log.admin") if entry["action"].startswith("recording.")]
    assert len(found) == 3
    for entry in found:
        assert (entry["target"], entry["after"]["account"], entry["after"]["terminal"]) == (session, row["account"], row["terminal"])
    assert run(lab, "log", "admin", "--search", row["account"]).stdout.count("recording.") == 3
    again = run(lab, "recording", "hold", session, "--because", "x")
    assert again.returncode == 1 and "erased" in again.stderr
    assert run(lab, "log", "verify").returncode == 0


def replace(path, content):
    """In the same file, as its owner and mode are looked at, too."""
    with open(path, "r+b") as file:
        file.truncate(0)
        file.write(content)


def test_q002_what_was_changed_is_found(archive):
    lab = archive()
    _, session = record(lab)
    _, other = record(lab)
    assert verdict(lab, session) == ("whole", 0)
    path, elsewhere = file_of(lab, session), file_of(lab, other)
    with open(path, "rb") as file:
        good = file.read()

    def put(content):
        replace(path, content)
        return verdict(lab, session)
    assert put(good[:5000] + bytes([good[5000] ^ 1]) + good[5001:]) == ("broken", 1)
    assert put(good[:len(good) // 2]) == ("broken", 1)  # its end has been cut off
    with open(elsewhere, "rb") as file:
        assert put(file.read()) == ("foreign", 1)
    assert put(good) == ("whole", 0)
    shutil.move(path, path + ".away")
    assert verdict(lab, session) == ("missing", 1)
    everything = run(lab, "recording", "verify", "--all")
    assert everything.returncode == 1 and "missing" in everything.stdout and "nothing was changed" in everything.stdout
    shutil.move(path + ".away", path)
    assert run(lab, "recording", "verify", "--all").returncode == 0


def test_q005_recording_that_was_never_closed_is_known_by_what_it_begins_with(archive, keys):
    lab = archive()
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="best-effort")
    _, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
    be_told(lab, client)
    header = lab.wait_log(r"SK2701 .*header=([0-9a-f]{64})", PATIENCE)[1]
    row, = listed(lab)
    assert row["header"] == header and row["state"] == "running"
    session, path = row["id"], file_of(lab, row["id"])
    wait_for(lambda: os.path.getsize(path) > 20_000, PATIENCE, "pictures are recorded")
    assert verdict(lab, session) == ("running", 0)
    pid, = lab.pids("sekisho-recorder")
    os.kill(pid, signal.SIGKILL)
    wait_not_closed(lab)
    assert listed(lab)[0]["header"] == header, "its end does not take it away"
    done = run(lab, "recording", "verify", session)
    assert done.returncode == 0 and "not closed: it begins as the log says" in done.stdout
    assert json.loads(run(lab, "--json", "recording", "verify", session).stdout)["recordings"][0]["begins_as_logged"] is True
    assert lab.call("recording.keys", id=session)["keys"]
    here = run(lab, "recording", "verify", path)
    assert header in here.stdout and "SK2701" in here.stdout, "a file alone says what to compare"

    forged = path + ".forged"
    keys.forge(path, forged)
    assert keys.open(forged)[0], "the auditor can open it, and nothing is wrong with it in itself"
    assert keys.verify(forged)[0] == "not closed"
    with open(path, "rb") as file, open(forged, "rb") as other:
        good, bad = file.read(), other.read()
    replace(path, bad)
    assert verdict(lab, session) == ("foreign", 1)
    assert "has been replaced" in run(lab, "recording", "verify", "--all").stdout
    for method, more in (("recording.keys", {}), ("recording.play", {"key": 64 * "0"})):
        with pytest.raises(Refused, match="has been replaced"):
            lab.call(method, id=session, **more)
    replace(path, good)
    assert verdict(lab, session) == ("not-closed", 0)
    assert run(lab, "log", "verify").returncode == 0


@contextlib.contextmanager
def database_locked(lab):
    """Meanwhile the gateway can read it, and write nothing."""
    database = sqlite3.connect(lab.state.path("gateway", "var", "sekisho.db"), isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
    finally:
        database.execute("ROLLBACK")
        database.close()


def test_q006_recording_whose_end_is_not_yet_in_the_log_is_no_false_alarm(archive, keys):
    lab = archive()
    _, session, client = begin(lab)
    with database_locked(lab):
        leave(lab, client)
        wait_for(lambda: keys.verify(file_of(lab, session))[0] == "whole", PATIENCE, "the file is closed")
        assert verdict(lab, session) == ("closing", 0)
        shown = run(lab, "recording", "verify", session[:8])
        assert shown.returncode == 0 and "being written to the log" in shown.stdout and "CHANGED" not in shown.stdout
        assert listed(lab)[0]["state"] == "running" and "SK2702" not in lab.log
    wait_closed(lab, session)
    assert listed(lab)[0]["state"] == "closed", "who hears of it finds it so"
    assert verdict(lab, session) == ("whole", 0)

    # The gateway is killed in between: the log will never have its hash.
    _, lost, client = begin(lab)
    with database_locked(lab):
        leave(lab, client)
        wait_for(lambda: keys.verify(file_of(lab, lost))[0] == "whole", PATIENCE, "the file is closed")
        kill_gateway(lab)
    lab.start_gateway_again()
    row = next(row for row in listed(lab) if row["id"] == lost)
    assert (row["state"], row["hash"]) == ("not-closed", None)
    assert verdict(lab, lost) == ("not-closed", 0)
    assert "signed by this gateway, and did not get into the log" in run(lab, "recording", "verify", lost).stdout
    path = file_of(lab, lost)
    shutil.copyfile(file_of(lab, session), path)
    assert verdict(lab, lost) == ("foreign", 1)
    assert run(lab, "log", "verify").returncode == 0


@pytest.mark.long
def test_q003_old_ones_go_by_night_and_held_ones_stay(archive):
    lab = archive("recording.keep_days=2", clock="2026-11-20T12:00:00+09:00")
    _, session = record(lab)
    _, held = record(lab)
    assert run(lab, "recording", "hold", held, "--because", "an inquiry").returncode == 0
    path, kept = file_of(lab, session), file_of(lab, held)
    for day in ("21", "22", "23"):
        lab.set_clock(f"2026-11-{day}T03:30:00+09:00")
    lab.wait_log("SK2760 .*erased=1", limit=90)
    assert not os.path.exists(path) and os.path.exists(kept)
    rows = {row["id"]: row for row in listed(lab)}
    assert rows[session]["erased_by"] == "nightly" and rows[held]["state"] == "closed"
    assert rows[session]["hash"], "that there was one, and its hash, stay"


def test_q004_administrators_see_and_neither_hold_nor_watch(new_lab, keys):
    lab = new_lab(keys.setting, "limits.grace=0")
    lab.begin_test()
    _, session = record(lab)
    assert listed(lab)[0]["id"] == session
    assert verdict(lab, session) == ("whole", 0)
    for words in (["recording", "hold", session, "--because", "x"], ["session", "watch", session],
                  ["recording", "delete", session, "--because", "x", "--yes"]):
        done = run(lab, *words)
        assert done.returncode == 1 and "for auditors alone" in done.stderr, (words, done.stderr)
    assert os.listdir(folder_of(lab))
