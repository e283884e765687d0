"""Device evidence through the real daemon, between two hosts."""

import os

from two_hosts import CLIENT, CLIENT_MAC, NETWORK, STRANGER, ip_in, office  # noqa: F401


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
