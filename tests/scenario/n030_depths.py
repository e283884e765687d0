"""Notices on the bitmaps that rdesktop takes from freerdp-shadow at 32 bits: they look as they should, and what lies beneath comes back.
(At 24 bits freerdp-shadow's picture never stands still, mediated or not: m003.)"""

import os

import pytest

from desktop import close_to
from lab_parts.processes import PATIENCE, wait_for
from n001_notices import BOX, INSIDE, heard, mediated, notice, shadow_screen, still, upper  # noqa: F401

DEPTHS = (32,)


def keep_picture(request, client, depth, name):
    """With --pictures DIR: what the client shows."""
    folder = request.config.getoption("--pictures")
    if folder:
        client.screenshot(os.path.join(folder, f"n030_{depth}_{name}.png"))


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
    _, ticket = lab.new_ticket(mediated(lab, "SHADOW"))
    client = lab.rdesktop(ticket, "-g", "1024x768", "-a", str(depth))
    client.wait_picture(colours=2)
    [session] = lab.call("session.list")["sessions"]
    client.screen.run("xdotool", "mousemove", "1200", "850")
    before = wait_still(client)
    keep_picture(request, client, depth, "before")
    notice(lab, session, "--seconds", "20")
    heard(lab, session, 1, "shown")
    wait_for(lambda: near(client.pixel(*INSIDE), BOX), PATIENCE, "the notice has its colour")
    shown = wait_still(client)
    keep_picture(request, client, depth, "shown")
    # Letters are on it, in white.
    assert any(near(shown.at(x, y), (0xFF, 0xFF, 0xFF)) for y in range(10, 90) for x in range(100, 900, 3))
    heard(lab, session, 1, "timed-out")
    try:
        wait_for(lambda: upper(client) == before.picture[:500 * before.row], PATIENCE, "what lay beneath is there again")
    finally:
        keep_picture(request, client, depth, "after")
    assert close_to(client.pixel(8, 500), before.at(8, 500))
