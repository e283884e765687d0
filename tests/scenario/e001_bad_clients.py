"""What bad clients get: each ends with its own reason, in time, and disturbs nobody."""

import resource
import ssl
import time

import pytest

import rdp_wire as wire
from conftest import gateway_of
from lab_parts.processes import PATIENCE, wait_for
from rdp_peers import Closed


def send_bytes(data):
    def act(client):
        client.send(data)
    return act


def old_tls(client):
    client.request()
    with pytest.raises(Closed):
        client.start_tls(ssl.TLSVersion.TLSv1_1)


def garbage_in_tls(client):
    client.request()
    client.start_tls()
    client.send(b"\x03\x00\x00\x05\x00")


def join_before_attach(client):
    client.request()
    client.start_tls()
    client.send(wire.connect_initial())
    client.read_pdu()
    client.send(wire.join(1002, 1003))


def info_on_wrong_channel(client):
    client.request()
    client.start_tls()
    client.connect_mcs(["rdpsnd"])
    client.send(wire.send_data_request(client.user, 1004, wire.client_info("x", "y")))


REQUEST = wire.connection_request()

# What the client does, and the event that the log shows.
BAD = {
    "http": (send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "SK2002"),
    "tls-at-once": (send_bytes(bytes.fromhex("160301020001000001fc0303") + bytes(200)), "SK2002"),
    "ssh": (send_bytes(b"SSH-2.0-OpenSSH_9.2\r\n"), "SK2002"),
    "token-of-5000-bytes": (send_bytes(wire.tpkt(b"\xfe\xe0\0\0\0\0\0" + b"Cookie: msts=" + b"A" * 5000 + b"\r\n")), "SK2013"),
    "early-bytes": (send_bytes(REQUEST + b"\x16"), "SK2003"),
    "no-tls-offered": (send_bytes(wire.connection_request(protocols=wire.PROTOCOL_RDP)), "SK2004"),
    "no-negotiation": (send_bytes(wire.connection_request(negotiate=False)), "SK2004"),
    "tls-1.1": (old_tls, "SK2005"),
    "garbage-in-tls": (garbage_in_tls, "SK2007"),
    "join-before-attach": (join_before_attach, "SK2007"),
    "info-on-wrong-channel": (info_on_wrong_channel, "SK2007"),
}


@pytest.mark.parametrize("name", BAD)
def test_e001_bad_client_ends_with_its_own_reason(lab, name):
    act, event = BAD[name]
    client = lab.raw()
    act(client)
    client.wait_closed()
    lab.wait_close(event)


def test_e002_client_without_tls_is_told_that_tls_is_needed(lab):
    client = lab.raw()
    answer = client.request(protocols=wire.PROTOCOL_RDP)
    assert answer[11] == 3 and answer[15] == 1  # RDP_NEG_FAILURE, SSL_REQUIRED_BY_SERVER


@pytest.fixture(scope="module")
def hasty_lab(request, folders, hosts):
    """Limits so short that a test can see them pass."""
    yield from gateway_of(request, folders, hosts, *(f"limits.{phase}=1s" for phase in ("sniff", "secure", "introduce")))


@pytest.fixture(scope="module")
def brisk_lab(request, folders, hosts):
    """Some bytes wait for more until a limit, others are answered: on a slow machine as well."""
    yield from gateway_of(request, folders, hosts, *(f"limits.{phase}=5s" for phase in ("sniff", "secure", "introduce")))


def silent_in_tls(client):
    client.request()


def silent_after_tls(client):
    client.request()
    client.start_tls()


def half_a_request(client):
    client.send(REQUEST[:7])


@pytest.mark.parametrize("act", [lambda client: None, half_a_request, silent_in_tls, silent_after_tls],
                         ids=["nothing", "half-a-request", "no-handshake", "no-connect-initial"])
def test_e003_silent_client_is_cut_within_the_phases_limit(hasty_lab, act):
    hasty_lab.begin_test()
    client = hasty_lab.raw()
    act(client)
    started = time.monotonic()
    client.wait_closed()
    assert time.monotonic() - started < 3
    hasty_lab.wait_close("SK2006")


def trickle(lab, count):
    """So many clients send their request byte by byte; all of them are cut, and somebody's session goes on."""
    account, ticket = lab.new_ticket(lab.shadow)
    session = lab.raw(limit=60)
    session.introduce(ticket.handle, ticket.secret)
    session.wait_demand_active()
    clients = []
    try:
        for _ in range(count):
            clients.append(lab.raw(limit=60))
        for at in range(len(REQUEST) - 1):
            for client in clients:
                try:
                    client.send(REQUEST[at:at + 1])
                except (Closed, OSError):
                    pass
        for client in clients:
            client.wait_closed()
    finally:
        for client in clients:
            client.close()
    lab.wait_log(r"SK2006|SK2012")
    assert lab.sessions(account)


def test_e004_trickled_requests_are_cut_and_others_go_on(hasty_lab):
    hasty_lab.begin_test()
    trickle(hasty_lab, 300)


@pytest.mark.long
def test_e005_ten_thousand_trickled_requests(hasty_lab):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 12000:
        pytest.skip(f"only {most} descriptors here")
    before, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (12000, most))
    try:
        hasty_lab.begin_test()
        trickle(hasty_lab, 10000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def wrong_by_one(pdu, places):
    """Each place (offset, bytes) of a length, one more and one less."""
    for offset, size in places:
        for change in (1, -1):
            value = int.from_bytes(pdu[offset:offset + size], "big") + change
            if 0 <= value < 1 << 8 * size:
                yield f"{offset}{change:+d}", pdu[:offset] + value.to_bytes(size, "big") + pdu[offset + size:]


def initial_places(pdu):
    """TPKT, LI, Connect-Initial, the octet string, both GCC lengths."""
    user_data = pdu.index(b"\x04\x82", 40)
    gcc = pdu.index(b"\x00\x05\x00\x14\x7c\x00\x01")
    return [(2, 2), (4, 1), (10, 2), (user_data + 2, 2), (gcc + 7, 2), (pdu.index(b"Duca") + 4, 2)]


def block_places(pdu, *blocks):
    """Low bytes of the blocks' lengths, which are little-endian."""
    return [(pdu.index(block) + 2, 1) for block in blocks]


CHANNELS = ["rdpsnd", "cliprdr"]
INITIAL = wire.connect_initial(CHANNELS)
INFO = wire.send_data_request(1001, 1003, wire.client_info("user", "password"))
WRONG_INITIALS = dict(wrong_by_one(INITIAL, initial_places(INITIAL)
                                   + block_places(INITIAL, wire.client_core(), wire.client_network(CHANNELS),
                                                  b"\x04\xc0\x0c\0", b"\x02\xc0\x0c\0")))
# TPKT, Send Data's length, and the low bytes of domain, user, password, shell and folder.
WRONG_INFOS = dict(wrong_by_one(INFO, [(2, 2), (13, 2), (27, 1), (29, 1), (31, 1), (33, 1), (35, 1)]))


@pytest.mark.parametrize("name", dict(wrong_by_one(REQUEST, [(2, 2), (4, 1), (13, 1)])))
def test_e006_request_with_a_length_wrong_by_one(brisk_lab, name):
    brisk_lab.begin_test()
    client = brisk_lab.raw()
    client.send(dict(wrong_by_one(REQUEST, [(2, 2), (4, 1), (13, 1)]))[name])
    client.wait_closed()
    brisk_lab.wait_log(r"SK200[2367]")


@pytest.mark.parametrize("name", WRONG_INITIALS)
def test_e007_connect_initial_with_a_length_wrong_by_one(brisk_lab, name):
    brisk_lab.begin_test()
    client = brisk_lab.raw()
    client.request()
    client.start_tls()
    client.send(WRONG_INITIALS[name])
    client.wait_closed()
    brisk_lab.wait_log(r"SK200[67]")


@pytest.mark.parametrize("name", WRONG_INFOS)
def test_e008_client_info_with_a_length_wrong_by_one(brisk_lab, name):
    brisk_lab.begin_test()
    client = brisk_lab.raw()
    client.request()
    client.start_tls()
    client.connect_mcs(CHANNELS)
    pdu = WRONG_INFOS[name]
    client.send(pdu[:8] + (client.user - wire.USER_BASE).to_bytes(2, "big") + pdu[10:])
    client.wait_closed()
    # A text that is shorter or longer by one byte is no UTF-16, or the texts no longer end where they should.
    brisk_lab.wait_log(r"SK200[67]|SK2101")


def test_e009_nothing_is_left_of_bad_clients(lab):
    def descriptors():
        import os
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in [*lab.pids("sekisho-worker"), *lab.pids("sekisho-gateway")])
    lab.call("gateway.status")
    before = descriptors()
    for act, _ in BAD.values():
        client = lab.raw()
        act(client)
        client.wait_closed()
    wait_for(lambda: descriptors() <= before, PATIENCE, "the descriptors are given back")
