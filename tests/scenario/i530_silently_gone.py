"""A jump host that goes in the middle of a session, and networks that go without a word: everybody is told, and nothing waits for
ever."""

import os

import pytest

from i500_reconnect import AUTO_RECONNECT, wait_connections
from jump_hosts import Host
from lab_parts.processes import PATIENCE, start, stop, wait_for, wait_until
from rdp_clients import why_not
from two_hosts import CLIENT, CLIENT_MAC, ip_in, office, within  # noqa: F401

HOST = "tests/peers/rdp_host"

# What they print of Set Error Info 0x01.
SAYS = {"xfreerdp3": "ERRINFO_RPC_INITIATED_DISCONNECT", "rdesktop": "Administrator initiated"}


@pytest.mark.parametrize("program", SAYS)
def test_i531_jump_host_that_goes_is_told_to_the_client(lab, request, program):
    if why_not(program):
        pytest.skip(why_not(program))
    host = Host(lab, request.config.getoption("--build"), "--rate", "20", "--record", "4000").start()
    try:
        terminal = lab.add_terminal(host.port)
        account, ticket = lab.new_ticket(terminal)
        client = lab.rdesktop(ticket) if program == "rdesktop" else lab.xfreerdp(ticket, *AUTO_RECONNECT)
        wait_for(lambda: any(one["bytes_to_client"] > 20000 for one in lab.sessions(account)), PATIENCE, "the desktop is active")
        stop(host.process)  # its kernel says FIN for it
        client.wait_end()
        assert SAYS[program] in client.log
        lab.wait_close("SK2264")
        row = lab.wait_end(account)
        assert (row["reason"], row["reason_code"], row["state"], row["connections"]) == ("HOST_GONE", "HB", "ended", 1)
    finally:
        if host.process:
            stop(host.process)


def test_i532_network_of_the_client_goes_and_comes_back(office):
    """Nobody is told anything: both ends find out by themselves, and the session goes on."""
    lab = office("neighbour", "limits.stall=3s")
    account = lab.add_account(lab.add_terminal(lab.variables["LAB_SHADOW_PORT"]))
    lab.edit_account(account, macs=[CLIENT_MAC])
    [terminal] = lab.call("account.show", id=account)["terminals"]
    client = lab.xfreerdp(lab.ticket(account, terminal, mac=None).in_a_window(), *AUTO_RECONNECT)
    client.wait_picture()
    session = lab.wait_session(account)["id"]
    ip_in(office.network.client, "link", "set", "wire", "down")
    row = lab.wait_end(account)
    assert (row["reason"] in ("CLIENT_LOST", "CLIENT_STALLED"), row["state"]) == (True, "lost")
    ip_in(office.network.client, "link", "set", "wire", "up")
    assert wait_connections(lab, account, 2)["id"] == session
    client.wait_picture()


def test_i533_network_of_the_jump_host_goes(office, request):
    lab = office("neighbour", "limits.stall=3s", only=("gateway",))
    program = os.path.join(str(request.config.getoption("--build")), HOST)
    host = start(lab.state, "host-away", [*within(office.network.client), program, "--listen", CLIENT + ":3390", "--paused"])
    wait_until(lab.state, host, lambda: "port=" in open(host["log"], encoding="utf-8").read(), PATIENCE, "the test host listens")
    name = lab.add_terminal(3390, trust=False, address=CLIENT)
    lab.admin.text("terminal", "trust", name, "--yes")
    account = lab.add_account(name)
    lab.edit_account(account, because="tests", allowlist="off")
    lab.client_prefix = within(office.network.gateway)
    client = lab.xfreerdp(lab.ticket(account, name, mac=None).in_a_window(), *AUTO_RECONNECT)
    lab.wait_session(account)
    ip_in(office.network.client, "link", "set", "wire", "down")
    row = lab.wait_end(account)
    assert (row["reason"], row["reason_code"]) == ("HOST_LOST", "HB")
    client.wait_end()
    assert SAYS["xfreerdp3"] in client.log
