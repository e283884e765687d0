"""Auditors watch a session that runs, and replay one that is over, each with an RDP client of their own."""

import json
import os
import subprocess

import pytest
from clerk import run
from facility import Ticket
from lab_parts.processes import PATIENCE, wait_for
from p001_watching import standing_still
from q001_recordings import be_told, leave
from q020_export import pixels
from recordings import PASSPHRASE, file_of, new_key, wait_closed

BAR = 58  # pixels, of the player


@pytest.fixture
def desk(request, new_lab, tmp_path):
    """A gateway that records for the key of this desk: (lab, path of the key)."""
    key = str(tmp_path / "key")
    line = new_key(request.config.getoption("--build"), key)
    lab = new_lab("roles.auditor.users=[root]", "limits.grace=0", f"recording.auditors=[{line}]")
    lab.begin_test()
    return lab, key


def begin(lab, **changes):
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], **changes)
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:1024x768")
    if changes.get("recording", "off") != "off":
        be_told(lab, client)
    session = lab.wait_session(account)["id"]
    client.wait_picture()
    return account, session, client


def ticket_of(lab, *words):
    """The .rdp file that a command writes; the passphrase is given where it is asked for."""
    path = os.path.join(lab.folder, lab.new_name("watch") + ".rdp")
    done = subprocess.run(lab.admin.command(*words, "--rdp-file", path), input=PASSPHRASE, text=True, capture_output=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    assert os.stat(path).st_mode & 0o777 == 0o600
    return Ticket(path)


def desktop_in(client, folder, name):
    """A client's screen: its size, and R, G, B."""
    path = os.path.join(folder, name + ".png")
    client.screenshot(path)
    (width, height), data = pixels(path)
    return (width, height), data


def share_of(data, width, box, wanted):
    """How much of a box (x, y, w, h) looks as `wanted`, another (data, width, x, y), does."""
    x, y, w, h = box
    other, other_width, other_x, other_y = wanted
    same = 0
    for row in range(0, h, 3):
        for column in range(0, w, 3):
            one = 3 * ((y + row) * width + x + column)
            two = 3 * ((other_y + row) * other_width + other_x + column)
            same += all(abs(data[one + c] - other[two + c]) < 24 for c in range(3))
    return same / ((h + 2) // 3 * ((w + 2) // 3))


def in_the_player(data, width, height, wanted, wanted_width):
    """How much of a player's screen looks like a desktop of 1024 x 768, which lies in its middle, above the bar."""
    x, y = (width - 1024) // 2, (height - BAR - 768) // 2
    return share_of(data, width, (x + 8, y + 8, 1008, 752), (wanted, wanted_width, 8, 8))


def likeness(watcher, engineer, folder):
    (mine_width, _), mine = desktop_in(engineer, folder, "engineer")
    (width, height), data = desktop_in(watcher, folder, "watcher")
    return in_the_player(data, width, height, mine, mine_width)


def test_q010_a_session_is_watched_while_it_runs(desk):
    lab, _ = desk
    account, session, engineer = begin(lab, recording="required")
    watcher = lab.xfreerdp(ticket_of(lab, "session", "watch", session[:8]), "/size:1280x900")
    watcher.wait_picture()
    lab.wait_log(f"SK2762 .*by='unix:root' session={session}")
    # The pointer moves eyes on the host; the watcher's picture becomes the engineer's. (How much later, p0101 says.)
    engineer.screen.run("xdotool", "mousemove", "300", "300")
    wait_for(lambda: likeness(watcher, engineer, lab.folder) > 0.95, PATIENCE, "the watcher sees what the engineer sees")
    watchers = json.loads(run(lab, "--json", "session", "show", session).stdout)["watchers"]
    assert [row["by"] for row in watchers] == ["unix:root"]
    # What the watcher types goes nowhere near the host.
    # While nothing moves there, the engineer's client has nothing to answer.
    with standing_still(lab.hosts):
        before = lab.wait_session(account)["bytes_from_client"]
        watcher.type("not for the host")
        leave(lab, watcher)
        lab.wait_log(f"SK2763 .*session={session}")
        assert lab.wait_session(account)["bytes_from_client"] - before < 4096
    events = {entry["action"]: entry for entry in lab.all_rows("log.admin") if entry["action"].startswith("session.watch")}
    assert set(events) == {"session.watch", "session.watched"}
    for entry in events.values():
        after = entry["after"]
        assert (entry["actor"], entry["target"], after["account"], after["source"]) == ("unix:root", session, account, "127.0.0.1")
    assert events["session.watched"]["after"]["watched_seconds"] >= 0 and events["session.watched"]["after"]["since"].endswith("Z")
    told = run(lab, "log", "admin", "--search", account).stdout
    assert "session.watched" in told and "On the screen for: 0:00:" in told
    assert '"application":"RDP"' in run(lab, "--json", "log", "logins").stdout


def test_q0101_the_engineer_of_a_mediated_session_is_told_who_watches(desk):
    lab, _ = desk
    _, session, _ = begin(lab, recording="required", relay="mediated", show_watchers=True)
    watcher = lab.xfreerdp(ticket_of(lab, "session", "watch", session[:8]), "/size:1280x900")
    lab.wait_log(f"SK2671 .*session={session} .*notice=1 how='shown'")
    watcher.wait_picture()
    leave(lab, watcher)
    lab.wait_log(f"SK2671 .*session={session} .*notice=2 how='shown'")


def test_q011_a_ticket_shows_a_session_once_and_nobody_else(desk):
    lab, _ = desk
    _, session, _ = begin(lab, recording="best-effort")
    ticket = ticket_of(lab, "session", "watch", session)
    first = lab.xfreerdp(ticket, "/size:1024x768")
    first.wait_picture()
    again = lab.xfreerdp(ticket, "/size:1024x768")
    again.wait_end()
    lab.wait_log("SK2101")


def test_q012_what_is_not_recorded_cannot_be_watched(desk):
    lab, _ = desk
    _, session, _ = begin(lab)
    done = run(lab, "session", "watch", session)
    assert done.returncode == 1 and "not being recorded" in done.stderr and "--recording" in done.stderr


def test_q013_yesterdays_session_is_replayed_and_exported(desk):
    lab, key = desk
    account, session, engineer = begin(lab, recording="required")
    engineer.screen.run("xdotool", "mousemove", "200", "300")
    wait_for(lambda: os.path.getsize(file_of(lab, session)) > 30_000, PATIENCE, "pictures are recorded")
    leave(lab, engineer)
    wait_closed(lab, session)
    watcher = lab.xfreerdp(ticket_of(lab, "recording", "play", session[:8], "--key", key), "/size:1280x900")
    watcher.wait_picture()
    lab.wait_log(f"SK2762 .*recording={session}")
    watcher.key("End")
    watcher.wait_picture()
    video = os.path.join(lab.folder, "out.mkv")
    done = subprocess.run(lab.admin.command("recording", "export", session[:8], "--key", key, "--video", video), input=PASSPHRASE,
                          text=True, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (width, height), last = pixels(video)
    assert (width, height) == (1024, 768)

    def looks_alike():
        (screen_width, screen_height), seen = desktop_in(watcher, lab.folder, "replayed")
        return in_the_player(seen, screen_width, screen_height, last, width) > 0.95
    wait_for(looks_alike, PATIENCE, "the replayed end is the video's")
    taken = [entry for entry in lab.all_rows("log.admin") if entry["action"] == "recording.read"]
    assert [(entry["target"], entry["after"]["account"], entry["after"]["purpose"]) for entry in taken] == [(session, account, "video")]
