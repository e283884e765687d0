"""The gateway and its clients on two hosts: network namespaces of the test's own, joined by a veth pair whose MAC addresses
the test chooses."""

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

    def make(evidence, *settings, only=("shadow", "gateway")):
        lab = Facility(folders("office"), build=request.config.getoption("--build"), only=only,
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
