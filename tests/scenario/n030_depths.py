"""Notices on the bitmaps that rdesktop takes from freerdp-shadow: they look as they should, what changes beneath makes no hole in them, and
what lies beneath comes back. (At 24 bits freerdp-shadow's picture never stands still, mediated or not: m003.)"""

import pytest

from desktop import close_to, keep_picture
from lab_parts.processes import PATIENCE, stop, wait_for
from n001_notices import BOX, INSIDE, STILL_GROUND, heard, mediated, notice, shadow_screen, still, upper  # noqa: F401

DEPTHS = (15, 16, 32)
# A terminal that fills itself with other letters all the time, on half of the notice and below it.
RESTLESS = ["xterm", "-geometry", "60x24+300+20", "-b", "0", "-e", "bash", "-c",
            r"while :; do printf '\033[H'; for ((row = 0; row < 23; row++)); do printf '%-59s\n' $RANDOM$RANDOM$RANDOM$RANDOM$RANDOM; done; sleep 0.05; done"]
LOOKS = 30


def near(colour, wanted):
    """As far as 15 bits have it."""
    return all(abs(one - other) <= 9 for one, other in zip(colour, wanted))


def wait_still(client):
    """What it shows once that stays as it is. (It has three colours: Client.wait_still takes that for no picture.)"""
    def still_picture():
        now = client.look()
        return now.has_colours(2) and now == client.look() and now
    return wait_for(still_picture, PATIENCE, f"the picture of {client.name} stands still", every=0.3)


@pytest.mark.parametrize("depth", DEPTHS)
def test_n031_rdesktop_at_shadow(lab, request, depth):
    account, ticket = lab.new_ticket(mediated(lab, "SHADOW"))
    client = lab.rdesktop(ticket, "-g", "1024x768", "-a", str(depth))
    # The host draws from above: all of it is there.
    wait_for(lambda: near(client.pixel(1015, 760), STILL_GROUND), PATIENCE, f"{client.name} shows the desktop")
    session = lab.wait_session(account)
    client.screen.run("xdotool", "mousemove", "1200", "850")
    before = wait_still(client)
    keep_picture(request, client, f"{depth}_before")
    notice(lab, session, "--seconds", "20")
    heard(lab, session, 1, "shown")
    wait_for(lambda: near(client.pixel(*INSIDE), BOX), PATIENCE, "the notice has its colour")
    shown = wait_still(client)
    keep_picture(request, client, f"{depth}_shown")
    # Letters are on it, in white.
    assert any(near(shown.at(x, y), (0xFF, 0xFF, 0xFF)) for y in range(10, 90) for x in range(100, 900, 3))
    heard(lab, session, 1, "timed-out")
    try:
        wait_for(lambda: upper(client) == before.picture[:500 * before.row], PATIENCE, "what lay beneath is there again")
    finally:
        keep_picture(request, client, f"{depth}_after")
    assert close_to(client.pixel(8, 500), before.at(8, 500))


def ground_below(picture):
    """The first row below the notice's ground; its edge follows."""
    return next(y for y in range(INSIDE[1], 500) if not near(picture.at(INSIDE[0], y), BOX))


def rows_of(picture, left, top, right, bottom):
    return [row[left * 3:right * 3] for row in picture.rows()[top:bottom]]


@pytest.mark.parametrize("depth", DEPTHS)
def test_n032_what_changes_beneath_makes_no_hole(lab, request, depth):
    account, ticket = lab.new_ticket(mediated(lab, "SHADOW"))
    client = lab.rdesktop(ticket, "-g", "1024x768", "-a", str(depth))
    # The host draws from above: all of it is there.
    wait_for(lambda: near(client.pixel(1015, 760), STILL_GROUND), PATIENCE, f"{client.name} shows the desktop")
    session = lab.wait_session(account)
    client.screen.run("xdotool", "mousemove", "1200", "850")
    notice(lab, session, "--seconds", "600")
    heard(lab, session, 1, "shown")
    wait_for(lambda: near(client.pixel(*INSIDE), BOX), PATIENCE, "the notice has its colour")
    bottom = ground_below(client.look())
    assert bottom > 60

    def letters(picture):
        return rows_of(picture, 90, 16, 934, bottom)

    def beneath(picture):
        return rows_of(picture, 310, bottom + 20, 600, bottom + 120)

    def steady():
        now = letters(client.look())
        return now == letters(client.look()) and now
    whole = wait_for(steady, PATIENCE, "the notice is there as a whole")
    still_ground = beneath(client.look())
    process = shadow_screen(lab.hosts).start("restless", RESTLESS)
    try:
        wait_for(lambda: beneath(client.look()) != still_ground, PATIENCE, "the desktop below the notice changes")
        seen = []
        for number in range(LOOKS):
            now = client.look()
            if letters(now) != whole or number == LOOKS - 1:
                keep_picture(request, client, f"{depth}_restless{number}")
            assert letters(now) == whole, f"look {number}: the notice is not whole"
            seen.append(beneath(now))
        assert sum(one != other for one, other in zip(seen, seen[1:])) > LOOKS // 4, "beneath it was the same picture again and again"
    finally:
        stop(process)
