"""B3: jump hosts that want NLA. freerdp-shadow's own CredSSP, tests/peers/rdp_host for PROTOCOL_HYBRID_EX and for what Windows says
when it refuses, and hosts that break the rules; none of them has to do with anybody else's session."""

import contextlib
import os
import shlex
import socket
import struct
import subprocess
import time

import pytest

import rdp_wire as wire
from desktop import close_to
from jump_hosts import certificate, introduce, knock, nla_shadow, served_with, serves_a_session
from lab_parts.certificates import fingerprint
from lab_parts.processes import PATIENCE, wait_for
from memory import forgets, need_memory
from typist import Typist
from visitor import PASSWORD as DOOR_PASSWORD
from visitor import knock as arrive
from visitor import settled_engineer

USER, PASSWORD = "tech", "Ichigo-15!-関所"
WRONG = "Sakura-77?"
SHADOW_GROUND = (0x20, 0x40, 0x5A)


@pytest.fixture(scope="module")
def shadow(hosts):
    with nla_shadow(hosts, {USER: PASSWORD}) as port:
        yield port


def with_credentials(lab, terminal, password=PASSWORD, nla="required"):
    lab.call("terminal.set_credential", name=terminal, user=USER, password=password)
    lab.edit_terminal(terminal, credentials="injected", nla=nla)
    return terminal


def nla_host(lab, new_host, *options, password=PASSWORD, nla="required"):
    """A terminal at tests/peers/rdp_host, which lets in whoever has PASSWORD."""
    pair = certificate(lab, "nla-host")
    host = new_host(lab, *served_with(pair), "--nla", f"{USER}:{PASSWORD}", *options).start()
    terminal = lab.add_terminal(host.port, trust=fingerprint(pair[0]))
    return with_credentials(lab, terminal, password, nla)


def at_desktop(lab, terminal):
    """An account whose desktop is there, and stays."""
    account, client = knock(lab, terminal, kind=Typist)
    client.activate()
    return account


# The desktop


def test_i001_shadow_with_the_right_password(lab, shadow):
    terminal = with_credentials(lab, lab.add_terminal(shadow))
    account, ticket = lab.new_ticket(terminal)
    client = lab.xfreerdp(ticket)
    lab.wait_session(account)
    wait_for(lambda: close_to(client.pixel(8, 760), SHADOW_GROUND), PATIENCE, "the desktop is shown")
    client.close()
    lab.clients.remove(client)
    # xfreerdp 3.15 may find the time to say goodbye.
    assert lab.wait_end(account)["reason"] in ("CLIENT_LEFT", "CLIENT_LOGGED_OFF")
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "sekisho-nla has gone")


def test_i002_shadow_with_a_wrong_password(lab, shadow):
    terminal = with_credentials(lab, lab.add_terminal(shadow), WRONG)
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    # WinPR's server takes a wrong password for a damaged message, and the number it then sends is none of Windows'.
    assert lab.wait_end(account)["reason"] in ("HOST_LOGON", "HOST_LOGON_PASSWORD")
    lab.wait_log(r"detail='0x[0-9a-f]{8}")
    assert WRONG not in lab.whole_log


@pytest.mark.parametrize("options", [(), ("--nla-authorised", "0")], ids=["hybrid", "hybrid-ex"])
def test_i003_our_own_host(lab, new_host, options):
    account, client = knock(lab, nla_host(lab, new_host, *options))
    client.wait_demand_active()
    assert lab.wait_session(account)


# What Windows says when it refuses, and what the log then says

STATUSES = {
    0xC000006D: "HOST_LOGON_PASSWORD",
    0xC0000071: "HOST_LOGON_EXPIRED",
    0xC0000224: "HOST_LOGON_MUST_CHANGE",
    0xC0000234: "HOST_LOGON_LOCKED",
    0xC0000072: "HOST_LOGON_DISABLED",
    0xC000006E: "HOST_LOGON_RESTRICTED",
    0xC000015B: "HOST_LOGON_TYPE",
    0xC0000133: "HOST_LOGON_CLOCK",
    0xC0DEC0DE: "HOST_LOGON",
}


@pytest.mark.parametrize("status", STATUSES, ids=hex)
def test_i004_each_refusal_has_its_reason(lab, new_host, status):
    terminal = nla_host(lab, new_host, "--nla-status", hex(status), password=WRONG)
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == STATUSES[status]
    lab.wait_log(f"(?i)detail='0x{status:08x}")


def test_i005_hybrid_ex_says_no(lab, new_host):
    account, client = knock(lab, nla_host(lab, new_host, "--nla-authorised", "5"))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == "HOST_LOGON_TYPE"


@pytest.mark.parametrize(("options", "reason"), [((), "HOST_LOGON_CLOSED"), (("--nla-authorised", "0"), "HOST_REFUSED")],
                         ids=["hybrid", "hybrid-ex"])
def test_i018_a_host_that_closes_behind_the_credentials_is_told_of(lab, new_host, options, reason):
    """PROTOCOL_HYBRID has no other way to say that whoever has the right password may not log on."""
    account, client = knock(lab, nla_host(lab, new_host, *options, "--mode", "no-logon"))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == reason
    assert ("right after it got the credentials" in lab.log) == (not options)


# What the host offers, and what the terminal is set to


def test_i006_a_host_without_nla_is_told_in_client_info_if_that_is_allowed(lab):
    def script(peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        peer.stay()
    host = lab.fake_host(script)
    terminal = with_credentials(lab, lab.trusted_terminal(host), nla="auto")
    account, client = knock(lab, terminal)
    client.wait_demand_active()
    assert lab.wait_session(account)
    assert PASSWORD.encode("utf-16-le") in host.received[0]

    lab.edit_terminal(terminal, nla="required")
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == "HOST_WITHOUT_NLA"
    assert len(host.received) == 1


def test_i007_without_credentials_a_host_with_nla_says_what_to_set(lab, new_host):
    terminal = nla_host(lab, new_host)
    lab.edit_terminal(terminal, credentials="typed", nla="auto")
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == "HOST_WANTS_NLA"


# Hosts that break the rules

def accepts(protocol=wire.PROTOCOL_HYBRID):
    """X.224 and TLS with NLA selected, and the first TSRequest read."""
    def begin(peer):
        peer.read_pdu()
        peer.send(wire.connection_confirm(protocol))
        peer.connection = peer.host.context.wrap_socket(peer.connection, server_side=True)
        head = peer.read(2)
        length = head[1]
        if length & 0x80:
            length = int.from_bytes(peer.read(length & 0x7F), "big")
        return peer.read(length)
    return begin


def says(answer, hangs_up=False):
    def script(peer):
        peer.host.received.append(accepts()(peer))
        peer.send(answer)
        if not hangs_up:
            with contextlib.suppress(Exception):
                peer.host.received.append(peer.read(1))
            peer.stay()
    return script


def ts_request(*fields):
    body = b"".join(fields)
    return b"\x30" + der_length(len(body)) + body


def der_length(length):
    return bytes([length]) if length < 0x80 else b"\x82" + struct.pack(">H", length)


VERSION_6, VERSION_4 = b"\xa0\x03\x02\x01\x06", b"\xa0\x03\x02\x01\x04"


def token_field(token):
    for tag in (0x04, 0xA0, 0x30, 0x30, 0xA1):
        token = bytes([tag]) + der_length(len(token)) + token
    return token


def silent_in_tls(peer):
    accepts()(peer)
    peer.connection.recv(1)


def hangs_up_after_token(peer):
    accepts()(peer)


def says_all_of_it(peer):
    """100 MiB, as the header has it, or as much as is taken."""
    accepts()(peer)
    peer.send(b"\x30\x84\x06\x40\x00\x00")
    for _ in range(100):
        peer.send(bytes(1 << 20))


HOSTILE = {
    "garbage": (says(b"\xde\xad\xbe\xef" * 64), "HOST_CREDSSP"),
    "rdp-instead": (says(wire.connect_response(0)), "HOST_CREDSSP"),
    "100-mb": (says_all_of_it, "HOST_CREDSSP"),
    "4-gb": (says(b"\x30\x84\xff\xff\xff\xff"), "HOST_CREDSSP"),
    "endless-length": (says(b"\x30\x80" + VERSION_6), "HOST_CREDSSP"),
    "half": (says(b"\x30\x20" + VERSION_6, hangs_up=True), "HOST_REFUSED"),
    "half-and-stalls": (says(b"\x30\x20" + VERSION_6), "HOST_TOO_SLOW"),
    "empty": (says(b"\x30\x00" + bytes(4)), "HOST_CREDSSP"),
    "no-token": (says(ts_request(VERSION_6)), "HOST_CREDSSP"),
    "junk-token": (says(ts_request(VERSION_6, token_field(b"NTLMSSP\0\x02\0\0\0" + b"\xff" * 60))), "HOST_LOGON"),
    "old": (says(ts_request(VERSION_4, token_field(b"NTLMSSP\0"))), "HOST_CREDSSP_OLD"),
    "stalls": (silent_in_tls, "HOST_TOO_SLOW"),
    "hangs-up": (hangs_up_after_token, "HOST_REFUSED"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_i010_a_hostile_host_costs_its_own_session(request, new_host, name):
    script, reason = HOSTILE[name]
    lab = request.getfixturevalue("strict_lab" if reason == "HOST_TOO_SLOW" else "lab")
    bystander = at_desktop(lab, nla_host(lab, new_host))
    host = lab.fake_host(script)
    account, client = knock(lab, with_credentials(lab, lab.trusted_terminal(host)))
    client.told()
    assert lab.wait_end(account)["reason"] == reason
    assert not any(PASSWORD.encode("utf-16-le") in part for part in host.received)
    assert lab.wait_session(bystander)
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "no sekisho-nla is left")
    assert "SK1003" not in lab.log and "signal=" not in lab.log


def test_i019_who_finds_all_places_taken_by_silent_hosts_is_refused_with_that_reason(new_lab, new_host):
    """Each silent one has its place until limits.attach. Who comes meanwhile is not kept waiting behind them."""
    lab = new_lab("limits.nla=2", "limits.attach=10s")
    lab.begin_test()
    good = nla_host(lab, new_host)
    stalled = [with_credentials(lab, lab.trusted_terminal(lab.fake_host(silent_in_tls))) for _ in range(2)]
    *slow, last = [lab.new_ticket(terminal) for terminal in (*stalled, good)]
    waiting = [(account, introduce(lab, ticket)) for account, ticket in slow]
    wait_for(lambda: len(lab.pids("sekisho-nla")) == 2, PATIENCE, "both are at their hosts")
    account, client = last[0], introduce(lab, last[1])
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == "NLA_BUSY"
    lab.wait_close("SK2132")
    # No session of a host without NLA is touched, and the places come back.
    assert lab.wait_session(at_desktop(lab, lab.shadow))
    for account, client in waiting:
        client.told()
        assert lab.wait_end(account)["reason"] == "HOST_TOO_SLOW"
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "the places are free")
    assert lab.wait_session(at_desktop(lab, good))


def test_i011_a_certificate_that_changed_since_the_check(lab, new_host):
    pair = certificate(lab, "changed")
    host = new_host(lab, *served_with(certificate(lab, "other")), "--nla", f"{USER}:{PASSWORD}").start()
    terminal = lab.add_terminal(host.port, trust=fingerprint(pair[0]))
    account, client = knock(lab, with_credentials(lab, terminal))
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    assert lab.wait_end(account)["reason"] == "HOST_CERTIFICATE"


# Secrets


@pytest.mark.parametrize("nla", ["required", "auto", "off"])
def test_i020_nobody_keeps_the_password(new_lab, new_host, nla):
    lab = new_lab()
    lab.begin_test()
    need_memory(lab)
    if nla == "required":
        terminal = nla_host(lab, new_host)
    else:
        pair = certificate(lab, "plain-host")
        host = new_host(lab, *served_with(pair)).start()
        terminal = lab.add_terminal(host.port, trust=fingerprint(pair[0]))
        with_credentials(lab, terminal, nla=nla)
    account, client = knock(lab, terminal)
    client.wait_demand_active()
    assert lab.wait_session(account)
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "sekisho-nla has gone")
    forgets(lab, account, PASSWORD)
    client.close()
    lab.wait_end(account)
    forgets(lab, account, PASSWORD)


def test_i021_ten_at_once(lab, new_host):
    """Each has a process of its own, and none is left."""
    terminal = nla_host(lab, new_host)
    began = time.monotonic()
    tickets = [lab.new_ticket(terminal) for _ in range(10)]
    sessions = [(account, introduce(lab, ticket)) for account, ticket in tickets]
    for account, client in sessions:
        client.wait_demand_active()
        assert lab.wait_session(account)
    print(f"ten sessions with NLA in {time.monotonic() - began:.2f} s")
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "no sekisho-nla is left")


# Behind the sign-in screen


def test_i030_the_engineer_reads_a_general_sentence_and_may_choose_again(door, new_host):
    wrong = nla_host(door, new_host, "--nla-status", "0xC0000234", password=WRONG)
    right = nla_host(door, new_host, "--nla-authorised", "0")
    account = settled_engineer(door, wrong, right)
    visitor = arrive(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, DOOR_PASSWORD)
    visitor.page("TERMINALS")
    visitor.choose(sorted([wrong, right]).index(wrong))
    page = visitor.page("SORRY", text="does not let you log on")
    assert "lock" not in page["text"]
    assert door.wait_end(account)["reason"] == "HOST_LOGON_LOCKED"
    door.wait_log("STATUS_ACCOUNT_LOCKED_OUT")
    visitor.key("Return")
    visitor.page("TERMINALS")
    visitor.choose(sorted([wrong, right]).index(right))
    assert door.wait_session(account)["terminal"] == right
    wait_for(lambda: not door.pids("sekisho-nla"), PATIENCE, "no sekisho-nla is left")


def test_i032_a_host_without_nla_behind_the_screen(door):
    host = door.fake_host(serves_a_session)
    terminal = with_credentials(door, door.trusted_terminal(host), nla="auto")
    account = settled_engineer(door, terminal)
    visitor = arrive(door)
    visitor.page("SIGN_IN")
    visitor.sign_in(account, DOOR_PASSWORD)
    assert door.wait_session(account)["terminal"] == terminal
    assert PASSWORD.encode("utf-16-le") in host.received[0]


def test_i031_what_was_typed_at_signing_in_is_passed_through(door, new_host):
    pair = certificate(door, "passed-host")
    account = settled_engineer(door)
    host = new_host(door, *served_with(pair), "--nla", f"{account}:{DOOR_PASSWORD}").start()
    terminal = door.add_terminal(host.port, trust=fingerprint(pair[0]))
    door.edit_terminal(terminal, credentials="pass-through", nla="required")
    door.edit_account(account, terminals=[terminal])
    client = door.raw()
    client.introduce(user=account, password=DOOR_PASSWORD)
    client.wait_demand_active()
    assert door.wait_session(account)["terminal"] == terminal


def test_i040_without_the_legacy_provider_it_says_so(lab):
    """OpenSSL has MD4 and RC4 there, and NTLM cannot do without."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-nla")
    done = subprocess.run(["bash", "-c", f"exec {shlex.quote(program)} 3<&{theirs.fileno()}"], pass_fds=[theirs.fileno()], check=False,
                          env={"OPENSSL_MODULES": "/nonexistent"}, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    ours.close()
    theirs.close()
    assert done.returncode == 3 and b"SK2239" in done.stderr and b"legacy" in done.stderr, done
