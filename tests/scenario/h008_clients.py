"""What people are told, in every RDP client that they may bring: typed with xdotool, seen on its screen.

Where each demanded pair of client and way is shown (L: with --long):

                               xfreerdp3    xfreerdp 2   rdesktop     Remmina
    xrdp, in-band              h001         h001         h001         h001
    freerdp-shadow, in-band    h002         h002 L       h802 1)      h002 L
    xrdp, by redirection       h003         h003 L       h004 2)      h003 L
    freerdp-shadow, likewise   h003 L       h003         h004 2)      h003 L
    first sign-in, English     h101         h101 L       h101 L       h101 L
    first sign-in, Japanese    h101         h101 L       h101 L       h101
    expired, locked, hours     h801, h203   h801 L       h801 L       h801 L
    wrong MAC address          h211         h211 L       h211 L       h211 L
    number wrong and right     h802         h802 L       h802 L       h802 L

1) Its session begins; it knows none of the pictures that freerdp-shadow sends. 2) It cannot be redirected, and stays.
"""

import pytest

from h003_refusals import expire, lock, out_of_hours
from h004_attended import issue
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
