"""Device evidence through the real daemon: the gateway and its clients on two hosts of a network of the test's own,
network namespaces joined by a veth pair whose MAC addresses the test chooses."""

import os
import shutil
import subprocess

import pytest

from facility import Facility

NETWORK = "10.77.31."
GATEWAY = NETWORK + "1"
CLIENT = NETWORK + "2"
GATEWAY_MAC = "02:00:5e:77:31:01"
CLIENT_MAC = "02:00:5e:77:31:02"
STRANGER = "02:00:5e:77:31:99"


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True, timeout=15)


def ip_in(namespace, *arguments):
    """`ip -n` would also mount, which fails in a chroot whose root is no mount point."""
    subprocess.run([*within(namespace), "ip", *arguments], check=True, capture_output=True, text=True, timeout=15)


def within(namespace):
    """What stands before a command that shall run there."""
    return ["nsenter", "--net=/run/netns/" + namespace]


class Network:
    """gateway (10.77.31.1) ── veth ── client (10.77.31.2)"""

    def __init__(self):
        self.gateway, self.client = (f"sk-{os.getpid()}-{name}" for name in ("gateway", "client"))

    def join(self):
        for name in (self.gateway, self.client):
            ip("netns", "add", name)
            ip_in(name, "link", "set", "lo", "up")
        ip("link", "add", "wire", "netns", self.gateway, "address", GATEWAY_MAC,
           "type", "veth", "peer", "name", "wire", "netns", self.client, "address", CLIENT_MAC)
        for name, address in ((self.gateway, GATEWAY), (self.client, CLIENT)):
            ip_in(name, "address", "add", address + "/24", "dev", "wire")
            ip_in(name, "link", "set", "wire", "up")

    def close(self):
        for name in (self.client, self.gateway):
            ip("netns", "delete", name, check=False)


@pytest.fixture
def office(request, folders):
    """office("neighbour"): a facility on the gateway's host whose listener takes this evidence."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    network = Network()
    request.addfinalizer(network.close)
    network.join()
    made = []

    def make(evidence, *settings):
        lab = Facility(folders("office"), build=request.config.getoption("--build"), only=("shadow", "gateway"),
                       settings=[f"listeners.0.address={GATEWAY}:3389", f"listeners.0.evidence=[{evidence}]", *settings],
                       prefix=within(network.gateway))
        lab.begin_test()
        lab.client_prefix = within(network.client)
        request.node.funcargs["lab"] = lab
        made.append(lab)
        return lab
    make.network = network
    yield make
    for lab in made:
        lab.close()


def connect(lab, *macs):
    """A client of an account with these devices; returns the account."""
    terminal = lab.variables["LAB_TERMINAL_SHADOW"]
    account = lab.add_account(terminal)
    lab.edit_account(account, macs=list(macs))
    lab.xfreerdp(lab.ticket(account, terminal, mac=None))
    return account


def test_c201_client_on_the_same_link_is_known_by_its_mac(office):
    lab = office("neighbour")
    account = connect(lab, CLIENT_MAC)
    session = lab.wait_session(account)
    assert (session["evidence"], session["device"], session["source"]) == ("neighbour", CLIENT_MAC.upper(), CLIENT)
    lab.clients[-1].wait_picture()


def test_c202_device_that_is_not_listed_is_refused(office):
    lab = office("neighbour")
    account = connect(lab, STRANGER)
    lab.wait_close("SK2117")
    assert lab.history(account) == []


def test_c203_second_address_with_the_same_mac_is_a_contradiction(office):
    lab = office("neighbour")
    network = office.network
    other = NETWORK + "3"
    ip_in(network.client, "address", "add", other + "/24", "dev", "wire")
    # Both addresses get into the gateway's neighbour table.
    ip_in(network.gateway, "neighbour", "replace", other, "lladdr", CLIENT_MAC, "dev", "wire", "nud", "reachable")
    connect(lab, CLIENT_MAC)
    lab.wait_close("SK2116")


def test_c204_lease_tells_the_device_and_an_ended_one_does_not(office, folders):
    leases = os.path.join(folders("leases"), "dnsmasq.leases")
    with open(leases, "w", encoding="ascii") as file:
        file.write(f"4102444800 {CLIENT_MAC} {CLIENT} vendor-pc *\n")
    os.chmod(os.path.dirname(leases), 0o755)
    lab = office("lease", f"evidence.lease_files=[{{path: {leases}, format: dnsmasq}}]")
    account = connect(lab, CLIENT_MAC)
    assert lab.wait_session(account)["evidence"] == "lease"
    with open(leases, "w", encoding="ascii") as file:
        file.write(f"1000000000 {CLIENT_MAC} {CLIENT} vendor-pc *\n")
    connect(lab, CLIENT_MAC)
    lab.wait_close("SK2116")
