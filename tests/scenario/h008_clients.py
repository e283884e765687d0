"""What people are told, in every RDP client that they may bring: typed with xdotool, seen on its screen.

Where each demanded pair of client and way is shown (L: with --long):

                               xfreerdp3    xfreerdp 2   rdesktop     Remmina
    xrdp, in-band              h001         h001         h001         h001
    freerdp-shadow, in-band    h002         h002 L       h002 L 1)    h002 L
    xrdp, by redirection       h003         h003 L       h004 2)      h003 L
    freerdp-shadow, likewise   h003 L       h003         h004 2)      h003 L
    first sign-in, English     h101         h101 L       h101 L       h101 L
    first sign-in, Japanese    h101         h101 L       h101 L       h101
    expired, locked, hours     h801, h203   h801 L       h801 L       h801 L
    wrong MAC address          h211         h211 L       h211 L       h211 L
    number wrong and right     h802         h802 L       h802 L       h802 L
    number that has expired    h803

1) With 16 bits a pixel (-a 16), at Debian 13's freerdp-shadow with red and blue exchanged; with the 24 that it asks for by itself
nothing can be made out. 2) It cannot be redirected, and stays where it is: h004 has the desktop of freerdp-shadow there, h001
that of xrdp.
Debian 13 has no FreeRDP 2: what needs xfreerdp 2 is skipped there, and says so.
"""

import pytest

from h003_refusals import expire, lock, out_of_hours
from h004_attended import issue
from h011_pictures import pixels, reference, shows
from lab_parts.facility import add_terminal
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, settled_engineer, visit

PROGRAMS = ["xfreerdp3", *(pytest.param(program, marks=pytest.mark.long) for program in ("xfreerdp2", "rdesktop", "remmina"))]


@pytest.mark.parametrize("program", PROGRAMS)
def test_h801_refusals_are_read_in_turn_on_one_connection(door, program):
    refusals = [(expire, "was valid until"), (lock, "locked"), (out_of_hours, "outside your hours")]
    accounts = [settled_engineer(door, door.shadow) for _ in refusals]
    visitor = visit(door, program)
    for account, (change, says) in zip(accounts, refusals):
        change(door, account, door.shadow)
        visitor.page("SIGN_IN")
        if account != accounts[0]:
            # The form keeps the last one's name, which is typed over.
            visitor.key("shift+Tab", "ctrl+a")
        visitor.sign_in(account, PASSWORD)
        visitor.page("SORRY", text=says)
        visitor.picture(f"{program}-{change.__name__}")
        visitor.key("Return")
    visitor.page("SIGN_IN")
    assert not any(door.sessions(account) for account in accounts)


@pytest.mark.parametrize("program", PROGRAMS)
def test_h802_number_wrong_and_right(door, program):
    terminal = door.add_terminal(door.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    account = settled_engineer(door, terminal)
    digits = issue(door, terminal)
    visitor = visit(door, program)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("NUMBER")
    visitor.type(f"{(int(digits) + 1) % 100000000:08d}")
    visitor.page("NUMBER", error="wrong")
    visitor.picture(f"{program}-wrong-number")
    visitor.type(digits)
    assert door.wait_session(account)["terminal"] == terminal


# As tests/unit/greeter/scenes.c calls it.
SCENE_TERMINAL = "998-放射線部PACS02"


def test_h803_number_that_has_expired(request, new_door, tmp_path):
    """The very letters, in both languages: what the client shows is what is drawn of these words."""
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", clock="2026-11-16T09:00:00+09:00")
    add_terminal(lab.admin, SCENE_TERMINAL, lab.hosts.variables["LAB_SHADOW_PORT"])
    lab.edit_terminal(SCENE_TERMINAL, attended=True)
    account = settled_engineer(lab, SCENE_TERMINAL)
    for language in ("en", "ja"):
        digits = issue(lab, SCENE_TERMINAL)
        visitor = visit(lab, "xfreerdp3", language=language)
        visitor.page("SIGN_IN")
        visitor.sign_in(account, PASSWORD)
        visitor.page("NUMBER")
        lab.pass_time(15)
        visitor.type(digits)
        visitor.page("NUMBER", error="This number is wrong, used or too old.")
        visitor.client.screen.run("xdotool", "mousemove", "5", "5")
        drawn = pixels(reference(request.config.getoption("--build"), tmp_path, 1024, 768, page="number-too-old", language=language))
        wait_for(lambda: shows(visitor.client, drawn, 0), PATIENCE, f"the client says so in {language}", every=0.2)
        visitor.picture("expired-number")
        assert not lab.sessions(account)
    # Another one opens.
    visitor.type(issue(lab, SCENE_TERMINAL))
    assert lab.wait_session(account)["terminal"] == SCENE_TERMINAL
