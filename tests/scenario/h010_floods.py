"""What comes in masses at the sign-in screen, what leaves in the middle, and what must not stay behind: nothing in processes and
descriptors, and no password in memory."""

import contextlib
import ctypes
import os
import re
import secrets
import socket
import struct
import threading

import pytest

import memory
import rdp_wire as wire
from h001_sign_in import come_back
from h005_hostile import all_gone, screens
from lab_parts.processes import PATIENCE, wait_for
from rdp_peers import Closed
from s002_thousand_sessions import Peer, measure, new_tickets
from two_hosts import CLIENT, GATEWAY, office  # noqa: F401
from typist import RELEASE, UNICODE
from visitor import PASSWORD, add_engineer, change_password, knock, settled_engineer

MILLION = 1000000
CLONE_NEWNET = 0x40000000


# Names without an end

def wire_of(text):
    """Fast-path input PDUs for the BMP characters of this text, 15 events each."""
    events = [struct.pack("<BH", UNICODE << 5 | flag, ord(one)) for one in text for flag in (0, RELEASE)]
    pdus = []
    for start in range(0, len(events), 15):
        body = b"".join(events[start:start + 15])
        pdus.append(struct.pack(">BH", len(events[start:start + 15]) << 2, (len(body) + 3) | 0x8000) + body)
    return b"".join(pdus)


@pytest.mark.parametrize("one", [pytest.param("x", marks=pytest.mark.long, id="letters"), pytest.param("\u202e", id="right-to-left"),
                                 pytest.param("山", marks=pytest.mark.long, id="japanese")])
def test_h1001_million_characters_typed_are_a_wrong_name(door, one):
    visitor = knock(door)
    visitor.page("SIGN_IN")
    thousand = wire_of(one * 1000)
    for _ in range(MILLION // 1000):
        visitor.client.look()
        visitor.client.send(thousand)
    visitor.type("taro", enter=False)  # of which nothing but the right-to-left marks has left room
    visitor.key("Tab")
    visitor.type("password")
    visitor.page("SIGN_IN", error="wrong")
    assert re.search("[\u202a-\u202e]", door.log) is None
    visitor.client.close()
    all_gone(door)


def claimed(client):
    """The length says 65,534, and there are 2,000 bytes."""
    info = bytearray(wire.client_info("x" * 1000))
    struct.pack_into("<H", info, 14, 0xFFFE)
    client.send(wire.send_data_request(client.user, wire.IO_CHANNEL, bytes(info)))


def filling_its_pdu(client):
    """As much as one PDU carries."""
    client.send(wire.send_data_request(client.user, wire.IO_CHANNEL, wire.client_info("x" * 8000)))


def over_many_pdus(client):
    """A million characters in pieces of 16,000 bytes, the first of which begins a Client Info."""
    text = ("x" * MILLION).encode("utf-16-le")
    start = wire.client_info("x" * 1000)[:22]
    for at in range(0, len(text), 16000):
        client.send(wire.send_data_request(client.user, wire.IO_CHANNEL, (start if at == 0 else b"") + text[at:at + 16000]))


def without_a_pdu(client):
    """A million characters behind a header that promises the longest PDU there is."""
    client.send(b"\x03\x00\xff\xff" + b"\x02\xf0\x80" + ("x" * MILLION).encode("utf-16-le"))


@pytest.mark.parametrize("send", [claimed, filling_its_pdu, over_many_pdus, without_a_pdu], ids=lambda value: value.__name__)
def test_h1002_million_characters_in_client_info_are_no_rdp(door, send):
    client = door.raw()
    client.request()
    client.start_tls()
    client.connect_mcs()
    port = client.connection.getsockname()[1]
    with contextlib.suppress(Closed):
        send(client)
    client.wait_closed()
    door.wait_log(rf"(?m)^SK20\d\d .*src=127\.0\.0\.1:{port} ")
    assert "shows a page" not in door.log
    all_gone(door)
    assert max(kb["pss_kb"] for kb in measure(door).values()) < 100 * 1024


@pytest.mark.parametrize("user", ["x" * 256, "山" * 256, "\ud800" * 256, "\u202e" * 256], ids=["letters", "japanese", "half-pairs", "marks"])
def test_h1003_longest_name_that_client_info_carries_is_wrong(door, user):
    client = door.raw()
    client.request()
    client.start_tls()
    client.connect_mcs()
    info = wire.client_info("U" * 256, "password").replace(("U" * 256).encode("utf-16-le"), user.encode("utf-16-le", "surrogatepass"))
    client.send(wire.send_data_request(client.user, wire.IO_CHANNEL, info))
    client.wait_demand_active()
    door.wait_log("SIGN_IN_REFUSED|does not work")
    assert "does not work" not in door.log and re.search("[\u202a-\u202e]", door.log) is None


# Clients that leave: with a reset, or with half of something

def in_x224(client, _):
    client.send(wire.connection_request()[:7])


def before_tls(client, _):
    client.request()


def in_tls(client, _):
    client.request()
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")


def after_tls(client, _):
    client.request()
    client.start_tls()


def after_mcs(client, _):
    after_tls(client, _)
    client.connect_mcs()


def in_client_info(client, _):
    after_mcs(client, _)
    client.send(wire.send_data_request(client.user, wire.IO_CHANNEL, wire.client_info("taro", "password"))[:60])


def in_pam(client, account):
    client.introduce(user=account, password="not the password")


def before_the_desktop(client, account):
    client.introduce(user=account, password=PASSWORD)


@pytest.mark.parametrize("where", [in_x224, before_tls, in_tls, after_tls, after_mcs, in_client_info, in_pam, before_the_desktop],
                         ids=lambda value: value.__name__)
def test_h1010_client_that_resets_its_connection_leaves_nothing_behind(door, where):
    account = settled_engineer(door, door.shadow) if where in (in_pam, before_the_desktop) else None
    all_gone(door)
    before = measure(door)["sekisho-worker"]["descriptors"]
    client = door.raw()
    where(client, account)
    raw = client.connection
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    all_gone(door)
    wait_for(lambda: not account or not door.sessions(account), PATIENCE, "no session is left")
    wait_for(lambda: measure(door)["sekisho-worker"]["descriptors"] <= before, PATIENCE, "its descriptors are closed")


def at_page(lab, account, password, page):
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, password)
    visitor.page(page)
    return account, visitor


def at_prompt(lab, terminal):
    return at_page(lab, *add_engineer(lab, terminal), "PROMPT")


def at_number(lab, terminal):
    return at_page(lab, settled_engineer(lab, terminal), PASSWORD, "NUMBER")


def while_waiting(lab, terminal):
    account, visitor = at_number(lab, terminal)
    visitor.key("Return")
    visitor.page("WAITING")
    return account, visitor


@pytest.mark.parametrize("where", [at_prompt, at_number, while_waiting], ids=lambda value: value.__name__)
def test_h1011_client_that_leaves_a_page_with_half_a_pdu_leaves_nothing_behind(door, where):
    terminal = door.add_terminal(door.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    account, visitor = where(door, terminal)
    visitor.client.send(b"\x04\x80")
    visitor.client.close()
    all_gone(door)
    assert not door.sessions(account) and not door.call("attend.list")["waiting"]


# 500 at once

def test_h1020_five_hundred_at_once_are_refused_at_once_and_disturb_nobody(new_door):
    # Where much else is done, 500 handshakes take longer than one client has for its own.
    lab = new_door("sign_in.greeters=12", "limits.sniff=60s", "limits.secure=120s", "limits.introduce=120s")
    host = Peer(lab, "rdp_host", "--paused")
    terminal = lab.add_terminal(host.line("port=")["port"])
    account = lab.add_account(terminal)
    wait_for(lambda: lab.call("gateway.status")["greeters_warm"] >= 3, PATIENCE, "the pool is full")
    session = Peer(lab, "rdp_client", "--connect", lab.variables["SEKISHO_RDP"], "--tickets", new_tickets(lab, account, terminal, 1),
                   "--pings", "50", "--seconds", "3600")
    lab.wait_session(account)
    before = measure(lab)
    flood = Peer(lab, "rdp_client", "--connect", lab.variables["SEKISHO_RDP"], "--connections", "500", "--parallel", "500",
                 "--seconds", "2", "--timeout", "120")
    most = 0

    def over():
        nonlocal most
        most = max(most, screens(lab))
        return flood.child.poll() is not None
    wait_for(over, 180, "the 500 have gone", every=0.01)
    said = dict(re.findall(r"(\w+)=(\S+)", flood.child.stdout.read()))
    refused = int(said["failed"])
    assert int(said["ready"]) == 500 - refused, said
    # Each is in the log when its connection has been closed from our side, too.
    wait_for(lambda: len(re.findall(r"(?m)^SK2414 ", lab.log)) == refused, PATIENCE, f"{refused} refusals are in the log")
    assert 0 < 500 - refused <= 12 and most <= 12, (most, said)
    assert len(lab.pids("sekisho-greeter")) <= 12 + 3
    # The session goes on, and nothing is left.
    assert session.child.poll() is None and lab.sessions(account)
    all_gone(lab)
    session.end()
    host.end()
    wait_for(lambda: lab.call("gateway.status")["greeters_warm"] == 3, PATIENCE, "the pool is full again")
    wait_for(lambda: not more_than(before, measure(lab)), PATIENCE, f"no more is left than there was: {before}")


def more_than(before, after):
    return [program for program in after if after[program]["descriptors"] > before[program]["descriptors"] or
            after[program]["processes"] != before[program]["processes"]]


def test_h1021_five_hundred_of_one_source_do_not_shut_out_another(new_door):
    lab = new_door("sources.exempt=[]")
    ended = []

    def flood(number):
        with contextlib.suppress(Closed, OSError):
            for _ in range(number, 500, 20):
                client = lab.raw(source="127.0.0.66")
                ended.append(client)
                client.introduce()
    threads = [threading.Thread(target=flood, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, screens(lab))
    assert 0 < most <= 4  # sign_in.greeters_per_source
    other = knock(lab, source="127.0.0.9")
    other.page("SIGN_IN")
    for client in ended:
        client.close()
    wait_for(lambda: screens(lab) == 1, PATIENCE, "theirs have ended")
    other.type("taro", enter=False)
    assert other.client.running()


# Tickets

def test_h1030_stolen_redirection_is_refused_from_another_host(office):  # noqa: F811
    """Token and number of a Server Redirection, brought from another host than the client's: both in network namespaces."""
    lab = office("neighbour", "sign_in.second_factor=off", "listeners.0.handover=redirect", "health.every=0",
                 only=("shadow", "sign-in", "gateway"))
    terminal = lab.variables["LAB_TERMINAL_SHADOW"]
    account, initial = add_engineer(lab, terminal)
    with inside(office.network.client):
        visitor = knock(lab, source=CLIENT)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, initial)
    change_password(visitor)
    token, session = visitor.client.wait_redirection()
    # The gateway's own host, with an address of the same network.
    with inside(office.network.gateway):
        assert come_back(lab, token, session, source=GATEWAY).told() == [wire.ERRINFO_SERVER_DENIED]
    lab.wait_close("SK2104")
    assert not lab.sessions(account)
    with inside(office.network.client):
        come_back(lab, token, session, source=CLIENT).wait_demand_active()
    assert lab.wait_session(account)["source"] == CLIENT
    # It has been redeemed: the same once more is worth nothing, from its owner either.
    lab.call("session.kill", id=lab.sessions(account)[0]["id"], because="test")
    lab.wait_end(account)
    with inside(office.network.client):
        assert come_back(lab, token, session, source=CLIENT).told() == [wire.ERRINFO_SERVER_DENIED]


@contextlib.contextmanager
def inside(namespace):
    """Sockets of this thread are made in that network namespace."""
    with open("/proc/thread-self/ns/net", "rb") as home, open("/run/netns/" + namespace, "rb") as other:
        enter_namespace(other)
        try:
            yield
        finally:
            enter_namespace(home)


def enter_namespace(file):
    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) < 0:
        raise OSError(ctypes.get_errno(), "setns")


# Memory

def test_h1040_no_password_stays_in_memory(new_door):
    lab = new_door("sign_in.second_factor=off", "listeners.0.handover=in-band")
    memory.need_memory(lab)
    terminal = lab.add_terminal(lab.hosts.variables["LAB_SHADOW_PORT"], attended=True)
    chosen, wrong, in_info = (f"{kind}-{secrets.token_hex(8)}-Xx" for kind in ("Kuro", "Shiro", "Midori"))
    account, initial = add_engineer(lab, lab.shadow)
    # Wrong, the initial one, a new one; then the number of the hospital.
    visitor = knock(lab)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, wrong)
    visitor.page("SIGN_IN", error="wrong")
    visitor.sign_in(account, initial, filled_in=True)
    change_password(visitor, chosen)
    lab.wait_session(account)
    # And both ways by Client Info.
    with_info = lab.raw()
    with_info.introduce(user=account, password=chosen)
    with_info.wait_demand_active()
    wait_for(lambda: len(lab.sessions(account)) == 2, PATIENCE, "a second session")
    knock(lab, account, in_info).page("SIGN_IN", error="wrong")
    attended = settled_engineer(lab, terminal)
    digits = lab.admin.json("attend", "issue", "--terminal", terminal)["digits"]
    last = knock(lab)
    last.page("SIGN_IN")
    last.sign_in(attended, PASSWORD)
    last.page("NUMBER")
    last.type(digits)
    lab.wait_session(attended)
    secret = {chosen, wrong, in_info, initial, PASSWORD, digits}
    # Who it was may be known.
    memory.forgets(lab, account, *secret)
