"""C1, C2, C9: the first sign-in with a telephone and a new password, as a person does it; banner and notices; every page in
both languages."""

import pytest

from visitor import PASSWORD, add_engineer, change_password, code_of, key_uri, knock, seed_of, settled_engineer, visit

BANNER = "許可された保守作業に限ります。操作は記録されます。 Authorised maintenance only. What you do is logged."
NOTICE = "PACS maintenance on 21 November, 22:00-24:00."


def enrol(visitor):
    """On the page ENROL: reads the QR code off the screen; returns the seed."""
    return seed_of(key_uri(visitor))


@pytest.mark.parametrize("program,language", [
    ("xfreerdp3", "en"), ("xfreerdp3", "ja"), ("remmina", "ja"),
    pytest.param("remmina", "en", marks=pytest.mark.long), pytest.param("xfreerdp2", "en", marks=pytest.mark.long),
    pytest.param("xfreerdp2", "ja", marks=pytest.mark.long), pytest.param("rdesktop", "en", marks=pytest.mark.long),
    pytest.param("rdesktop", "ja", marks=pytest.mark.long)])
def test_h101_first_sign_in_binds_a_telephone_and_changes_the_password(new_door, program, language):
    lab = new_door(f"sign_in.banner='{BANNER}'", f"sign_in.notices=[{{text: '{NOTICE}'}}]", "listeners.0.handover=in-band")
    account, initial = add_engineer(lab, lab.shadow, lab.xrdp)
    visitor = visit(lab, program, language=language)
    visitor.page("NOTICE", text="Authorised maintenance only")
    visitor.picture("banner")
    visitor.key("Return")

    visitor.page("SIGN_IN")
    visitor.picture("sign-in")
    visitor.sign_in(account, initial)

    visitor.page("ENROL")
    seed = enrol(visitor)
    visitor.type("000000")
    visitor.page("ENROL", error="six digits")
    assert enrol(visitor) == seed
    visitor.type(code_of(seed))

    visitor.page("PROMPT", prompt="New password")
    visitor.picture("new-password")
    # Told before it would be typed again.
    visitor.type("short")
    visitor.page("PROMPT", prompt="New password", error="too short")
    visitor.picture("too-short")
    visitor.type(PASSWORD)
    visitor.page("PROMPT", prompt="Retype the new password")
    visitor.type(PASSWORD)

    visitor.page("NOTICE", text="PACS maintenance")
    visitor.picture("notice")
    visitor.key("Return")
    visitor.page("TERMINALS")
    visitor.picture("terminals")
    visitor.choose()
    assert lab.wait_session(account)


def register(lab, *terminals):
    """An account with PASSWORD and a telephone: (account, seed). The code that bound it was that of now."""
    account, initial = add_engineer(lab, *terminals)
    visitor = visit(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    visitor.page("ENROL")
    seed = enrol(visitor)
    visitor.type(code_of(seed))
    change_password(visitor)
    visitor.page("TERMINALS")
    visitor.client.close()
    lab.clients.remove(visitor.client)
    return account, seed


def at_code(lab, account):
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("PROMPT", prompt="One-time code")
    return visitor


def test_h102_code_opens_once(new_door):
    lab = new_door()
    account, seed = register(lab, lab.shadow, lab.xrdp)
    # The step of now was used by the registration: the next one is as good.
    code = code_of(seed, "now + 30 seconds")
    first = at_code(lab, account)
    first.type(code)
    first.page("TERMINALS")
    second = at_code(lab, account)
    second.type(code)
    second.page("SIGN_IN", error="wrong")
    # Nor is one that is too old, or too early.
    for when in ("now - 5 minutes", "now + 5 minutes"):
        visitor = at_code(lab, account)
        visitor.type(code_of(seed, when))
        visitor.page("SIGN_IN", error="wrong")


def test_h103_wrong_code_binds_nothing(new_door):
    lab = new_door()
    account, initial = add_engineer(lab, lab.shadow)
    for _ in range(2):
        visitor = knock(lab)
        visitor.page("SIGN_IN")
        visitor.sign_in(account, initial)
        visitor.page("ENROL")
        visitor.type("000000")
        visitor.page("ENROL")
        visitor.client.close()


def test_h104_lost_telephone_is_replaced_by_the_administrator(new_door):
    lab = new_door()
    account, seed = register(lab, lab.shadow, lab.xrdp)
    lab.admin.text("account", "reset-second-factor", account, "--yes")
    visitor = visit(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("ENROL")
    assert enrol(visitor) != seed


def test_h105_escape_leads_back_and_then_out(door):
    account = settled_engineer(door, door.shadow, door.xrdp)
    visitor = knock(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("TERMINALS")
    visitor.key("Escape")
    visitor.page("SIGN_IN")


def test_h106_expired_password_is_changed_on_the_screen(new_door):
    lab = new_door("sign_in.second_factor=off", "sign_in.password_policy=two-months", clock="2026-11-16T09:00:00+09:00")
    account = settled_engineer(lab, lab.shadow, lab.xrdp)
    lab.set_clock("2027-01-20T09:00:00+09:00")
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("PROMPT", prompt="New password")
    # The earlier one may not come again.
    visitor.type(PASSWORD)
    visitor.page("PROMPT", prompt="New password", error="used before")
    visitor.type("Aka-matsu-2027-y")
    visitor.page("PROMPT", prompt="Retype the new password")
    visitor.type("Aka-matsu-2027-y")
    visitor.page("TERMINALS")
