"""Jump hosts that do what no jump host should, against sekisho-mediator: whatever libfreerdp makes of it, it costs that one session,
with a reason of its own, in the time that every jump host has. (i520 and e002 are the same for transparent sessions.)"""

import struct

import pytest

import rdp_wire as wire
from conftest import gateway_of, one_test
from i500_reconnect import HOST_COOKIE, save_session_info, travel, verifier, wait_connections
from i520_hostile_hosts import GARBAGE, STEPS as STEPS_BEFORE, up_to_demand
from jump_hosts import half_a_pdu, impossible_length, knock, redirects, unknown_mcs
from lab_parts.certificates import fingerprint
from lab_parts.processes import PATIENCE, wait_for
from licensing import NEW_LICENSE, UPGRADE_LICENSE, LicenceServer, private_key
from typist import DATA_CONTROL, DATA_SYNCHRONIZE, Typist


def data_pdu(kind, content):
    """2.2.8.1.1.1.2, from the host."""
    head = struct.pack("<IBBHBBH", 0x103EA, 0, 1, len(content) + 4, kind, 0, 0)
    return wire.share_control(wire.PDU_DATA, 1002, head + content)


def up_to_desktop(peer):
    up_to_demand(peer)
    finish(peer)


def finish(peer):
    """Unlike the relay, libfreerdp waits for every PDU of 1.3.1.1 before it shows anything."""
    peer.read_until(lambda pdu: Typist.data_type(pdu) == wire.DATA_FONT_LIST)
    peer.send_io(data_pdu(DATA_SYNCHRONIZE, struct.pack("<HH", 1, 1007)))
    peer.send_io(data_pdu(DATA_CONTROL, struct.pack("<HHI", 4, 0, 0)))
    peer.send_io(data_pdu(DATA_CONTROL, struct.pack("<HHI", 2, 1007, 1002)))
    peer.send_io(wire.FONT_MAP)


# Behind these the mediator's own desktop is there for the client.
ACTIVE = ("demand", "desktop")
STEPS = {**STEPS_BEFORE, "desktop": up_to_desktop}
# A fast-path update: the pointer is the system's (2.2.9.1.2.1.6).
POINTER = bytes.fromhex("0005060000")


def answers_keys(peer):
    peer.limit = peer.reads_limit = 600  # of a test, not of a PDU
    up_to_desktop(peer)
    while True:
        if wire.is_fast_path(peer.read_pdu()[0]):
            peer.send(POINTER)


# Hosts are waited for no longer than a test likes to; long enough for a process that starts on a busy machine.
MEDIATED_LIMITS = ["limits.attach=6s", "limits.dial=2s"]


@pytest.fixture(scope="module")
def gateway(request, folders, hosts):
    yield from gateway_of(request, folders, hosts, *MEDIATED_LIMITS)


@pytest.fixture
def lab(gateway):
    yield from one_test(gateway)


def mediated(lab, host, **changes):
    return lab.add_terminal(host.port, trust=fingerprint(lab.hosts.state.path("xrdp", "certificate.crt")), relay="mediated", **changes)


def come(lab, host):
    """(account, client) of a session whose client has said who it is."""
    return knock(lab, mediated(lab, host), kind=Typist)


class Neighbour:
    """A mediated session beside it, whose host answers every key."""

    def __init__(self, lab):
        self.lab = lab
        self.account, self.client = come(lab, lab.fake_host(answers_keys))
        self.client.activate()

    def echo(self):
        self.client.key("Return")
        self.client.wait_frame()

    def goes_on(self):
        self.echo()
        assert self.lab.wait_session(self.account)
        wait_for(lambda: len(self.lab.pids("sekisho-mediator")) == 1, PATIENCE, "only the neighbour's process is left")


@pytest.fixture
def neighbour(lab):
    return Neighbour(lab)


def meet(lab, neighbour, script, activates=False):
    """A client at a host with this script, who activates where a desktop comes: (what it was told, its end record, the line in the
    log)."""
    account, client = come(lab, lab.fake_host(script))
    neighbour.echo()
    if activates:
        client.activate()
    told = client.told()
    row = lab.wait_end(account)
    line = lab.wait_log(rf"(?m)^SK\d+ .* user='{account}' .* end=\w+ .*$")[0]
    neighbour.goes_on()
    return told, row, line


# What follows each step, of which i520_hostile_hosts has the names, and what it is then.
GARBAGE_AFTER = {"request": "HOST_NOT_RDP", "confirm": "HOST_TLS_FAILED", "tls": "HOST_BAD_PDU", "response": "HOST_BAD_PDU",
                 "attach": "HOST_BAD_PDU", "info": "HOST_BAD_PDU", "licence": "HOST_BAD_PDU", "demand": "HOST_BAD_PDU",
                 "desktop": "HOST_BAD_PDU"}


@pytest.mark.parametrize("step", GARBAGE_AFTER)
def test_m201_garbage_after_each_step(lab, neighbour, step):
    def script(peer):
        STEPS[step](peer)
        peer.send(GARBAGE)
        peer.stay()
    told, row, _ = meet(lab, neighbour, script, activates=step in ACTIVE)
    assert row["reason"] == GARBAGE_AFTER[step]
    assert told in ([wire.ERRINFO_ADMINISTRATOR], [wire.ERRINFO_SERVER_DENIED])


@pytest.mark.parametrize("step", [step for step in STEPS if step != "desktop"])
def test_m202_silence_after_each_step(lab, neighbour, step):
    def script(peer):
        STEPS[step](peer)
        peer.stay()
    told, row, _ = meet(lab, neighbour, script, activates=step in ACTIVE)
    assert row["reason"] == "HOST_TOO_SLOW"
    # Who has a desktop would be let in again at once by clients that hear of a refusal.
    assert told == [wire.ERRINFO_ADMINISTRATOR if step in ACTIVE else wire.ERRINFO_SERVER_DENIED]


# In the session

def hangs_up(peer):
    peer.connection.unwrap()


SINGLE, LAST, FIRST, NEXT = range(4)


def bitmap_update(rectangles):
    """2.2.9.1.2.1.2 in as many fast-path PDUs as it takes (2.2.9.1.2.1)."""
    update = struct.pack("<HH", 1, len(rectangles)) + b"".join(rectangles)
    parts = [update[at:at + 16000] for at in range(0, len(update), 16000)]
    kinds = [FIRST, *[NEXT] * (len(parts) - 2), LAST] if len(parts) > 1 else [SINGLE]
    return b"".join(struct.pack(">BH", 0, (len(part) + 6) | 0x8000) + struct.pack("<BH", 1 | kind << 4, len(part)) + part
                    for kind, part in zip(kinds, parts))


def bomb(peer):
    """A bitmap of 65535 x 65535 pixels, of no bytes (2.2.9.1.1.3.1.2)."""
    peer.send(bitmap_update([struct.pack("<9H", 0, 0, 0xFFFE, 0xFFFE, 0xFFFF, 0xFFFF, 32, 1, 0)]))
    peer.stay()


RUNNING = {"half-a-pdu": (half_a_pdu, "HOST_LOST"), "impossible-length": (impossible_length, "HOST_BAD_PDU"),
           "unknown-mcs": (unknown_mcs, "HOST_BAD_PDU"), "redirects": (redirects, "HOST_REDIRECTS"), "hangs-up": (hangs_up, "HOST_GONE"),
           "bomb": (bomb, "HOST_BAD_PDU")}


@pytest.mark.parametrize("name", RUNNING)
def test_m203_what_it_does_in_the_session(lab, neighbour, name):
    act, reason = RUNNING[name]

    def script(peer):
        up_to_desktop(peer)
        act(peer)
    told, row, _ = meet(lab, neighbour, script, activates=True)
    assert (row["reason"], row["reason_code"]) == (reason, "HB")
    assert told == [wire.ERRINFO_ADMINISTRATOR]


# What it says of the end (2.2.5.1.1): at an administrator's word, idle, logged off by the user, and a code that nobody knows.
@pytest.mark.parametrize("code", [0x01, 0x03, 0x0C, 0x12345678], ids=hex)
def test_m204_why_it_ends_the_session_reaches_the_client(lab, neighbour, code):
    def script(peer):
        up_to_desktop(peer)
        peer.send_io(data_pdu(wire.DATA_SET_ERROR_INFO, struct.pack("<I", code)))
        peer.send(wire.ULTIMATUM)
        peer.stay()
    told, row, _ = meet(lab, neighbour, script, activates=True)
    assert row["reason"] == "HOST_LEFT"
    # libfreerdp's proxy says it at once, and once more when it ends.
    assert told and set(told) == {code}


@pytest.mark.parametrize("code, reason, name", [(0x07, "HOST_REFUSED", "ERRINFO_SERVER_DENIED_CONNECTION"),
                                                (0x101, "HOST_LICENCE", "ERRINFO_LICENSE_NO_LICENSE_SERVER"),
                                                (0x10A, "HOST_LICENCE", "ERRINFO_LICENSE_NO_REMOTE_CONNECTIONS")])
def test_m205_why_it_refuses_stands_in_the_log(lab, neighbour, code, reason, name):
    def script(peer):
        STEPS["info"](peer)
        peer.send_io(data_pdu(wire.DATA_SET_ERROR_INFO, struct.pack("<I", code)))
        peer.send(wire.ULTIMATUM)
        peer.stay()
    told, row, line = meet(lab, neighbour, script)
    assert told == [wire.ERRINFO_SERVER_DENIED]
    assert row["reason"] == reason
    assert f"detail='0x{code:08x}: {name}" in line


# Its cookie for automatic reconnection (5.5)

def test_m206_the_hosts_cookie_goes_back_to_it_and_to_nobody_else(lab, neighbour):
    def script(peer):
        up_to_desktop(peer)
        peer.send_io(save_session_info(HOST_COOKIE))
        peer.stay()
    host = lab.fake_host(script)
    account, ticket = lab.new_ticket(mediated(lab, host))
    client = travel(lab)
    client.introduce(ticket.handle, ticket.secret)
    client.activate()
    seen = []
    cookie = client.wait_cookie()
    # In the place of the host's.
    second = client.wait_cookie()
    assert cookie == second and cookie[1] != HOST_COOKIE[1] and cookie[0] != HOST_COOKIE[0]
    session = lab.wait_session(account)["id"]
    client.close()
    travel(lab).arrive_again(cookie).activate()
    assert wait_connections(lab, account, 2)["id"] == session
    seen += [pdu for pdu in host.received if verifier(HOST_COOKIE) in pdu]
    assert len(seen) == 1 and not any(HOST_COOKIE[1] in pdu for pdu in host.received)
    # The client's own goes no further than the gateway.
    assert not any(verifier(cookie) in pdu for pdu in host.received)
    neighbour.echo()


# Licensing (2.2.1.12), as a Remote Desktop Session Host has it: D1 sends such terminals here

def licensing(servers, end):
    """A host that has a licence server, which goes on to a desktop if it has given a licence."""
    private_key()

    def script(peer):
        STEPS["info"](peer)
        server = LicenceServer(peer)
        servers.append(server)
        server.ask()
        server.hear_request()
        if end(server):
            peer.send_io(wire.demand_active())
            finish(peer)
        peer.stay()
    return script


def gives(kind):
    def end(server):
        server.challenge()
        server.give(kind)
        return True
    return end


@pytest.mark.parametrize("kind", [NEW_LICENSE, UPGRADE_LICENSE], ids=["new", "upgrade"])
def test_m207_a_licence_is_asked_for_and_taken(lab, neighbour, kind):
    servers = []
    account, client = come(lab, lab.fake_host(licensing(servers, gives(kind))))
    client.activate()
    assert lab.wait_session(account)
    [server] = servers
    # By the name that the client's machine has: a licence is a device's.
    assert server.asked_by == "test"
    assert server.device[4:] != bytes(16)
    neighbour.echo()


def says_no(server):
    server.refuse(2)


def says_no_behind_the_challenge(server):
    server.challenge()
    server.refuse(6)


def gives_forged(server):
    server.challenge()
    server.mac_key = bytes(16)
    server.give()


@pytest.mark.parametrize("end, reason, detail", [(says_no, "HOST_LICENCE", "0x00000002"),
                                                 (says_no_behind_the_challenge, "HOST_LICENCE", "0x00000006"),
                                                 (gives_forged, "HOST_BAD_PDU", "")])
def test_m208_without_a_licence_there_is_no_session(lab, neighbour, end, reason, detail):
    servers = []
    told, row, line = meet(lab, neighbour, licensing(servers, end))
    assert servers and row["reason"] == reason
    assert told == [wire.ERRINFO_SERVER_DENIED]
    assert detail in line


@pytest.mark.parametrize("end", [lambda server: server.peer.stay(), lambda server: server.challenge() or server.peer.stay()],
                         ids=["request", "challenge"])
def test_m209_a_licence_server_that_falls_silent_is_not_waited_for(lab, neighbour, end):
    servers = []
    told, row, _ = meet(lab, neighbour, licensing(servers, end))
    assert servers and servers[0].asked_by == "test", "it was asked, and did not answer"
    assert row["reason"] == "HOST_TOO_SLOW"
    assert told == [wire.ERRINFO_SERVER_DENIED]


# A host that may

TYPIST_TAKES = 16256  # of one update: it says nothing of fragments


def bitmap_updates(client):
    """The updates that come, each put together from its PDUs (as bitmap_update takes them apart)."""
    update = b""
    while True:
        pdu = client.wait_frame()
        at = 3 if pdu[1] & 0x80 else 2
        header, size = struct.unpack_from("<BH", pdu, at)
        assert len(pdu) == at + 3 + size, "one update in each PDU"
        if header & 0xF == 1:
            update += pdu[at + 3:]
            if header >> 4 & 3 in (SINGLE, LAST):
                yield update
                update = b""


def test_m210_who_takes_less_at_once_than_the_host_sends_gets_it_in_parts(lab, neighbour):
    rows = [struct.pack("<9H", 0, y, 31, y + 15, 32, 16, 24, 0, 1536) + bytes([y]) * 1536 for y in range(0, 200, 5)]

    def script(peer):
        up_to_desktop(peer)
        peer.send(bitmap_update(rows))
        peer.stay()
    account, client = come(lab, lab.fake_host(script))
    client.activate()
    seen = []
    for update in bitmap_updates(client):
        assert len(update) <= TYPIST_TAKES
        seen.append(update[4:])
        assert update[:4] == struct.pack("<HH", 1, len(update) // len(rows[0]))
        if sum(map(len, seen)) >= sum(map(len, rows)):
            break
    assert len(seen) > 1 and b"".join(seen) == b"".join(rows)
    assert lab.wait_session(account)
    neighbour.echo()


def test_m211_one_rectangle_that_is_more_than_the_client_takes_comes_in_strips(lab, neighbour):
    width, height, top = 64, 120, 40
    rows = [b"".join(bytes([row, column, 0xA5]) for column in range(width)) for row in range(height)]
    whole = struct.pack("<9H", 0, top, width - 1, top + height - 1, width, height, 24, 0, width * height * 3)
    assert len(whole) + len(rows[0]) * height > TYPIST_TAKES

    def script(peer):
        up_to_desktop(peer)
        peer.send(bitmap_update([whole + b"".join(reversed(rows))]))
        peer.stay()
    account, client = come(lab, lab.fake_host(script))
    client.activate()
    shown = []
    for update in bitmap_updates(client):
        left, above, right, below, wide, high, depth, flags, size = struct.unpack_from("<9H", update, 4)
        assert len(update) == 22 + size <= TYPIST_TAKES
        assert (left, right, wide, depth, flags) == (0, width - 1, width, 24, 0)
        assert (above, below) == (top + len(shown), above + high - 1)
        pixels = update[22:]
        shown += [pixels[at:at + width * 3] for at in range(size - width * 3, -1, -width * 3)]
        if len(shown) >= height:
            break
    assert shown == rows
    assert lab.wait_session(account)
    neighbour.echo()
