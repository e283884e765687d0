"""B3: logging on to a jump host by Kerberos. A KDC of MIT's as the domain's, in a network namespace of its own where the machine
allows one; a jump host that takes Kerberos alone; and KDCs that say nothing, nonsense, or what they should not."""

import os
import shutil
import socket
import struct
import threading
import time

import pytest

import rdp_wire as wire
from jump_hosts import certificate, knock, served_with
from lab_parts.certificates import fingerprint
from lab_parts.kerberos import DOMAIN, REALM, Kdc, write_client_file
from lab_parts.processes import PATIENCE, wait_for
from lab_parts.shims import build_shim
from memory import forgets, need_memory
from rdp_peers import FakeHost
from two_hosts import ip, ip_in, within

USER, PASSWORD = "tech", "Ichigo-15!-関所"
WRONG = "Sakura-77?"
HOST_NAME = "localhost"  # the only name that everybody's resolver has for loopback


class Wire:
    """Loopback's host (10.77.32.1) ── veth ── the KDC's (10.77.32.2). What is sent to 10.77.32.3 goes over, and is nobody's."""

    OURS, KDC, NOBODY = "10.77.32.1", "10.77.32.2", "10.77.32.3"
    MAC = "02:00:5e:77:32:02"

    def __init__(self):
        self.name, self.link = f"sk-{os.getpid()}-kdc", f"skk{os.getpid()}"[:15]

    def join(self):
        ip("netns", "add", self.name)
        ip_in(self.name, "link", "set", "lo", "up")
        ip("link", "add", self.link, "type", "veth", "peer", "name", "wire", "address", self.MAC, "netns", self.name)
        ip("address", "add", self.OURS + "/24", "dev", self.link)
        ip("link", "set", self.link, "up")
        ip_in(self.name, "address", "add", self.KDC + "/24", "dev", "wire")
        ip_in(self.name, "link", "set", "wire", "up")
        ip("neigh", "replace", self.NOBODY, "lladdr", self.MAC, "dev", self.link, "nud", "permanent")

    def close(self):
        ip("link", "delete", self.link, check=False)
        ip("netns", "delete", self.name, check=False)


@pytest.fixture(scope="module")
def wire_to_kdc():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    between = Wire()
    try:
        between.join()
        yield between
    finally:
        between.close()


@pytest.fixture(scope="module")
def kdc(hosts, wire_to_kdc):
    kdc = Kdc(hosts.state, wire_to_kdc.KDC, prefix=within(wire_to_kdc.name))
    kdc.add_user(USER, PASSWORD)
    kdc.add_user("expired", PASSWORD, "-pwexpire", "yesterday")
    kdc.add_user("ended", PASSWORD, "-expire", "yesterday")
    kdc.add_user("locked", PASSWORD, "-allow_tix")
    kdc.keytab = kdc.add_service(HOST_NAME)
    yield kdc.start()
    kdc.stop()


@pytest.fixture
def domain_lab(new_lab, kdc, tmp_path):
    """domain_lab(places, "kerberos.deadline=3s", …): a gateway whose krb5.conf has these KDCs."""
    os.chmod(tmp_path, 0o755)

    def make(places, *settings, more=""):
        path = write_client_file(str(tmp_path / "krb5.conf"), places, more)
        folder = tmp_path
        while folder != folder.parent and not folder.stat().st_mode & 0o001:
            os.chmod(folder, 0o711)
            folder = folder.parent
        lab = new_lab("kerberos.config=" + path, *settings)
        lab.begin_test()
        return lab
    return make


@pytest.fixture
def fake_kdc():
    """fake_kdc(script): a KDC that does what the script does."""
    made = []

    def make(script):
        made.append(FakeHost(script))
        made[-1].place = f"127.0.0.1:{made[-1].port}"
        return made[-1]
    yield make
    for peer in made:
        peer.close()


def says_nothing(peer):
    peer.stay()


def kerberos_host(lab, new_host, kdc, user=USER, password=PASSWORD, domain=DOMAIN, address=HOST_NAME, keytab=None):
    """A terminal at a host that takes Kerberos alone, with a user of the domain."""
    pair = certificate(lab, "kerberos-host")
    host = new_host(lab, *served_with(pair), "--nla-keytab", keytab or kdc.keytab)
    host.environment = {"KRB5RCACHENAME": "none:"}
    host.start()
    terminal = lab.add_terminal(host.port, trust=fingerprint(pair[0]))
    lab.edit_terminal(terminal, address=address)
    lab.call("terminal.set_credential", name=terminal, user=user, domain=domain, password=password)
    lab.edit_terminal(terminal, credentials="injected", nla="required")
    return terminal


def refused(lab, terminal):
    """The close reason of a session that the engineer is told nothing in particular of."""
    account, client = knock(lab, terminal)
    assert client.told() == [wire.ERRINFO_SERVER_DENIED]
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "no sekisho-nla is left")
    return lab.wait_end(account)["reason"]


def goes_through(lab, terminal):
    account, client = knock(lab, terminal)
    client.wait_demand_active()
    assert lab.wait_session(account)
    return account, client


# The domain


@pytest.mark.parametrize("user, domain", [(USER, DOMAIN), (f"{USER}@{REALM.lower()}", ""), (USER, REALM)],
                         ids=["short-domain", "principal", "realm"])
def test_i050_a_session_by_kerberos(domain_lab, new_host, kdc, user, domain):
    lab = domain_lab([kdc.place])
    before = len(kdc.log)
    goes_through(lab, kerberos_host(lab, new_host, kdc, user, domain=domain))
    asked = kdc.log[before:]
    assert f"{USER}@{REALM} for krbtgt/{REALM}@{REALM}" in asked
    assert f"{USER}@{REALM} for TERMSRV/{HOST_NAME}@{REALM}" in asked
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "sekisho-nla has gone")
    assert "signal=" not in lab.log


def test_i051_without_kerberos_that_host_lets_nobody_in(domain_lab, new_host, kdc):
    """Where the terminal's address is none that tickets are for, NTLM is tried, and this host does not take it."""
    lab = domain_lab([kdc.place])
    terminal = kerberos_host(lab, new_host, kdc, address="127.0.0.1")
    before = len(kdc.log)
    assert refused(lab, terminal) in ("HOST_REFUSED", "HOST_CREDSSP", "HOST_LOGON", "HOST_LOGON_NTLM")
    assert kdc.log[before:] == ""


def test_i052_users_of_other_domains_log_on_by_ntlm(domain_lab, new_host, kdc):
    lab = domain_lab([kdc.place])
    pair = certificate(lab, "ntlm-host")
    host = new_host(lab, *served_with(pair), "--nla", f"{USER}:{PASSWORD}").start()
    terminal = lab.add_terminal(host.port, trust=fingerprint(pair[0]))
    lab.edit_terminal(terminal, address=HOST_NAME)
    lab.call("terminal.set_credential", name=terminal, user=USER, password=PASSWORD)
    lab.edit_terminal(terminal, credentials="injected", nla="required")
    before = len(kdc.log)
    goes_through(lab, terminal)
    assert kdc.log[before:] == ""


@pytest.mark.parametrize("user, password, reason", [
    (USER, WRONG, "HOST_LOGON_PASSWORD"), ("nobody", PASSWORD, "KERBEROS_USER"), ("expired", PASSWORD, "HOST_LOGON_EXPIRED"),
    ("ended", PASSWORD, "HOST_LOGON_ENDED"), ("locked", PASSWORD, "KERBEROS_LOCKED")],
    ids=["password", "unknown", "expired", "ended", "locked"])
def test_i053_each_refusal_of_the_kdc_has_its_reason(domain_lab, new_host, kdc, user, password, reason):
    lab = domain_lab([kdc.place])
    assert refused(lab, kerberos_host(lab, new_host, kdc, user, password)) == reason
    assert "KDC_ERR_" in lab.log and password not in lab.whole_log


def test_i054_a_host_that_the_domain_does_not_know(domain_lab, new_host, kdc, hosts):
    other = Kdc(hosts.state)
    other.add_user(USER, PASSWORD)
    other.start()
    try:
        lab = domain_lab([other.place])
        assert refused(lab, kerberos_host(lab, new_host, kdc)) == "KERBEROS_SERVICE"
    finally:
        other.stop()


def test_i055_clocks(domain_lab, new_host, kdc, hosts):
    """A domain an hour ahead, where libkrb5 is not allowed to take its time for the right one."""
    ahead = Kdc(hosts.state)
    ahead.add_user(USER, PASSWORD)
    clock = ahead.path("clock")
    with open(clock, "wb") as file:
        file.write(struct.pack("=qq", int((time.time() + 3600) * 1000000), 0))
    ahead.start(LD_PRELOAD=build_shim(hosts.state, "set_clock"), SET_CLOCK_FILE=clock)
    try:
        lab = domain_lab([ahead.place], more="kdc_timesync = 0")
        assert refused(lab, kerberos_host(lab, new_host, kdc)) == "HOST_LOGON_CLOCK"
    finally:
        ahead.stop()


# KDCs that do not do what they should


def test_i060_a_silent_kdc_is_waited_for_no_longer_than_the_limit(domain_lab, new_host, kdc, fake_kdc):
    silent = fake_kdc(says_nothing)
    lab = domain_lab([silent.place], "kerberos.deadline=1s")
    assert refused(lab, kerberos_host(lab, new_host, kdc)) == "KERBEROS_NO_KDC"
    assert silent.connections == 1
    lab.wait_log(f"SK2277 .*realm='{REALM}' kdc='127.0.0.1' port={silent.port}")


def test_i061_one_whose_packets_are_lost(domain_lab, new_host, kdc):
    lab = domain_lab([f"{Wire.NOBODY}:88"], "kerberos.deadline=1s")
    assert refused(lab, kerberos_host(lab, new_host, kdc)) == "KERBEROS_NO_KDC"
    lab.wait_log("SK2277 .*kdc='10.77.32.3'")


def test_i062_nobody_else_waits_for_it(domain_lab, new_host, kdc, fake_kdc):
    """While one logon waits for a silent KDC, another one begins, with its own process and its own KDC, and is served."""
    let_go = threading.Event()

    def waits(peer):
        while not let_go.wait(0.05):
            pass
    silent = fake_kdc(waits)
    lab = domain_lab([silent.place], "kerberos.deadline=25s")
    waiting, _ = knock(lab, kerberos_host(lab, new_host, kdc))
    wait_for(lambda: silent.connections == 1, PATIENCE, "the silent KDC is asked")
    pair = certificate(lab, "ntlm-host")
    host = new_host(lab, *served_with(pair), "--nla", f"{USER}:{PASSWORD}").start()
    other = lab.add_terminal(host.port, trust=fingerprint(pair[0]))
    lab.call("terminal.set_credential", name=other, user=USER, password=PASSWORD)
    lab.edit_terminal(other, credentials="injected", nla="required")
    served, _ = goes_through(lab, other)
    assert not lab.history(waiting)[-1]["end"], "the first one waits no more"
    let_go.set()
    assert lab.wait_end(waiting)["reason"] == "KERBEROS_NO_KDC"
    assert lab.wait_session(served)


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "silent"])
def test_i063_when_the_first_is_silent_the_second_is_asked(domain_lab, new_host, kdc, fake_kdc, lost):
    first = f"{Wire.NOBODY}:88" if lost else fake_kdc(says_nothing).place
    lab = domain_lab([first, kdc.place], "kerberos.deadline=12s")
    terminal = kerberos_host(lab, new_host, kdc)
    goes_through(lab, terminal)
    assert lab.log.count("SK2277") == 1
    # Whoever comes next does not wait for the first one again.
    goes_through(lab, terminal)
    assert lab.log.count("SK2277") == 1


def test_i065_one_that_is_slow_every_time(domain_lab, new_host, kdc, fake_kdc):
    """Each answer comes in its time, but all of them together do not."""
    never = threading.Event()

    def whole(read):
        head = read(4)
        return head + read(struct.unpack(">I", head)[0])

    def slow(peer):
        with socket.create_connection((kdc.address, kdc.port), timeout=PATIENCE) as real, real.makefile("rb") as answers:
            real.sendall(whole(peer.read))
            answer = whole(answers.read)
            never.wait(1.4)
            peer.send(answer)
            peer.stay()
    lab = domain_lab([fake_kdc(slow).place], "kerberos.deadline=3s")
    assert refused(lab, kerberos_host(lab, new_host, kdc)) == "KERBEROS_NO_KDC"
    assert lab.pids("sekisho-worker") and "signal=" not in lab.log


def says(answer):
    def script(peer):
        peer.read(4)
        peer.send(answer)
        peer.stay()
    return script


def framed(content):
    return struct.pack(">I", len(content)) + content


def hangs_up(peer):
    peer.read(4)


def says_half(peer):
    peer.read(4)
    peer.send(b"\0\0\x10\0" + b"\x6b" * 100)


HOSTILE = {
    "4-gb": (says(b"\xff\xff\xff\xff" + bytes(1 << 20)), "KERBEROS_NO_KDC"),
    "too-long": (says(struct.pack(">I", 128 * 1024 + 1)), "KERBEROS_NO_KDC"),
    "empty": (says(bytes(4)), "KERBEROS_NO_KDC"),
    "half": (says_half, "KERBEROS_NO_KDC"),
    "hangs-up": (hangs_up, "KERBEROS_NO_KDC"),
    "garbage": (says(framed(b"\xde\xad\xbe\xef" * 64)), "KERBEROS_ANSWER"),
    "http": (says(framed(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "KERBEROS_ANSWER"),
    "deep": (says(framed(b"\x6b\x84\x7f\xff\xff\xff" + b"\x30\x80" * 30000)), "KERBEROS_ANSWER"),
    "endless-zeros": (says(framed(bytes(100000))), "KERBEROS_ANSWER"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_i064_a_hostile_kdc_costs_its_own_session(domain_lab, new_host, kdc, fake_kdc, name):
    script, reason = HOSTILE[name]
    lab = domain_lab([fake_kdc(script).place], "kerberos.deadline=10s")
    assert refused(lab, kerberos_host(lab, new_host, kdc)) == reason
    assert "SK1003" not in lab.log and "signal=" not in lab.log
    assert lab.call("gateway.status")


def test_i070_nobody_keeps_the_password(domain_lab, new_host, kdc):
    lab = domain_lab([kdc.place])
    need_memory(lab)
    account, client = goes_through(lab, kerberos_host(lab, new_host, kdc))
    wait_for(lambda: not lab.pids("sekisho-nla"), PATIENCE, "sekisho-nla has gone")
    forgets(lab, account, PASSWORD)
    client.close()
    lab.wait_end(account)
    forgets(lab, account, PASSWORD)


def test_i071_a_file_without_kdcs_is_refused_at_the_start(domain_lab):
    with pytest.raises(AssertionError, match="no realm with a `kdc`"):
        domain_lab([])
