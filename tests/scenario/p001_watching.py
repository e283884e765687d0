"""Auditors watch with an RDP client of their own: a session that runs, and a recording of one that is over."""

import contextlib
import os
import signal
import subprocess
import time

import pytest

from desktop import close_to, keep_picture
from facility import Ticket
from h001_sign_in import SHADOW_GROUND, wait_shadow
from lab_parts.processes import PATIENCE, wait_for
from lab_parts.state import LabError
from recordings import PASSPHRASE, let_pass, new_key
from visitor import Visitor

# The session's desktop, and below it the bar of the player: the picture lies at its own size in the corner.
SESSION, BAR = (1024, 768), 58
WATCHER = (SESSION[0], SESSION[1] + BAR)
EVENT_COLOUR = (0xC0, 0x30, 0x30)
GROUND = (8, 700)


def audited(new_lab, request, tmp_path):
    """A gateway whose recordings one auditor can open; his key is lab.key."""
    key = str(tmp_path / "key")
    line = new_key(request.config.getoption("--build"), key)
    lab = new_lab(f"recording.auditors=[{line}]", "roles.auditor.users=[root]")
    lab.key = key
    return lab


@pytest.fixture
def recorded(new_lab, request, tmp_path):
    return audited(new_lab, request, tmp_path)


def pixels(client, width, height):
    """What the client shows of the session, as bytes."""
    path = os.path.join(client.state.folder, client.name + ".rgb")
    client.screen.run("import", "-window", "root", "-crop", f"{width}x{height}+0+0", "-depth", "8", "rgb:" + path)
    with open(path, "rb") as file:
        return file.read()


def paint_ground(client, lab, colour):
    text = "#" + "".join(f"{part:02x}" for part in colour)
    client.screen.run("env", "DISPLAY=" + lab.hosts.variables["LAB_SHADOW_DISPLAY"], "xsetroot", "-solid", text)


def begin(lab, **changes):
    """An engineer's session on freerdp-shadow over GFX, recorded: (account, session, client)."""
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], recording="required", **changes)
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), "/size:%dx%d" % SESSION, "/gfx", size="%dx%d" % SESSION)
    visitor = Visitor(lab, client)
    visitor.page("RECORDED", text=terminal)
    visitor.key("Return")
    session = lab.wait_session(account)
    wait_shadow(client)
    return account, session["id"], client


def watch(lab, *arguments):
    path = os.path.join(lab.folder, lab.new_name("watch") + ".rdp")
    lab.admin.text(*arguments, "--rdp-file", path)
    return lab.xfreerdp(Ticket(path).in_a_window(), "/size:%dx%d" % WATCHER, size="%dx%d" % WATCHER)


def wait_sees(lab, session, sees, limit=PATIENCE):
    """The one who watches has the session as it is now before him, or has not: it came from his player, whatever he pressed before."""
    wait_for(lambda: [row["sees"] for row in lab.call("session.show", id=session)["watchers"]] == [sees], limit,
             f"the watcher sees it now: {sees}")


def sees_within(lab, session, sees, seconds):
    with contextlib.suppress(LabError):
        wait_sees(lab, session, sees, seconds)
        return True
    return False


@contextlib.contextmanager
def standing_still(hosts):
    """What moves on the shadowed desktop does not, meanwhile."""
    moving = [process["pid"] for process in hosts.state.processes if process["name"].startswith("shadow-screen-")]
    assert moving
    for pid in moving:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in moving:
            os.kill(pid, signal.SIGCONT)


def wait_equal(lab, one, other):
    """But for a pixel in a thousand: at the edges of a few tiles freerdp-shadow's codec leaves dots, and xfreerdp does not always show the
    same ones as libfreerdp's gdi behind the player."""
    def alike():
        first, second = pixels(one, *SESSION), pixels(other, *SESSION)
        rows = SESSION[0] * 3
        differ = sum(first[at:at + 3] != second[at:at + 3]
                     for row in range(0, len(first), rows) if first[row:row + rows] != second[row:row + rows]
                     for at in range(row, row + rows, 3))
        return differ < len(first) // 3000
    with standing_still(lab.hosts):
        wait_for(alike, PATIENCE, "both show the same picture")


@pytest.mark.alone
def test_p0101_a_running_session_is_watched(request, recorded):
    lab = recorded
    account, session, engineer = begin(lab)
    watcher = watch(lab, "session", "watch", session)
    wait_for(lambda: close_to(watcher.pixel(*GROUND), SHADOW_GROUND), PATIENCE, "the watcher sees the session")
    keep_picture(request, watcher, "begins")
    behind = []
    try:
        for colour in (EVENT_COLOUR, (0x30, 0xC0, 0x30), (0x30, 0x30, 0xC0)):
            paint_ground(engineer, lab, colour)
            wait_for(lambda: close_to(engineer.pixel(*GROUND), colour), PATIENCE, "the engineer sees it")
            seen = time.monotonic()
            wait_for(lambda: close_to(watcher.pixel(*GROUND), colour), PATIENCE, "the watcher sees it")
            behind.append(time.monotonic() - seen)
    finally:
        paint_ground(engineer, lab, SHADOW_GROUND)
    print("the watcher is behind the engineer by", ", ".join(f"{seconds:.2f} s" for seconds in behind))
    # What looking itself takes is in each of them.
    assert sorted(behind)[1] < 2
    wait_for(lambda: close_to(watcher.pixel(*GROUND), SHADOW_GROUND), PATIENCE, "the watcher sees the old colour")
    wait_equal(lab, engineer, watcher)
    keep_picture(request, watcher, "live")
    # Nobody who watches is a session, or keeps one from ending.
    assert len(lab.sessions(account)) == 1
    engineer.close()
    lab.clients.remove(engineer)
    lab.wait_end(account)
    assert close_to(watcher.pixel(*GROUND), SHADOW_GROUND)  # he stays, before its last picture


def test_p0102_what_a_watcher_types_reaches_nobody(recorded):
    """Not the jump host: what he clicks and types is the player's. The clock in the session goes on, his picture stands still."""
    lab = recorded
    _, session, engineer = begin(lab)
    watcher = watch(lab, "session", "watch", session)
    wait_for(lambda: close_to(watcher.pixel(*GROUND), SHADOW_GROUND), PATIENCE, "the watcher sees the session")
    host = lab.hosts.variables["LAB_SHADOW_DISPLAY"]

    def pointer():
        return engineer.screen.run("env", "DISPLAY=" + host, "xdotool", "getmouselocation")
    before = pointer()
    wait_sees(lab, session, True)
    watcher.screen.run("xdotool", "mousemove", "511", "377", "click", "1")
    # A window that has just been opened may lose a key.
    wait_for(lambda: watcher.key("space") or sees_within(lab, session, False, 5), PATIENCE, "the watcher's picture stands still")
    try:
        paint_ground(engineer, lab, EVENT_COLOUR)
        wait_for(lambda: close_to(engineer.pixel(*GROUND), EVENT_COLOUR), PATIENCE, "the engineer sees it")
        assert close_to(watcher.pixel(*GROUND), SHADOW_GROUND)
        watcher.key("End")
        wait_for(lambda: close_to(watcher.pixel(*GROUND), EVENT_COLOUR), PATIENCE, "the watcher sees it when he wants to")
    finally:
        paint_ground(engineer, lab, SHADOW_GROUND)
    assert pointer() == before


def play(lab, recording):
    """recording play: the key is opened here, with a passphrase, and the gateway is told that recording's alone."""
    path = os.path.join(lab.folder, lab.new_name("play") + ".rdp")
    subprocess.run(lab.admin.command("recording", "play", recording, "--key", lab.key, "--rdp-file", path), input=PASSPHRASE, text=True,
                   check=True, timeout=60)
    return lab.xfreerdp(Ticket(path).in_a_window(), "/size:%dx%d" % WATCHER, size="%dx%d" % WATCHER)


def test_p0103_a_session_that_is_over_is_replayed(request, recorded):
    """Its last picture is what the engineer saw last; and Home shows it from its beginning."""
    lab = recorded
    account, session, engineer = begin(lab)
    try:
        let_pass(5)
        paint_ground(engineer, lab, EVENT_COLOUR)
        wait_for(lambda: close_to(engineer.pixel(*GROUND), EVENT_COLOUR), PATIENCE, "the engineer sees it")
        lab.admin.text("session", "kill", session, "--because", "the picture is complete", "--yes")
        lab.wait_end(account)
    finally:
        paint_ground(engineer, lab, SHADOW_GROUND)

    def closed():
        [row] = [row for row in lab.call("recording.list")["recordings"] if row["session"] == session]
        return row["state"] == "closed" and row
    row = wait_for(closed, PATIENCE, "the recording is closed")
    watcher = play(lab, row["id"])
    watcher.wait_picture()
    watcher.key("End")
    wait_for(lambda: close_to(watcher.pixel(*GROUND), EVENT_COLOUR), PATIENCE, "the last picture is shown")
    keep_picture(request, watcher, "replay")
    watcher.key("Home")
    wait_for(lambda: close_to(watcher.pixel(*GROUND), SHADOW_GROUND), PATIENCE, "it plays from the beginning")
