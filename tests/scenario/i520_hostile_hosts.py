"""Jump hosts that do what no jump host should, at every step: each costs its own session only, and has its own reason."""

import contextlib
import ssl
import struct

import pytest

import rdp_wire as wire
from i500_reconnect import with_cookies
from jump_hosts import certificate
from typist import Typist

GARBAGE = bytes(range(7, 256, 5)) * 40


@pytest.fixture
def lab(strict_lab):
    return strict_lab


def come(lab, host):
    """(account, client) of a session whose client has said who it is, and has no channels."""
    account, ticket = lab.new_ticket(lab.trusted_terminal(host))
    client = lab.raw(kind=Typist)
    client.introduce(ticket.handle, ticket.secret)
    return account, client


# A session beside it, whose host answers every key

def answers_keys(peer):
    peer.accept_tls()
    peer.accept_mcs()
    peer.activate()
    peer.read_until(lambda pdu: Typist.data_type(pdu) == 0x27)  # Font List
    peer.send_io(wire.FONT_MAP)
    while True:
        if wire.is_fast_path(peer.read_pdu()[0]):
            peer.send(bytes.fromhex("00090300020000ff00"))


class Neighbour:
    def __init__(self, lab):
        self.account, self.client = come(lab, lab.fake_host(answers_keys))
        self.client.activate()

    def echo(self):
        self.client.key("Return")
        self.client.wait_frame()


@pytest.fixture
def neighbour(lab):
    return Neighbour(lab)


# What hosts do, step by step

def up_to_response(peer):
    peer.accept_tls()
    peer.read_pdu()


def up_to_attach(peer):
    up_to_response(peer)
    peer.send(wire.connect_response(1))
    peer.read_pdu()  # Erect Domain
    peer.read_pdu()


def up_to_join(peer):
    up_to_attach(peer)
    peer.send(wire.attach_user_confirm(peer.user))
    peer.read_pdu()


def up_to_info(peer):
    peer.accept_tls()
    peer.accept_mcs()


def up_to_licence(peer):
    up_to_info(peer)
    peer.send_io(wire.LICENCE_VALID)


def up_to_demand(peer):
    up_to_info(peer)
    peer.activate()


def up_to_desktop(peer):
    up_to_demand(peer)
    peer.read_until(lambda pdu: Typist.data_type(pdu) == 0x27)
    peer.send_io(wire.FONT_MAP)


def up_to_confirm(peer):
    peer.read_pdu()
    peer.send(wire.connection_confirm())


STEPS = {"request": lambda peer: peer.read_pdu(), "confirm": up_to_confirm, "tls": up_to_response, "response": up_to_attach,
         "attach": up_to_join, "info": up_to_info, "licence": up_to_licence, "demand": up_to_demand, "desktop": up_to_desktop}

# Garbage where these steps end: the event and where it was.
GARBAGE_AFTER = {"request": "SK2204", "confirm": "SK2206", "tls": "SK2209", "response": "SK2209", "attach": "SK2209", "info": "SK2209",
                 "licence": "SK2209", "demand": "SK2209", "desktop": "SK2209"}

# Silence there.
STALL_AFTER = {"request": "SK2203", "confirm": "SK2203", "tls": "SK2203", "response": "SK2203", "attach": "SK2203", "info": "SK2203",
               "licence": "SK2203", "demand": "SK2203"}


def meet(lab, script, neighbour, event, detail="", tls=True, activates=True):
    """A client at a host with this script; the neighbour's session goes on meanwhile. Returns the end record."""
    neighbour.echo()
    host = lab.fake_host(script, tls=tls)
    account, client = come(lab, host)
    neighbour.echo()
    if activates:
        with contextlib.suppress(Exception):
            client.activate()
    client.wait_closed()
    line = lab.wait_close(event)
    assert detail in line, line
    row = lab.wait_end(account)
    neighbour.echo()
    assert lab.wait_session(neighbour.account)
    return row


@pytest.mark.parametrize("step", GARBAGE_AFTER)
def test_i521_garbage_after_each_step(lab, neighbour, step):
    def script(peer):
        STEPS[step](peer)
        peer.send(GARBAGE)
        peer.stay()
    row = meet(lab, script, neighbour, GARBAGE_AFTER[step])
    assert row["reason_code"] == ("HB" if step in ("licence", "demand", "desktop") else "HH")


@pytest.mark.parametrize("step", STALL_AFTER)
def test_i522_stall_at_each_step(lab, neighbour, step):
    def script(peer):
        STEPS[step](peer)
        peer.stay()
    row = meet(lab, script, neighbour, STALL_AFTER[step])
    assert row["reason"] == "HOST_TOO_SLOW"
    assert row["reason_code"] == ("HB" if step in ("licence", "demand") else "HH")


def test_i523_endless_demand_active(lab, neighbour):
    def script(peer):
        up_to_demand(peer)
        while True:
            peer.send_io(wire.demand_active())
    row = meet(lab, script, neighbour, "SK2209", "Demand Active again and again", activates=False)
    assert row["reason_code"] == "HB"


def test_i524_sixty_thousand_channels(lab, neighbour):
    def claims(peer):
        up_to_response(peer)
        head, tail = wire.connect_response(2).split(struct.pack("<HH", wire.IO_CHANNEL, 2))
        peer.send(head + struct.pack("<HH", wire.IO_CHANNEL, 60000) + tail)
        peer.stay()
    assert meet(lab, claims, neighbour, "SK2209")["reason_code"] == "HH"

    def has_as_many_as_fit(peer):
        up_to_response(peer)
        peer.send(wire.connect_response(30000))
        peer.stay()
    assert meet(lab, has_as_many_as_fit, neighbour, "SK2209")["reason_code"] == "HH"


def test_i525_wrong_share_ids_are_not_passed_on(lab, neighbour):
    def script(peer):
        up_to_desktop(peer)
        peer.send_io(wire.share_control(wire.PDU_DATA, 1002, struct.pack("<IBBHBBH", 0xDEADBEEF, 0, 1, 12, 0x28, 0, 0) +
                                        struct.pack("<HHHH", 0, 0, 3, 4)))
        peer.stay()
    host = lab.fake_host(script)
    account, client = come(lab, host)
    client.activate()
    second = client.read_until(lambda pdu: Typist.data_type(pdu) == 0x28)
    assert struct.unpack_from("<I", wire.send_data_of(second)[1], 6)[0] == 0x103EA
    neighbour.echo()
    assert lab.wait_session(account)


def test_i526_certificate_that_changes_between_check_and_connect(lab, neighbour):
    host = lab.fake_host(with_cookies())
    terminal = lab.trusted_terminal(host)
    assert lab.admin.json("terminal", "check", terminal)
    other = certificate(lab, "other")
    host.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    host.context.load_cert_chain(*other)
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2207")
    assert lab.wait_end(account)["reason_code"] == "HH"
    assert host.received == []
    neighbour.echo()
