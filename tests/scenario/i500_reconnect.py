"""A session that will not die quietly: automatic reconnection (MS-RDPBCGR 1.3.1.5) after a lost network comes back to the same
session, without a ticket and without the sign-in screen; and nothing else does."""

import hashlib
import hmac
import re
import struct
import time

import pytest

import rdp_wire as wire
from conftest import door_of_passwords, one_test
from cuttable import Cable
from h001_sign_in import wait_shadow
from lab_parts.facility import AdminError
from lab_parts.processes import PATIENCE, wait_for
from typist import Typist
from visitor import PASSWORD, Visitor, settled_engineer, visit

DATA_SAVE_SESSION_INFO = 0x26
AUTO_RECONNECT = ("+auto-reconnect", "/auto-reconnect-max-retries:20")
HOST_COOKIE = (0x5001, bytes(range(100, 116)))
PAGE = "the sign-in screen shows a page"


@pytest.fixture(scope="module")
def shared_door(module_door):
    return module_door


@pytest.fixture(scope="module")
def redirecting_gateway(request, folders, hosts):
    yield from door_of_passwords(request, folders, hosts, handover="redirect")


@pytest.fixture
def redirecting_door(redirecting_gateway):
    yield from one_test(redirecting_gateway)


@pytest.fixture
def new_cable():
    """new_cable(lab): a network to its gateway that can be cut."""
    made = []

    def make(lab):
        made.append(Cable(lab.address))
        return made[-1]
    yield make
    for cable in made:
        cable.close()


def wait_connections(lab, account, count):
    """The account's only session is carried by its count-th connection, and in use."""
    def carried():
        [row] = lab.history(account)
        return row["connections"] == count
    wait_for(carried, PATIENCE, f"connection {count} of the session")
    return lab.wait_session(account)


# With real clients

def comes_back_by_itself(lab, cable, cut):
    account = settled_engineer(lab, lab.shadow)
    visitor = visit(lab, "xfreerdp3", options=(f"/v:127.0.0.1:{cable.port}", *AUTO_RECONNECT))
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    wait_shadow(visitor.client)
    session = lab.wait_session(account)["id"]
    pages = lab.log.count(PAGE)
    for count in (2, 3):
        cut()
        assert wait_connections(lab, account, count)["id"] == session
        wait_shadow(visitor.client)
        shown = visitor.client.look()
        wait_for(lambda before=shown: visitor.client.look() != before, PATIENCE, "the picture moves")
    assert lab.log.count(PAGE) == pages, "nobody was asked anything"
    return account, visitor


def test_i501_in_band_session_comes_back_after_a_cut(door, new_cable):
    cable = new_cable(door)
    comes_back_by_itself(door, cable, cable.cut)
    assert len(re.findall("SK2262", door.log)) == 2


def test_i502_redirected_session_comes_back_after_a_cut(redirecting_door, new_cable):
    cable = new_cable(redirecting_door)
    comes_back_by_itself(redirecting_door, cable, cable.cut)


def test_i503_half_open_connection_is_closed_first(door, new_cable):
    """The gateway does not know that the client has gone."""
    cable = new_cable(door)
    account, visitor = comes_back_by_itself(door, cable, cable.cut_near_end)
    assert len(re.findall(r"SK2401\b.*end=GB", door.log)) == 2
    visitor.client.close()
    door.clients.remove(visitor.client)
    assert door.wait_end(account)["connections"] == 3


def test_i504_ticket_session_comes_back_through_a_listener_without_a_sign_in_screen(lab, new_cable):
    cable = new_cable(lab)
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket.in_a_window(), f"/v:127.0.0.1:{cable.port}", *AUTO_RECONNECT)
    client.wait_picture()
    session = lab.wait_session(account)["id"]
    cable.cut()
    assert wait_connections(lab, account, 2)["id"] == session
    client.wait_picture()


# Byte by byte: who may come back, to what, and what everybody is told

def cookie_of(pdu):
    """(logon id, ArcRandomBits) of a Save Session Info PDU (2.2.10.1), or None."""
    channel, content = wire.send_data_of(pdu) if pdu[0] == 3 else (None, b"")
    if channel != wire.IO_CHANNEL or wire.share_data_of(content)[1] != DATA_SAVE_SESSION_INFO:
        return None
    kind, _, fields, length, packet, version, logon = struct.unpack_from("<IHIIIII", content, 18)
    assert (kind, fields & 1, length, packet, version) == (3, 1, 28, 28, 1)
    return logon, content[44:60]


def save_session_info(cookie):
    """2.2.10.1.1.4 with a cookie, on the I/O channel of a jump host."""
    body = struct.pack("<IHIIIII", 3, 608, 1, 28, 28, 1, cookie[0]) + cookie[1] + bytes(570)
    data = struct.pack("<IBBHBBH", 0x103EA, 0, 1, len(body) + 4, DATA_SAVE_SESSION_INFO, 0, 0) + body
    return wire.share_control(wire.PDU_DATA, 1002, data)


def verifier(cookie):
    """5.5: there is no client random with TLS, so it is zeros."""
    return hmac.new(cookie[1], bytes(32), hashlib.md5).digest()


def shown_cookie(info):
    """(logon id, verifier) at the end of a Client Info PDU, or None if its cookie has no length."""
    if struct.unpack_from("<H", info, len(info) - 2)[0] == 0:
        return None
    length, packet, version, logon = struct.unpack_from("<HIII", info, len(info) - 30)
    assert (length, packet, version) == (28, 28, 1)
    return logon, info[-16:]


class Traveller(Typist):
    """A client that reconnects when it is told to."""

    def arrive_again(self, cookie, shown=None, user=""):
        """Up to Client Info with a cookie, of which `shown` is the verifier."""
        self.send(wire.connection_request())
        self.read_pdu()
        self.start_tls()
        self.connect_mcs()
        packet = struct.pack("<III", 28, 1, cookie[0]) + (shown or verifier(cookie))
        content = wire.client_info(user)
        content = content[:-2] + struct.pack("<H", len(packet)) + packet
        self.send(wire.send_data_request(self.user, wire.IO_CHANNEL, content))
        return self

    def wait_cookie(self):
        return cookie_of(self.read_until(cookie_of))


def travel(lab, source="127.0.0.1"):
    return lab.raw(source, kind=Traveller)


def with_cookies(*cookies):
    """A jump host's script: a desktop, and these cookies."""
    def script(peer):
        peer.host.peer = peer
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        peer.read_until(lambda pdu: Typist.data_type(pdu) == 0x27)  # Font List
        peer.send_io(wire.FONT_MAP)
        for cookie in cookies:
            peer.send_io(save_session_info(cookie))
        peer.stay()
    return script


def infos(host):
    """The Client Info PDUs that a jump host was sent."""
    return [pdu for pdu in host.received if pdu[0] == 3 and b"1\x002\x007\x00.\x000" in pdu]


def in_session(lab, *cookies):
    """Signed in, at a scripted jump host: (account, host, client, the cookie that it was given)."""
    host = lab.fake_host(with_cookies(*cookies))
    terminal = lab.trusted_terminal(host)
    account = settled_engineer(lab, terminal)
    client = travel(lab)
    client.arrive()
    visitor = Visitor(lab, client)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, PASSWORD)
    client.activate()
    return account, host, client, client.wait_cookie()


def failures(lab):
    """How many automatic reconnections the login log has as failures."""
    return sum(len(lab.call("log.logins", reason=reason)["rows"]) for reason in ("RESUME_WRONG", "RESUME_SOURCE"))


def must_sign_in(lab, come, counts=0, page="SIGN_IN"):
    """Who comes like this is a new client; and it was a failure, or not."""
    before = failures(lab)
    client = come()
    client.activate()
    Visitor(lab, client).page(page)
    if counts:
        wait_for(lambda: failures(lab) > before, PATIENCE, "the failure is logged")
    assert failures(lab) == before + counts


def test_i510_the_cookie_is_the_gateways_and_the_hosts_goes_back_to_that_host_alone(door):
    account, host, client, cookie = in_session(door, HOST_COOKIE)
    second = client.wait_cookie()  # in the place of the host's
    assert second == cookie and cookie[1] != HOST_COOKIE[1] and cookie[0] != HOST_COOKIE[0]
    other_account, other_host, other_client, other_cookie = in_session(door)
    assert other_cookie != cookie

    client.close()
    again = travel(door).arrive_again(cookie)
    again.activate()
    wait_connections(door, account, 2)
    assert [shown_cookie(info) for info in infos(host)] == [None, (HOST_COOKIE[0], verifier(HOST_COOKIE))]

    # The other session's host has given none, and gets none.
    other_client.close()
    travel(door).arrive_again(other_cookie).activate()
    wait_connections(door, other_account, 2)
    assert [shown_cookie(info) for info in infos(other_host)] == [None, None]


def test_i517_the_hosts_cookie_is_not_shown_to_another_machine(door):
    """The terminal leads elsewhere meanwhile: what the first host gave would let the second one in there."""
    account, host, client, cookie = in_session(door, HOST_COOKIE)
    terminal = door.wait_session(account)["terminal"]
    client.wait_cookie()
    client.close()
    other = door.fake_host(with_cookies())
    door.edit_terminal(terminal, port=other.port)
    door.admin.text("terminal", "trust", terminal, "--yes")
    travel(door).arrive_again(cookie).activate()
    wait_connections(door, account, 2)
    assert [shown_cookie(info) for info in infos(other)] == [None]


def test_i511_wrong_verifier_is_a_failure_and_signs_in(door):
    account, _, client, cookie = in_session(door)
    client.close()
    must_sign_in(door, lambda: travel(door).arrive_again(cookie, bytes(16)), counts=1)
    # The host's cookie opens nothing here, whoever has it.
    must_sign_in(door, lambda: travel(door).arrive_again((cookie[0], HOST_COOKIE[1])), counts=1)
    # Nobody has such a session: somebody whose session is long over.
    must_sign_in(door, lambda: travel(door).arrive_again((cookie[0] ^ 1, cookie[1])))
    # And the one who has it comes back all the same.
    travel(door).arrive_again(cookie).activate()
    wait_connections(door, account, 2)


def test_i512_cookie_is_void_once_there_is_a_new_one(door):
    account, _, client, cookie = in_session(door)
    client.close()
    again = travel(door).arrive_again(cookie)
    again.activate()
    new = again.wait_cookie()
    assert new[1] != cookie[1]
    wait_connections(door, account, 2)
    again.close()
    must_sign_in(door, lambda: travel(door).arrive_again(cookie), counts=1)
    travel(door).arrive_again(new).activate()
    wait_connections(door, account, 3)


def test_i513_client_that_was_cut_off_before_its_new_cookie_has_the_old_one(door):
    account, _, client, cookie = in_session(door)
    client.close()
    for count in (2, 3, 4):
        again = travel(door).arrive_again(cookie)
        again.wait_demand_active()
        wait_connections(door, account, count)
        again.close()
    assert "SK2263" not in door.log


def test_i514_cookie_of_another_source_or_for_another_account(door):
    account, _, client, cookie = in_session(door)
    other = settled_engineer(door)
    must_sign_in(door, lambda: travel(door, "127.0.0.9").arrive_again(cookie), counts=1)
    door.wait_log(r"SK2263\b.*reason=RESUME_SOURCE")
    [row] = door.call("log.logins", account=account, reason="RESUME_SOURCE")["rows"]
    assert row["source"] == "127.0.0.9"
    must_sign_in(door, lambda: travel(door).arrive_again(cookie, user=other), counts=1)
    assert client.running()
    [row] = door.history(account)
    assert row["connections"] == 1
    # Clients send whatever name they have: the jump host's is none of the gateway's.
    travel(door).arrive_again(cookie, user="CLINIC\\Administrator").activate()
    wait_connections(door, account, 2)


@pytest.mark.parametrize("how", ["killed", "locked", "logged off", "host left"])
def test_i515_session_that_has_ended_is_not_continued(door, how):
    account, host, client, cookie = in_session(door)
    session = door.wait_session(account)["id"]
    if how == "killed":
        door.call("session.kill", id=session, because="done")
    elif how == "locked":
        door.call("account.lock", id=account, because="done")
    elif how == "logged off":
        client.send(wire.ULTIMATUM)
    else:
        host.peer.send(wire.ULTIMATUM)
    row = door.wait_end(account)
    assert row["state"] != "lost"
    must_sign_in(door, lambda: travel(door).arrive_again(cookie))
    assert door.history(account) == [row]


def test_i518_who_was_cut_off_can_be_ended_for_good(door):
    """Nobody escapes `session kill` by pulling the plug: while the session could be continued it is named and ended like a
    running one."""
    account, host, client, cookie = in_session(door)
    client.close()
    lost = door.wait_end(account)
    assert lost["state"] == "lost"
    assert account in door.admin.text("session", "kill", lost["session"][:12], "--because", "stolen", "--yes")
    row, = door.history(account)
    assert (row["state"], row["reason"], row["because"]) == ("killed", "ADMIN_KILLED", "stolen")
    assert row["by"].startswith("unix:") and row["session"] == lost["session"]
    must_sign_in(door, lambda: travel(door).arrive_again(cookie))
    assert len(infos(host)) == 1
    with pytest.raises(AdminError, match="there is no such session"):
        door.admin.text("session", "kill", lost["session"], "--because", "again", "--yes")


def test_i516_session_is_not_continued_after_its_grace(new_door):
    door = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band", "limits.grace=1s")
    account, _, client, cookie = in_session(door)
    client.close()
    row = door.wait_end(account)
    ended = time.monotonic()
    wait_for(lambda: time.monotonic() - ended > 1.1, PATIENCE, "the grace is over")
    must_sign_in(door, lambda: travel(door).arrive_again(cookie))
    assert door.history(account) == [row]
