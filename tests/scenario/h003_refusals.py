"""C4, E: whoever is refused reads why on the screen, and before the password was right nobody learns anything."""

import pytest

from c001_policy import day, hours_elsewhere, lock
from jump_hosts import serves_a_session
from lab_parts.network import free_port
from lab_parts.processes import PATIENCE, wait_for
from two_hosts import CLIENT, CLIENT_MAC, STRANGER, office  # noqa: F401
from visitor import PASSWORD, add_engineer, change_password, knock, settled_engineer, visit


# Of a source with many refusals the login log takes no more for some minutes. Nobody else comes from here.
UNHEARD = "127.0.3.1"


def tried(lab, account, password, **options):
    """What the screen says after these credentials."""
    visitor = knock(lab, **options)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, password)
    page = visitor.next_page()
    visitor.client.close()
    return {key: value for key, value in page.items() if key not in ("conn", "src")}


def test_h201_wrong_password_and_unknown_account_are_told_alike(door):
    account = settled_engineer(door, door.shadow)
    wrong = tried(door, account, "not the password", source=UNHEARD)
    unknown = tried(door, "nobody-of-this-name", "not the password", source=UNHEARD)
    assert wrong == unknown and wrong["name"] == "SIGN_IN" and "wrong" in wrong["error"]
    # The login log has both, soon: they are written while the screen goes on.

    def names():
        rows = door.all_rows("log.logins", result="refused", application="RDP", source=UNHEARD)
        return {row["account"].removeprefix("998-").partition("@")[0] for row in rows}
    wait_for(lambda: {account, "nobody-of-this-name"} <= names(), PATIENCE, "both are in the login log")


def expire(lab, account, _):
    lab.edit_account(account, valid_from=day(-3), valid_until=day(-1))


def not_yet(lab, account, _):
    lab.edit_account(account, valid_from=day(1), valid_until=day(2))


def out_of_hours(lab, account, _):
    lab.edit_account(account, hours=hours_elsewhere())


def no_terminal(lab, account, terminal):
    lab.edit_account(account, terminals=[])


def need_device(lab, account, _):
    lab.edit_account(account, allowlist="enforced", macs=[CLIENT_MAC])


REFUSALS = [
    (lock, "locked"),
    (expire, "was valid until"),
    (not_yet, "not valid before"),
    (out_of_hours, "outside your hours"),
    (no_terminal, "No terminal is assigned"),
    (need_device, "Devices are not recognised on this way in"),
]


@pytest.mark.parametrize("change,says", REFUSALS, ids=lambda value: getattr(value, "__name__", ""))
def test_h202_rule_refuses_after_the_password_and_says_why(door, change, says):
    account = settled_engineer(door, door.shadow)
    change(door, account, door.shadow)
    # Before the password was right nothing is said.
    assert "wrong" in tried(door, account, "not the password")["error"]
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("SORRY", text=says)
    assert not door.sessions(account)


def test_h207_who_is_locked_need_not_choose_a_password_first(door):
    account, initial = add_engineer(door, door.shadow)
    door.call("account.lock", id=account)
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    visitor.page("SORRY", text="locked")
    # As it was: unlocked, the change is asked for.
    door.call("account.unlock", id=account)
    visitor.key("Return")
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial, filled_in=True)
    change_password(visitor)
    door.wait_session(account)


def test_h203_reason_is_readable_in_both_languages(door):
    account = settled_engineer(door, door.shadow)
    door.edit_account(account, hours=hours_elsewhere())
    for language in ("en", "ja"):
        visitor = visit(door, "xfreerdp3", language=language)
        visitor.page("SIGN_IN")
        visitor.sign_in(account, PASSWORD)
        visitor.page("SORRY", text="outside your hours")
        visitor.picture("outside-hours")


def test_h204_host_that_is_down_leads_to_another_terminal(door):
    gone = door.add_terminal(free_port(), trust="00" * 32)
    account = settled_engineer(door, gone, door.shadow)
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("TERMINALS")
    visitor.choose(sorted([gone, door.shadow]).index(gone))
    visitor.page("SORRY", text="does not answer")
    visitor.key("Return")
    visitor.page("TERMINALS")
    visitor.choose(sorted([gone, door.shadow]).index(door.shadow))
    assert door.wait_session(account)["terminal"] == door.shadow


def test_h205_host_with_another_certificate_is_not_shown(door):
    host = door.fake_host(serves_a_session)
    terminal = door.add_terminal(host.port, trust="ab" * 32)
    account = settled_engineer(door, terminal)
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("SORRY", text="certificate is another")


def test_h206_full_terminal_names_who_has_it(door):
    terminal = door.add_terminal(door.hosts.variables["LAB_SHADOW_PORT"])
    door.edit_terminal(terminal, capacity=1)
    first, second = settled_engineer(door, terminal), settled_engineer(door, terminal, door.shadow)
    client = door.raw()
    client.introduce(user=first, password=PASSWORD)
    client.wait_demand_active()
    door.wait_session(first)
    visitor = visit(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(second, PASSWORD)
    visitor.page("TERMINALS")
    visitor.picture("terminals-in-use")
    # The caret stands on the first that is free.
    visitor.choose()
    assert door.wait_session(second)["terminal"] == door.shadow


# Device evidence (E)

@pytest.fixture
def clinic(office):  # noqa: F811
    """Clients are known by the kernel's neighbour table."""
    lab = office("neighbour", "sign_in.second_factor=off", "listeners.0.handover=in-band", "health.every=0",
                 only=("shadow", "sign-in", "gateway"))
    lab.pictures = None
    return lab


def sign_in_from_next_door(lab, *macs, program="xfreerdp3"):
    terminal = lab.variables["LAB_TERMINAL_SHADOW"]
    account, initial = add_engineer(lab, terminal)
    lab.edit_account(account, allowlist="enforced", macs=list(macs))
    visitor = visit(lab, program)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    visitor.page("PROMPT")
    visitor.type(PASSWORD)
    visitor.page("PROMPT")
    visitor.type(PASSWORD)
    return account, visitor


def test_h210_registered_device_gets_in(clinic):
    account, _ = sign_in_from_next_door(clinic, CLIENT_MAC)
    session = clinic.wait_session(account)
    assert (session["evidence"], session["device"], session["source"]) == ("neighbour", CLIENT_MAC.upper(), CLIENT)


@pytest.mark.parametrize("program", ["xfreerdp3", *(pytest.param(program, marks=pytest.mark.long)
                                                    for program in ("xfreerdp2", "rdesktop", "remmina"))])
def test_h211_other_device_is_told_so(clinic, program):
    account, visitor = sign_in_from_next_door(clinic, STRANGER, program=program)
    visitor.page("SORRY", text="This device is not registered")
    # The administrator learns which address was seen.
    assert CLIENT_MAC.upper() in clinic.log
    assert not clinic.sessions(account)
