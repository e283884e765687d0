"""Who watches now: listed, ended by somebody at the hospital, and not counted while his client's window is minimised."""

import json
import os

import pytest

from clerk import run
from lab_parts.control import Refused
from lab_parts.processes import PATIENCE, wait_for
from o010_four_eyes import engineer, lab, leave, state_of, watch  # noqa: F401


@pytest.fixture
def watched(lab):
    """An engineer's session that somebody must watch, whose terminal shows watchers, with one who does: (lab, account, session, watcher)."""
    lab.begin_test()
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], four_eyes=True, relay="mediated", show_watchers=True)
    account, _ = engineer(lab, terminal)
    session = state_of(lab, account, "not-watched")["id"]
    watcher = watch(lab, session)
    lab.wait_session(account)
    state_of(lab, account, "active")
    return lab, account, session, watcher


def watchers(lab):
    return json.loads(run(lab, "--json", "watcher", "list").stdout)["watchers"]


def test_q040_one_watcher_is_ended_and_the_session_pauses(watched):
    lab, account, session, watcher = watched
    [row] = watchers(lab)
    assert (row["by"], row["of"], row["live"], row["sees"]) == ("unix:games", session, True, True)
    lab.wait_log(f"SK2762 .*conn={row['id']} .*by='unix:games' session={session}")
    shown = run(lab, "watcher", "list").stdout
    assert row["id"] in shown and session[:8] in shown and "watches" in shown
    assert "監視者" in run(lab, "watcher", "list", language="ja_JP.UTF-8").stdout

    unknown = run(lab, "watcher", "end", "7fffffff", "--because", "nobody")
    assert unknown.returncode == 1 and "watcher list" in unknown.stderr
    assert run(lab, "watcher", "end", row["id"]).returncode == 2  # because is missing
    ended = run(lab, "watcher", "end", row["id"], "--because", "he is needed elsewhere")
    assert ended.returncode == 0, ended.stderr
    assert "unix:games does not watch any more" in ended.stdout

    # His client is told in its own words, the log says why it ended; the session pauses, its engineer reads it, and it goes on with another one.
    watcher.wait_end()
    with open(watcher.log_file, encoding="utf-8", errors="replace") as file:
        assert "administrative tool" in file.read()
    assert "end=AG" in lab.wait_close("SK2769")
    lab.wait_log(f"SK2763 .*session={session}")
    lab.wait_log(f"SK2683 .*session={session}")
    state_of(lab, account, "paused")
    assert watchers(lab) == []
    lab.wait_log(f"SK2671 .*session={session} .*how='shown'")
    [event] = [row for row in json.loads(run(lab, "--json", "log", "admin").stdout)["rows"] if row["action"] == "watcher.end"]
    assert event["target"] == session and event["because"] == "he is needed elsewhere" and event["before"]["by"] == "unix:games"
    again = watch(lab, session)
    state_of(lab, account, "active")
    leave(lab, again)


def test_q041_a_program_ends_a_watcher_with_a_reason(watched):
    lab, _, _, _ = watched
    [row] = watchers(lab)
    # Not without a reason.
    with pytest.raises(Refused):
        lab.call("watcher.end", id=row["id"])
    assert lab.call("watcher.end", id=row["id"], because="by method")["ended"]["id"] == row["id"]
    wait_for(lambda: watchers(lab) == [], PATIENCE, "nobody watches")


def test_q042_a_minimised_watcher_does_not_watch(watched):
    """xfreerdp3 whose window is away says so to its server (Suppress Output), and when it is back."""
    lab, account, session, watcher = watched
    window = watcher.screen.run("xdotool", "search", "--onlyvisible", "--name", "FreeRDP").split()[0]
    watcher.screen.run("xdotool", "windowunmap", window)
    lab.wait_log(f"SK2683 .*session={session}")
    state_of(lab, account, "paused")
    [row] = watchers(lab)
    assert row["sees"] is False
    assert "does not see it now" in run(lab, "watcher", "list").stdout
    watcher.screen.run("xdotool", "windowmap", window)
    lab.wait_log(f"SK2684 .*session={session}")
    state_of(lab, account, "active")
    watcher.wait_picture()
    watcher.screenshot(os.path.join(lab.folder, "q042-back.png"))
    leave(lab, watcher)
