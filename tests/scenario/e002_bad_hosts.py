"""What bad jump hosts get: the session is refused or ended with its own reason, and the client is told."""

import struct
import time

import pytest

import rdp_wire as wire
from jump_hosts import (half_a_pdu, hangs_up, hangs_up_in_response, http, huge_response, impossible_length, knock, no_tls_after_all,
                        redirects, redirects_at_once, silent, unknown_mcs)
from lab_parts.network import free_port
from lab_parts.processes import PATIENCE, wait_for
from rdp_peers import Closed


def wants_nla(peer):
    peer.read_pdu()
    peer.send(wire.negotiation_failure(5))
    peer.stay()


def speaks_rdp_security(peer):
    peer.read_pdu()
    peer.send(wire.connection_confirm(wire.PROTOCOL_RDP))
    peer.stay()


def silent_in_mcs(peer):
    peer.accept_tls()
    peer.stay()


def tpkt_of_64k(peer):
    peer.accept_tls()
    peer.read_pdu()
    peer.send(struct.pack(">BBH", 3, 0, 65535) + b"\x02\xf0\x80\x7f\x66" + bytes(65535 - 9))
    peer.stay()


# What the host does, the events that may be logged, and whether it speaks TLS.
REFUSED = {
    "silent": (silent, "SK2203", False),
    "http": (http, "SK2204", False),
    "hangs-up": (hangs_up, "SK2208|SK2213|SK2204", False),
    "wants-nla": (wants_nla, "SK2236", False),
    "rdp-security": (speaks_rdp_security, "SK2205", False),
    "no-tls-after-all": (no_tls_after_all, "SK2206", False),
    "silent-in-mcs": (silent_in_mcs, "SK2203", True),
    "huge-response": (huge_response, "SK2209", True),
    "tpkt-of-64k": (tpkt_of_64k, "SK2209", True),
    "hangs-up-in-response": (hangs_up_in_response, "SK2208|SK2213", True),
    "redirects-at-once": (redirects_at_once, "SK2210", True),
}


@pytest.fixture
def lab(strict_lab):
    return strict_lab


@pytest.mark.parametrize("name", REFUSED)
def test_e101_bad_host_is_refused_and_the_client_told(lab, name):
    script, event, tls = REFUSED[name]
    host = lab.fake_host(script, tls=tls)
    account, client = knock(lab, lab.trusted_terminal(host))
    started = time.monotonic()
    codes = client.told()
    assert time.monotonic() - started < 8
    assert codes and codes[0] in (wire.ERRINFO_SERVER_DENIED, wire.ERRINFO_ADMINISTRATOR)
    lab.wait_close(f"(?:{event})")
    assert lab.wait_end(account)["reason_code"].startswith("H")


def test_e102_dead_host(lab):
    terminal = lab.add_terminal(free_port(), trust="ab" * 32)
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2202")
    assert not lab.sessions(account)


def test_e103_other_certificate_sends_nothing_to_the_host(lab):
    def script(peer):
        peer.accept_tls()
        peer.stay()
    host = lab.fake_host(script)
    terminal = lab.add_terminal(host.port, trust="ab" * 32)
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2207")
    assert lab.wait_end(account)["reason_code"].startswith("H")
    assert host.received == []


def relayed(script):
    """A host that behaves until the client's session is in BRIDGE, and then does `script`."""
    def run(peer):
        peer.accept_tls()
        peer.accept_mcs(message_channel=None)
        peer.activate()
        script(peer)
    return run


RUNNING = {
    "redirects": (redirects, "SK2210"),
    "half-a-pdu": (half_a_pdu, "SK2213|SK2209"),
    "impossible-length": (impossible_length, "SK2209"),
    "unknown-mcs": (unknown_mcs, "SK2209"),
}


@pytest.mark.parametrize("name", RUNNING)
def test_e104_host_that_misbehaves_in_the_session(lab, name):
    script, event = RUNNING[name]
    host = lab.fake_host(relayed(script))
    account, client = knock(lab, lab.trusted_terminal(host))
    client.wait_demand_active()
    codes = client.told()
    lab.wait_close(f"(?:{event})")
    assert lab.wait_end(account)["reason_code"] == "HB"
    assert name == "half-a-pdu" or codes == [wire.ERRINFO_ADMINISTRATOR]


def test_e105_multitransport_request_ends_the_session(lab):
    def script(peer):
        peer.accept_tls()
        peer.accept_mcs(message_channel=1010)
        peer.activate()
        peer.send(wire.send_data_indication(peer.user, 1010, wire.initiate_multitransport()))
        peer.stay()
    host = lab.fake_host(script)
    account, ticket = lab.new_ticket(lab.trusted_terminal(host))
    client = lab.raw()
    client.request(ticket.handle)
    client.start_tls()
    client.connect_mcs(message_channel=True)
    client.send_info(ticket.secret)
    client.wait_closed()
    lab.wait_close("SK2211")
    assert lab.wait_end(account)["state"] in ("ended", "killed")


def test_e106_data_of_a_channel_that_nobody_joined_is_dropped(lab):
    arrived = []

    def script(peer):
        unknown = wire.send_data_indication(peer.user, 1900, wire.channel_data(b"hello"))
        peer.send(unknown)
        peer.send_io(wire.share_control(wire.PDU_DEACTIVATE_ALL, 1002, struct.pack("<IH", 0x103EA, 1) + b"\0"))
        peer.stay()
    host = lab.fake_host(relayed(script))
    account, client = knock(lab, lab.trusted_terminal(host))
    client.wait_demand_active()

    def deactivated(pdu):
        channel, content = wire.send_data_of(pdu)
        arrived.append(channel)
        return channel == wire.IO_CHANNEL and wire.share_data_of(content)[0] == wire.PDU_DEACTIVATE_ALL
    try:
        client.read_until(deactivated)
    except Closed:
        lab.wait_close("SK2209")  # strictness is as good
        return
    assert 1900 not in arrived
    assert lab.sessions(account)


def test_e107_nothing_is_left_of_bad_hosts(lab):
    import os

    def descriptors():
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in [*lab.pids("sekisho-worker"), *lab.pids("sekisho-gateway")])
    before = descriptors()
    for name in ("http", "hangs-up", "hangs-up-in-response", "redirects-at-once"):
        script, _, tls = REFUSED[name]
        _, client = knock(lab, lab.trusted_terminal(lab.fake_host(script, tls=tls)))
        client.wait_closed()
    wait_for(lambda: descriptors() <= before, PATIENCE, "the descriptors are given back")
