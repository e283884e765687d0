"""C1, C4: from an RDP client and nothing else to a desktop, on the same connection and by redirection; and what Client Info
may bring along."""

import pytest

import rdp_clients
import rdp_wire as wire
from conftest import door_of_passwords, one_test
from desktop import Desktop, close_to
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, add_engineer, change_password, knock, settled_engineer, visit

# What the lab's freerdp-shadow shows at its lower left corner.
SHADOW_GROUND = (0x20, 0x40, 0x5A)


@pytest.fixture(scope="module")
def auto_gateway(request, folders, hosts):
    yield from door_of_passwords(request, folders, hosts, handover="auto")


@pytest.fixture
def auto_door(auto_gateway):
    """As `door`, but clients that can follow a redirection are sent one."""
    yield from one_test(auto_gateway)


def sign_in(lab, program, terminal, options=()):
    """Types account and password and chooses this terminal among two: (account, visitor)."""
    account = settled_engineer(lab, lab.shadow, lab.xrdp)
    visitor = visit(lab, program, options=options)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    visitor.page("TERMINALS")
    visitor.choose(sorted([lab.shadow, lab.xrdp]).index(terminal))
    if program == "remmina":
        # A redirection is another connection, before which it asks again.
        rdp_clients.leave_empty(lab, visitor.client, lambda: lab.sessions(account), "Remmina has a session")
    assert lab.wait_session(account)["terminal"] == terminal
    return account, visitor


def wait_shadow(client, *also):
    """The desktop of freerdp-shadow in place of the sign-in screen, of its colour or one of these."""
    wait_for(lambda: any(close_to(client.pixel(8, 760), colour) for colour in (SHADOW_GROUND, *also)), PATIENCE,
             f"{client.name} shows the desktop")


@pytest.mark.parametrize("program", ["xfreerdp3", "xfreerdp2", "rdesktop", "remmina"])
def test_h001_xrdp_on_the_same_connection(door, program):
    account, visitor = sign_in(door, program, door.xrdp)
    desktop = Desktop(door, visitor.client).sign_in()
    assert "signed in" in desktop.run("echo signed in")
    visitor.client.close()
    door.clients.remove(visitor.client)
    assert door.wait_end(account)["terminal"] == door.xrdp


# What rdesktop can show of freerdp-shadow: at 24 bits a pixel, for which it asks by itself, libfreerdp makes other pictures
# (gateway/picture/interleaved.h); at 32 bits those of 3.15 (Debian 13) come out smeared, and at 16 with red and blue exchanged.
OLD_CLIENT = ("-a", "16")
@pytest.mark.parametrize("program,options", [
    ("xfreerdp3", ()), pytest.param("xfreerdp2", (), marks=pytest.mark.long), pytest.param("remmina", (), marks=pytest.mark.long),
    pytest.param("rdesktop", OLD_CLIENT, marks=pytest.mark.long)], ids=["xfreerdp3", "xfreerdp2", "remmina", "rdesktop"])
def test_h002_shadow_on_the_same_connection(door, program, options):
    _, visitor = sign_in(door, program, door.shadow, options)
    wait_shadow(visitor.client, *([SHADOW_GROUND[::-1]] if options == OLD_CLIENT else []))


@pytest.mark.parametrize("program,terminal", [
    ("xfreerdp3", "xrdp"), ("xfreerdp2", "shadow"),
    pytest.param("xfreerdp3", "shadow", marks=pytest.mark.long), pytest.param("xfreerdp2", "xrdp", marks=pytest.mark.long),
    pytest.param("remmina", "xrdp", marks=pytest.mark.long), pytest.param("remmina", "shadow", marks=pytest.mark.long)])
def test_h003_by_redirection(auto_door, program, terminal):
    _, visitor = sign_in(auto_door, program, getattr(auto_door, terminal))
    auto_door.wait_close("SK2411")
    if terminal == "xrdp":
        # Remmina with FreeRDP 3 has shown a form in between, which took the keyboard along: a click does not give it to the
        # picture, Tab does.
        Desktop(auto_door, visitor.client).sign_in(or_press=["Tab"] if program == "remmina" else [])
    else:
        wait_shadow(visitor.client)


def test_h004_rdesktop_cannot_be_redirected_and_stays(auto_door):
    _, visitor = sign_in(auto_door, "rdesktop", auto_door.shadow, OLD_CLIENT)
    wait_shadow(visitor.client, SHADOW_GROUND[::-1])
    assert "SK2411" not in auto_door.log


def redirected(lab):
    """A client that was sent away with a ticket: (account, token, session)."""
    account = settled_engineer(lab, lab.shadow)
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    return account, *visitor.client.wait_redirection()


def come_back(lab, token, session, source="127.0.0.1"):
    """The connection that a redirected client makes; its errors if it gets no desktop."""
    client = lab.raw(source)
    client.send(wire.connection_request(token.removesuffix(b"\r\n")))
    client.read_pdu()
    client.start_tls()
    client.connect_mcs(cluster=(wire.CLUSTER_REDIRECTS | wire.CLUSTER_RETURNS, session))
    client.send_info()
    return client


def test_h005_ticket_of_a_redirection_opens_one_session(auto_door):
    account, token, session = redirected(auto_door)
    first = come_back(auto_door, token, session)
    first.wait_demand_active()
    auto_door.wait_session(account)
    auto_door.call("session.kill", id=auto_door.sessions(account)[0]["id"], because="test")
    auto_door.wait_end(account)
    assert come_back(auto_door, token, session).told() == [wire.ERRINFO_SERVER_DENIED]
    auto_door.wait_close("SK2102")


def test_h006_token_alone_opens_nothing_and_three_guesses_burn_it(auto_door):
    account, token, session = redirected(auto_door)
    for guess in (0, session ^ 1, session ^ 2, session ^ 4):
        assert come_back(auto_door, token, guess).told() == [wire.ERRINFO_SERVER_DENIED]
    assert come_back(auto_door, token, session).told() == [wire.ERRINFO_SERVER_DENIED]
    assert not auto_door.sessions(account)


def test_h007_stolen_token_is_refused_from_elsewhere_and_stays_its_owners(auto_door):
    account, token, session = redirected(auto_door)
    assert come_back(auto_door, token, session, source="127.0.0.9").told() == [wire.ERRINFO_SERVER_DENIED]
    auto_door.wait_close("SK2104")
    come_back(auto_door, token, session).wait_demand_active()
    auto_door.wait_session(account)


def test_h008_client_that_ignores_the_redirection_is_connected_where_it_is(new_door):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=auto", "limits.redirect=700ms")
    account = settled_engineer(lab, lab.shadow)
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    token, session = visitor.client.wait_redirection()
    visitor.client.activate()
    assert lab.wait_session(account)["terminal"] == lab.shadow
    # Its ticket is worthless by then, though its time is not over.
    assert come_back(lab, token, session).told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2102")


# Credentials in Client Info

@pytest.mark.parametrize("separator", "%#")
def test_h010_account_and_terminal_and_password_show_no_screen(door, separator):
    account = settled_engineer(door, door.shadow, door.xrdp)
    start = len(door.log)
    client = door.raw()
    client.introduce(user=f"{account}{separator}{door.shadow}", password=PASSWORD)
    client.wait_demand_active()
    assert door.wait_session(account)["terminal"] == door.shadow
    assert "shows a page" not in door.log[start:]


def test_h011_only_terminal_needs_not_be_named(door):
    account = settled_engineer(door, door.shadow)
    client = door.raw()
    client.introduce(user=account, password=PASSWORD)
    client.wait_demand_active()
    assert door.wait_session(account)["terminal"] == door.shadow


def test_h012_two_terminals_and_none_named_are_asked_for(door):
    account = settled_engineer(door, door.shadow, door.xrdp)
    visitor = knock(door, account, PASSWORD)
    visitor.page("TERMINALS")
    visitor.choose()
    door.wait_session(account)


def test_h013_account_without_password_is_asked_for_it_alone(door):
    account = settled_engineer(door, door.shadow)
    visitor = knock(door, f"{account}%{door.shadow}")
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD, filled_in=True)
    assert door.wait_session(account)["terminal"] == door.shadow


def test_h014_wrong_password_is_told_on_the_screen_and_may_be_mended(door):
    account = settled_engineer(door, door.shadow)
    visitor = knock(door, f"{account}%{door.shadow}", "not the password")
    visitor.page("SIGN_IN", error="wrong")
    visitor.sign_in(account, PASSWORD, filled_in=True)
    assert door.wait_session(account)["terminal"] == door.shadow


def test_h015_terminal_that_is_not_the_accounts_is_not_told_from_one_that_does_not_exist(door):
    account = settled_engineer(door, door.shadow)
    seen = []
    for terminal in (door.xrdp, "998-no such terminal"):
        visitor = knock(door, f"{account}%{terminal}", PASSWORD)
        page = visitor.page("TERMINALS", error=terminal)
        seen.append(page["error"].replace(terminal, "it"))
        visitor.client.close()
    assert seen[0] == seen[1]


def test_h016_real_client_with_saved_password_sees_no_screen(door):
    account = settled_engineer(door, door.shadow)
    visitor = visit(door, "xfreerdp3", f"{account}%{door.shadow}", options=["/p:" + PASSWORD])
    wait_shadow(visitor.client)
    assert not visitor.pages()


def test_h017_what_everybody_must_acknowledge_is_read_before_the_desktop(new_door):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", "sign_in.banner='Recorded.'",
                   "sign_in.banner_shown=always", "sign_in.notices=[{text: 'PACS is slow.', shown: always}, {text: 'News.'}]")
    account = lab_engineer(lab)
    visitor = knock(lab, f"{account}%{lab.shadow}", PASSWORD)
    visitor.page("NOTICE", text="Recorded.")
    assert not lab.sessions(account)
    visitor.key("Return")
    visitor.page("NOTICE", text="PACS is slow.")
    assert not lab.sessions(account)
    visitor.key("Return")
    # There is a screen now: what is for everybody who sees one is read as well.
    visitor.page("NOTICE", text="News.")
    visitor.key("Return")
    assert lab.wait_session(account)["terminal"] == lab.shadow


def test_h018_notice_for_everybody_opens_the_screen_after_the_password(new_door):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", "sign_in.banner='Recorded.'",
                   "sign_in.notices=[{text: 'News.'}, {text: 'PACS is slow.', shown: always}]")
    account = lab_engineer(lab)
    visitor = knock(lab, f"{account}%{lab.shadow}", PASSWORD)
    read_notices(visitor, "Recorded.", "News.", "PACS is slow.")
    assert lab.wait_session(account)["terminal"] == lab.shadow


def test_h019_who_only_lacks_the_terminal_reads_banner_and_notices(new_door):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", "sign_in.banner='Recorded.'",
                   "sign_in.notices=[{text: 'News.'}]")
    account = lab_engineer(lab)
    lab.edit_account(account, terminals=[lab.shadow, lab.xrdp])
    visitor = knock(lab, account, PASSWORD)
    read_notices(visitor, "Recorded.", "News.")
    visitor.page("TERMINALS")
    visitor.client.close()
    # With everything at hand nobody sees a screen, and so neither.
    knock(lab, f"{account}%{lab.shadow}", PASSWORD)
    assert lab.wait_session(account)["terminal"] == lab.shadow


def read_notices(visitor, *texts):
    for text in texts:
        visitor.page("NOTICE", text=text)
        visitor.key("Return")


def lab_engineer(lab):
    """As settled_engineer, where a banner and notices stand in the way."""
    account, initial = add_engineer(lab)
    visitor = knock(lab)
    visitor.page("NOTICE", text="Recorded.")
    visitor.key("Return")
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    change_password(visitor)
    while visitor.next_page()["name"] == "NOTICE":
        visitor.key("Return")
    visitor.client.close()
    lab.edit_account(account, terminals=[lab.shadow])
    return account
