"""C7: a terminal into which somebody at the hospital lets the engineer, by a number or by consent."""

import json
import re

import pytest

from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, knock, settled_engineer, visit


@pytest.fixture
def attended(door):
    """(account, terminal): the terminal is attended and has this account alone."""
    terminal = door.add_terminal(door.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    return settled_engineer(door, terminal), terminal


def at_number(lab, account):
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("NUMBER")
    return visitor


def issue(lab, terminal, *more):
    return lab.admin.json("attend", "issue", "--terminal", terminal, *more)["digits"]


def test_h401_number_opens_one_session(door, attended):
    account, terminal = attended
    digits = issue(door, terminal)
    assert re.fullmatch(r"\d{8}", digits)
    visitor = at_number(door, account)
    # As it is said on the telephone.
    visitor.type(f"{digits[:4]} {digits[4:]}")
    session = door.wait_session(account)
    assert session["terminal"] == terminal
    shown = door.admin.json("session", "list")["sessions"]
    assert "unix:root" in json.dumps([one for one in shown if one["id"] == session["id"]])
    visitor.client.close()
    door.wait_end(account)
    again = at_number(door, account)
    again.type(digits)
    again.page("NUMBER", error="wrong")


def test_h402_wrong_number_may_be_mended(door, attended):
    account, terminal = attended
    digits = issue(door, terminal)
    visitor = at_number(door, account)
    visitor.type(f"{(int(digits) + 1) % 100000000:08d}")
    visitor.page("NUMBER", error="This number is wrong, used or too old.")
    assert not door.sessions(account)
    visitor.type(digits)
    assert door.wait_session(account)["let_in_by"] == "unix:root"
    assert door.call("attend.list", terminal=terminal)["numbers"] == []


def test_h403_number_of_another_terminal_is_wrong(door, attended):
    account, _ = attended
    other = door.add_terminal(door.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    visitor = at_number(door, account)
    visitor.type(issue(door, other))
    visitor.page("NUMBER", error="wrong")


def test_h404_cancelled_number_is_wrong(door, attended):
    account, terminal = attended
    issued = door.admin.json("attend", "issue", "--terminal", terminal)
    door.call("attend.cancel", number=issued["number"])
    visitor = at_number(door, account)
    visitor.type(issued["digits"])
    visitor.page("NUMBER", error="wrong")


def waiting(lab, account):
    def found():
        rows = lab.call("attend.list")["waiting"]
        return next((row for row in rows if account in row["account"]), None)
    return wait_for(found, PATIENCE, f"{account} waits for permission")


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "refused"])
def test_h405_consent_while_the_engineer_waits(door, attended, allowed):
    account, terminal = attended
    visitor = at_number(door, account)
    # Nothing typed: ask somebody.
    visitor.type("")
    visitor.page("WAITING")
    row = waiting(door, account)
    assert row["terminal"] == terminal and row["source"].startswith("127.0.0.1")
    if allowed:
        door.admin.text("attend", "allow", str(row["id"]), "--yes")
        assert door.wait_session(account)["terminal"] == terminal
    else:
        door.admin.text("attend", "refuse", str(row["id"]), "--because", "nobody called", "--yes")
        visitor.page("SORRY")
        assert not door.sessions(account)


def test_h406_engineer_who_leaves_waits_no_longer(door, attended):
    account, _ = attended
    visitor = at_number(door, account)
    visitor.type("")
    visitor.page("WAITING")
    waiting(door, account)
    visitor.client.close()
    wait_for(lambda: not [row for row in door.call("attend.list")["waiting"] if account in row["account"]],
             PATIENCE,
             "the list forgets who has left")


def test_h407_pages_in_both_languages(door, attended):
    account, _ = attended
    for language in ("en", "ja"):
        visitor = visit(door, "xfreerdp3", language=language)
        visitor.page("SIGN_IN")
        visitor.sign_in(account, PASSWORD)
        visitor.page("NUMBER")
        visitor.picture("number")
        visitor.key("Return")
        visitor.page("WAITING")
        visitor.picture("waiting")
