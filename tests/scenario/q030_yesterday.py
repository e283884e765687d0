"""An auditor replays what was recorded yesterday, by a gateway that was stopped and started again since: finds it, checks it, and sees the
right picture at the right time, with xfreerdp3 and with rdesktop."""

import json
import os
import subprocess
import time

import pytest

from clerk import places_of, run
from desktop import close_to, keep_picture
from h001_sign_in import SHADOW_GROUND
from lab_parts.processes import PATIENCE, wait_for
from lab_parts.shims import clock_variables
from p001_watching import EVENT_COLOUR, GROUND, SESSION, WATCHER, begin, paint_ground, pixels, play
from q010_watch import ticket_of
from r001_recording import stop_gateway
from recordings import PASSPHRASE, Auditor, file_of, let_pass, new_key, wait_closed

YESTERDAY, TODAY = "2026-11-16T14:00:58+09:00", "2026-11-17T09:30:58+09:00"
LATER_COLOUR = (0x30, 0xC0, 0x30)
# Of the ground, from corner to corner: an update comes in parts.
PLACES = [GROUND, (8, 8), (1015, 8), (1015, 400), (600, 500), (600, 760), (1015, 760)]
# What asking for a place, starting a client and looking at its screen may take on a busy machine, in the session's seconds.
SLACK = 4


@pytest.fixture
def archive(new_lab, request, tmp_path):
    """A gateway whose recordings open for two keys: an auditor's, as people have it, and one with which the test reads records."""
    build = os.path.realpath(request.config.getoption("--build"))
    key = str(tmp_path / "key")
    line = new_key(build, key)
    reader = Auditor(build, str(tmp_path))
    lab = new_lab(f"recording.auditors=[{line},{reader.line}]", "roles.auditor.users=[root]", "limits.grace=0", clock=YESTERDAY)
    lab.begin_test()
    lab.key, lab.reader = key, reader
    return lab


def recorded_ms(lab, session):
    """How far the recording of a running session is."""
    return lab.reader.open(file_of(lab, session))[0][-1][1]


def paint_and_see(request, lab, session, engineer, colour):
    """Paints the desktop; the engineer saw it at a time between these two of the recording, in milliseconds."""
    since = recorded_ms(lab, session)
    paint_ground(engineer, lab, colour)
    wait_for(lambda: all(close_to(engineer.pixel(*place), colour) for place in PLACES), PATIENCE, "the engineer sees it, all of it")
    seen = pixels(engineer, *SESSION)
    keep_picture(request, engineer, "engineer-%02x%02x%02x" % colour)
    until = wait_for(lambda: recorded_ms(lab, session) > since and recorded_ms(lab, session), PATIENCE, "it is recorded")
    return since, until, seen


def work(request, lab):
    """A session in which the desktop turns red, and fifteen seconds later green: (account, session, red, green)."""
    account, session, engineer = begin(lab)
    try:
        let_pass(5)
        red = paint_and_see(request, lab, session, engineer, EVENT_COLOUR)
        let_pass(15)
        green = paint_and_see(request, lab, session, engineer, LATER_COLOUR)
        lab.admin.text("session", "kill", session, "--because", "the work is done", "--yes")
        lab.wait_end(account)
    finally:
        paint_ground(engineer, lab, SHADOW_GROUND)
    wait_closed(lab, session)
    return account, session, red, green


def run_today(lab, *words):
    """sekisho-admin with the facility's calendar, which decides what "the last 24 hours" are."""
    done = subprocess.run(lab.admin.command("--json", *words), text=True, capture_output=True, check=False, timeout=60,
                          env={**os.environ, **clock_variables(lab.state)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["recordings"]


def as_clock(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def likeness(client, seen):
    """How much of a client's picture is what was seen, but for what the codec refines afterwards. The clock and the console of the host's
    desktop have gone on since: a twentieth of it."""
    shown = pixels(client, *SESSION)
    assert len(shown) == len(seen)
    same = sum(all(abs(shown[at + part] - seen[at + part]) < 24 for part in range(3)) for at in range(0, len(seen), 30))
    return same / (len(seen) / 30)


def ground_is(client, colour):
    return close_to(client.pixel(*GROUND), colour)


def test_q030_yesterdays_session_is_found_verified_and_replayed(request, archive):
    lab = archive
    account, session, red, green = work(request, lab)
    stop_gateway(lab)
    lab.set_clock(TODAY)
    lab.start_gateway_again()

    # Found by day, by account, by both; not among today's.
    for words in (["--from", "2026-11-16", "--until", "2026-11-16"], ["--account", account], ["--last", "24h"],
                  ["--from", "2026-11-16", "--until", "2026-11-16", "--account", account]):
        assert [row["id"] for row in run_today(lab, "recording", "list", *words)] == [session], words
    assert run_today(lab, "recording", "list", "--from", "2026-11-17") == []
    [row] = run_today(lab, "recording", "list", "--account", account)
    assert row["state"] == "closed" and row["started"].startswith("2026-11-16T05:00:58")
    verified = run(lab, "recording", "verify", session[:8])
    assert verified.returncode == 0 and "nothing was changed" in verified.stdout

    # Behind its end there is nothing, and that is said with its length, before anything is opened.
    length = as_clock(row["duration_seconds"])
    for language, words in (("C.UTF-8", "the recording is " + length + " long"), ("ja_JP.UTF-8", "録画の長さは " + length)):
        beyond = subprocess.run(lab.admin.command("recording", "play", session[:8], "--key", lab.key, "--at", "1:00:00"),
                                input=PASSPHRASE, text=True, capture_output=True, check=False, env={**os.environ, "LC_ALL": language, **places_of(language)})
        assert beyond.returncode == 1 and words in beyond.stderr and "1:00:00" in beyond.stderr, beyond.stderr
    wrong = subprocess.run(lab.admin.command("recording", "play", session[:8], "--key", lab.key, "--at", "14:75"), text=True,
                           capture_output=True, check=False)
    assert wrong.returncode == 2 and "1:02:03" in wrong.stderr

    # From its beginning: the host's own ground first, then red, then green, as long after each other as in the session.
    watcher = play(lab, session)
    wait_for(lambda: ground_is(watcher, SHADOW_GROUND), PATIENCE, "it begins as the session did")
    keep_picture(request, watcher, "beginning")
    wait_for(lambda: ground_is(watcher, EVENT_COLOUR), PATIENCE, "it turns red")
    at_red = time.monotonic()
    keep_picture(request, watcher, "red")
    wait_for(lambda: ground_is(watcher, LATER_COLOUR), PATIENCE, "it turns green")
    apart = time.monotonic() - at_red
    assert (green[0] - red[1]) / 1000 - SLACK < apart < (green[1] - red[0]) / 1000 + SLACK, apart
    watcher.key("End")
    wait_for(lambda: all(close_to(watcher.pixel(*place), LATER_COLOUR) for place in PLACES), PATIENCE, "its end is all green")
    keep_picture(request, watcher, "end")
    assert likeness(watcher, green[2]) > 0.9

    # --at: the first that is seen there is red, without any of what was before; Space stops it.
    at = red[1] // 1000 + 1
    assert at * 1000 < green[0]
    ticket = ticket_of(lab, "recording", "play", session[:8], "--key", lab.key, "--at", as_clock(at)).in_a_window()
    watcher = lab.xfreerdp(ticket, "/size:%dx%d" % WATCHER, size="%dx%d" % WATCHER)
    colours = set()

    def looked():
        colours.update(name for name, colour in (("blue", SHADOW_GROUND), ("red", EVENT_COLOUR), ("green", LATER_COLOUR))
                       if ground_is(watcher, colour))
        return "red" in colours
    wait_for(looked, PATIENCE, "it begins when the desktop was red")
    assert colours == {"red"}
    watcher.key("space")
    keep_picture(request, watcher, "at")
    assert likeness(watcher, red[2]) > 0.9

    # rdesktop shows the same.
    ticket = ticket_of(lab, "recording", "play", session[:8], "--key", lab.key, "--at", str(at))
    other = lab.rdesktop(ticket, "-g", "%dx%d" % WATCHER, "-a", "24", size="%dx%d" % WATCHER)
    wait_for(lambda: ground_is(other, EVENT_COLOUR), PATIENCE, "rdesktop shows it red")
    other.key("End")
    wait_for(lambda: ground_is(other, LATER_COLOUR), PATIENCE, "and at its end green")
    keep_picture(request, other, "rdesktop")
    actions = run(lab, "--json", "log", "admin").stdout
    assert "recording.play" in actions
