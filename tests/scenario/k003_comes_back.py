"""How a session signs on to its jump host once more, when its client comes back after a lost connection (B3, 8): by itself with what is
stored, and with what is typed there; with what was passed through only where it is shown again."""

import pytest

from h001_sign_in import wait_shadow
from i001_nla import PASSWORD as PASSWORD_THERE
from i001_nla import USER, with_credentials
from i500_reconnect import AUTO_RECONNECT, new_cable, wait_connections  # noqa: F401 (new_cable is a fixture)
from jump_hosts import nla_shadow
from lab_parts.processes import PATIENCE, wait_for
from visitor import PASSWORD, Visitor, settled_engineer, visit

ACCOUNTS = [f"passing{number}" for number in range(4)]
NAMES = iter(ACCOUNTS)


@pytest.fixture(scope="module")
def shared_door(module_door):
    return module_door


@pytest.fixture(scope="module")
def shadow(hosts):
    with nla_shadow(hosts, {USER: PASSWORD_THERE, **dict.fromkeys(ACCOUNTS, PASSWORD)}) as port:
        yield port


@pytest.fixture
def settled(door):
    """An account of the test's own that has PASSWORD here, as at the jump host."""
    return settled_engineer(door, name=next(NAMES))


def passing_terminal(door, port, account, nla):
    terminal = door.add_terminal(port)
    door.edit_terminal(terminal, credentials="pass-through", nla=nla)
    door.edit_account(account, terminals=[terminal])
    return terminal


def at_screen(door, cable, account, *options):
    """At the desktop by the sign-in screen."""
    visitor = visit(door, "xfreerdp3", options=(f"/v:127.0.0.1:{cable.port}", *AUTO_RECONNECT, *options))
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    wait_shadow(visitor.client)
    return visitor, door.wait_session(account)["id"]


def wait_another(door, account, session):
    def other():
        rows = [row for row in door.sessions(account) if row["id"] != session and row["phase"] == "BRIDGE"]
        return rows and rows[0]
    return wait_for(other, PATIENCE, "another session of the account")


def test_k030_what_is_stored_signs_on_again_by_itself(lab, shadow, new_cable):  # noqa: F811
    terminal = with_credentials(lab, lab.add_terminal(shadow))
    cable = new_cable(lab)
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket.in_a_window(), f"/v:127.0.0.1:{cable.port}", *AUTO_RECONNECT)
    wait_shadow(client)
    session = lab.wait_session(account)["id"]
    for count in (2, 3):
        cable.cut()
        assert wait_connections(lab, account, count)["id"] == session
        wait_shadow(client)


@pytest.mark.parametrize("nla", ["required", "auto"])
def test_k031_what_was_passed_through_is_typed_again(door, settled, shadow, new_cable, nla):  # noqa: F811
    terminal = passing_terminal(door, shadow, settled, nla)
    cable = new_cable(door)
    visitor, session = at_screen(door, cable, settled)
    cable.cut()
    again = Visitor(door, visitor.client)
    again.page("SIGN_IN", error="The connection was lost. Sign in again: your password was not kept.")
    door.wait_log(r"SK2245\b")
    again.sign_in(settled, PASSWORD)
    row = wait_another(door, settled, session)
    assert row["terminal"] == terminal
    wait_shadow(visitor.client)
    assert "SK2236" not in door.log, "the jump host was not asked without a password"


def test_k032_a_client_that_has_the_password_shows_it_by_itself(door, settled, shadow, new_cable):  # noqa: F811
    passing_terminal(door, shadow, settled, "required")
    cable = new_cable(door)
    visitor = visit(door, "xfreerdp3", settled, options=(f"/v:127.0.0.1:{cable.port}", "/p:" + PASSWORD, *AUTO_RECONNECT))
    wait_shadow(visitor.client)
    session = door.wait_session(settled)["id"]
    cable.cut()
    wait_another(door, settled, session)
    wait_shadow(visitor.client)
    assert not Visitor(door, visitor.client).pages(), "nobody was asked anything"


def test_k033_without_nla_the_jump_host_asks(door, settled, new_cable):  # noqa: F811
    """The same session: whoever is back types at the jump host, as it asks them."""
    passing_terminal(door, door.hosts.variables["LAB_SHADOW_PORT"], settled, "auto")
    cable = new_cable(door)
    visitor, session = at_screen(door, cable, settled)
    cable.cut()
    assert wait_connections(door, settled, 2)["id"] == session
    wait_shadow(visitor.client)
