"""F2: the login log has every attempt with its reason, whoever ended it; in words of both languages."""

import os
import signal

import pytest

from clerk import run
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, add_engineer, knock, settled_engineer


@pytest.fixture(scope="module")
def shared_door(module_door):
    """Where nobody has filled the log: after a flood it takes no rows for some minutes."""
    return module_door


def rows_of(lab, name):
    """The rows of an account, as typed, the oldest first."""
    rows = lab.call("log.logins", application="RDP")["rows"]
    return [row for row in rows if row["account"].removeprefix("998-").partition("@")[0] == name]


def logins(lab, name):
    """The reasons, and None for who was let in. A client that has not read all is `lost` when it leaves."""
    return ["CLIENT_LEFT" if row["reason"] == "CLIENT_LOST" else row["reason"] for row in rows_of(lab, name)]


def wait_logins(lab, name, *expected):
    wait_for(lambda: len(logins(lab, name)) >= len(expected), PATIENCE, f"{len(expected)} rows of {name}")
    assert logins(lab, name) == list(expected)


def at_form(lab, account):
    visitor = knock(lab, account)
    visitor.page("SIGN_IN")
    return visitor


def test_h901_wrong_password_and_then_the_right_one(door):
    account = settled_engineer(door, door.shadow)
    visitor = at_form(door, account)
    visitor.sign_in(account, "not the password", filled_in=True)
    visitor.page("SIGN_IN", error="wrong")
    visitor.sign_in(account, PASSWORD, filled_in=True)
    door.wait_session(account)
    wait_logins(door, account, "TERMINAL_NOT_ASSIGNED", "SIGN_IN_REFUSED", None)


@pytest.mark.parametrize("name,logged", [("nobody", "nobody"), ("Pass word!", "")])
def test_h902_no_account_is_a_row_too(door, name, logged):
    """What no account can be called may be a password: it stands nowhere."""
    before = len(rows_of(door, logged))
    visitor = at_form(door, "")
    visitor.sign_in(name, "something")
    visitor.page("SIGN_IN", error="wrong")
    wait_for(lambda: len(rows_of(door, logged)) == before + 1, PATIENCE, "a row")
    row = rows_of(door, logged)[-1]
    assert (row["result"], row["reason"], row["source"], row["name"]) == ("refused", "SIGN_IN_REFUSED", "127.0.0.1", "")


def test_h903_given_up_before_and_after_the_password(new_door):
    lab = new_door("sign_in.banner='Recorded.'")
    account, initial = add_engineer(lab, lab.shadow, lab.xrdp)
    visitor = knock(lab, account)
    visitor.page("NOTICE")
    visitor.key("Escape")
    wait_logins(lab, account, "SIGN_IN_CANCELLED")
    visitor = knock(lab, account)
    visitor.page("NOTICE")
    visitor.key("Return")
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial, filled_in=True)
    visitor.page("ENROL")
    visitor.client.close()
    wait_logins(lab, account, "SIGN_IN_CANCELLED", "CLIENT_LEFT")


def test_h904_too_late(new_door):
    lab = new_door("sign_in.second_factor=off", "limits.greet=1s")
    lab.raw().introduce(user="taro")
    wait_logins(lab, "taro", "SIGN_IN_TOO_LONG")


def test_h905_a_screen_that_dies(new_door):
    lab = new_door("sign_in.second_factor=off", "sign_in.warm_greeters=1")
    visitor = at_form(lab, "taro")
    for pid in lab.pids("sekisho-greeter"):
        os.kill(pid, signal.SIGKILL)
    wait_logins(lab, "taro", "GREETER_FAULT")
    visitor.client.close()


def test_h906_a_flood(new_door):
    lab = new_door("sign_in.second_factor=off", "sign_in.greeters=1")
    first = at_form(lab, "taro")
    lab.raw().introduce(user="jiro", password=PASSWORD)
    wait_logins(lab, "jiro", "SIGN_IN_BUSY")
    first.client.close()
    wait_logins(lab, "taro", "CLIENT_LEFT")


def test_h907_no_evidence_of_the_device(new_door):
    lab = new_door("sign_in.second_factor=off")
    account = settled_engineer(lab, lab.shadow)
    lab.edit_account(account, allowlist="enforced")
    visitor = at_form(lab, account)
    visitor.sign_in(account, PASSWORD, filled_in=True)
    visitor.page("SORRY", text="Devices are not recognised")
    visitor.client.close()
    wait_logins(lab, account, "TERMINAL_NOT_ASSIGNED", "DEVICE_UNKNOWN")


def test_h908_a_wrong_number(new_door):
    lab = new_door("sign_in.second_factor=off")
    account = settled_engineer(lab, lab.shadow)
    lab.edit_terminal(lab.shadow, attended=True)
    visitor = at_form(lab, account)
    visitor.sign_in(account, PASSWORD, filled_in=True)
    visitor.page("NUMBER")
    visitor.type("12345678")
    visitor.page("NUMBER", error="wrong")
    visitor.client.close()
    wait_logins(lab, account, "TERMINAL_NOT_ASSIGNED", "ATTENDANCE_WRONG")


def test_h909_a_locked_account(new_door):
    lab = new_door("sign_in.second_factor=off")
    account = settled_engineer(lab, lab.shadow)
    lab.call("account.lock", id=account)
    visitor = at_form(lab, account)
    visitor.sign_in(account, PASSWORD, filled_in=True)
    visitor.page("SORRY", text="locked")
    visitor.client.close()
    wait_logins(lab, account, "TERMINAL_NOT_ASSIGNED", "ACCOUNT_LOCKED")


def test_h910_another_account_instead(door):
    """Back from the choice of a terminal: the first one has not got anywhere."""
    account = settled_engineer(door, door.shadow, door.xrdp)
    visitor = at_form(door, account)
    visitor.sign_in(account, PASSWORD, filled_in=True)
    visitor.page("TERMINALS")
    visitor.key("Escape")
    visitor.page("SIGN_IN")
    wait_logins(door, account, "TERMINAL_NOT_ASSIGNED", "SIGN_IN_CANCELLED")
    visitor.client.close()


def test_h911_reasons_are_words_in_both_languages(door):
    name = door.new_name("nobody")
    visitor = at_form(door, name)
    visitor.sign_in(name, "something", filled_in=True)
    visitor.page("SIGN_IN", error="wrong")
    wait_logins(door, name, "SIGN_IN_REFUSED")
    for language, words in (("C.UTF-8", "account, password or code were wrong"),
                            ("ja_JP.UTF-8", "アカウント、パスワード、またはワンタイムコードの誤りです")):
        table = run(door, "log", "logins", "--csv", language=language).stdout
        assert words in table and "SIGN_IN_REFUSED" not in table
    # Each column is as wide as its words.
    assert " 拒否 " in run(door, "log", "logins", language="ja_JP.UTF-8").stdout


def test_h912_sent_back_and_never_seen_again(new_door):
    """The gateway dies before the ticket does, and has not forgotten."""
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=redirect", clock="2026-11-16T09:00:00+09:00")
    account = settled_engineer(lab, lab.shadow)
    visitor = at_form(lab, account)
    visitor.sign_in(account, PASSWORD, filled_in=True)
    visitor.client.wait_redirection()
    visitor.client.close()
    lab.wait_close("SK2411")
    wait_logins(lab, account, "TERMINAL_NOT_ASSIGNED")
    os.kill(lab.gateway_process["pid"], signal.SIGKILL)
    wait_for(lambda: not lab.gateway_runs(), PATIENCE, "the gateway ends")
    lab.pass_time(2)
    lab.start_gateway_again()
    wait_logins(lab, account, "TERMINAL_NOT_ASSIGNED", "REDIRECT_LOST")
    table = run(lab, "log", "logins", "--csv").stdout
    assert "did not come back with it" in table
