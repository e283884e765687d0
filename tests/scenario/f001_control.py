"""An administrator sees sessions and ends them at once; the log says who and why."""

import os
import subprocess
import time

import pytest

import rdp_wire as wire
from lab_parts.control import Refused
from lab_parts.facility import AdminError
from lab_parts.identity import as_user
from lab_parts.processes import PATIENCE, wait_for

TOLD = r"ERRINFO_RPC_INITIATED_DISCONNECT|disconnected by an administrat|administrative tool"


@pytest.fixture
def running(lab):
    """A real session in use: (account, client, its row)."""
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket)
    client.wait_picture()
    return account, client, lab.wait_session(account)


@pytest.mark.alone
def test_f001_kill_tells_the_client_within_a_second(lab, running):
    account, client, session = running
    started = time.monotonic()
    lab.admin.text("session", "kill", session["id"], "--because", "fire drill", "--yes")
    client.wait_log(TOLD)
    assert time.monotonic() - started < 1
    row = lab.wait_end(account)
    assert row["state"] == "killed" and row["reason_code"] == "AB"
    assert row["because"] == "fire drill" and row["by"].startswith("unix:")
    client.wait_end()


def test_f002_kill_asks_and_no_is_no(lab, running):
    account, _, session = running
    with pytest.raises(AdminError) as refused:
        lab.admin.text("session", "kill", session["id"], "--because", "drill", answer="n\n")
    assert refused.value.status == 1
    assert lab.sessions(account)


def test_f003_locking_the_account_ends_its_session(lab, running):
    account, client, _ = running
    lab.admin.text("account", "lock", account, "--because", "left the company")
    client.wait_log(TOLD)
    assert lab.wait_end(account)["state"] == "killed"


def test_f004_revoking_the_terminal_ends_the_session(lab, running):
    account, client, session = running
    lab.admin.text("terminal", "edit", session["terminal"], "--remove-account", account)
    client.wait_log(TOLD)
    assert lab.wait_end(account)["state"] == "killed"


def test_f005_client_that_does_not_read_is_cut_hard(lab):
    def pours(peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        pdu = wire.send_data_indication(peer.user, 1004, wire.channel_data(bytes(1600)))
        while True:
            peer.send(pdu * 100)
    host = lab.fake_host(pours)
    terminal = lab.add_terminal(host.port)
    account, ticket = lab.new_ticket(terminal)
    client = lab.raw()
    client.introduce(ticket.handle, ticket.secret, channels=["rdpsnd"])
    client.wait_demand_active()
    session = lab.wait_session(account)
    lab.call("session.kill", id=session["id"], because="does not read")
    # A second for the PDU that the client will never read, then the sockets are shut.
    assert lab.wait_end(account)["state"] == "killed"


def test_f006_logs_name_start_and_end(lab, running):
    account, _, session = running
    lab.call("session.kill", id=session["id"], because="訓練 drill")
    lab.wait_end(account)
    wait_for(lambda: sum(session["id"] in line for line in lab.session_log().splitlines()) >= 2, PATIENCE, "session.log has both lines")
    assert account in lab.admin.text("log", "connections", "--account", account)
    assert "訓練 drill" in lab.admin.text("session", "show", session["id"])
    rows = lab.admin.json("log", "connections", "--account", account)["rows"]
    assert rows[-1]["because"] == "訓練 drill"
    assert rows[-1]["session"] == session["id"] and rows[-1]["duration_seconds"] >= 0


def test_f007_log_is_verified(lab):
    assert lab.call("log.verify")["events"] > 0
    lab.admin.text("log", "verify")


def test_f008_strangers_are_refused_on_the_control_socket(lab):
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-admin")
    command = [program, *lab.admin.command("session", "list")[1:]]
    done = subprocess.run([*as_user(65534), *command], text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    assert done.returncode == 1, done.stdout
    own = [*as_user(int(lab.variables["LAB_GATEWAY_UID"])), *command]
    assert subprocess.run(own, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode == 1


def test_f009_usage_is_exit_code_2_and_refusal_is_1(lab):
    with pytest.raises(AdminError) as usage:
        lab.admin.text("account", "add")
    assert usage.value.status == 2
    with pytest.raises(AdminError) as refused:
        lab.admin.text("account", "show", "nobody-of-this-name")
    assert refused.value.status == 1


def test_f010_follow_shows_starts_and_ends(lab):
    account, ticket = lab.new_ticket(lab.shadow)
    path = os.path.join(lab.folder, account + ".follow")
    with open(path, "wb") as output:
        follower = subprocess.Popen(lab.admin.command("--json", "log", "connections", "--account", account, "--follow"),
                                    stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        client = lab.raw()
        client.introduce(ticket.handle, ticket.secret)
        client.wait_demand_active()
        session = lab.wait_session(account)
        lab.call("session.kill", id=session["id"], because="followed")

        def followed():
            with open(path, encoding="utf-8") as file:
                return "followed" in file.read()
        wait_for(followed, PATIENCE, "the follower shows the end")
    finally:
        follower.terminate()
        follower.wait(PATIENCE)


def test_f011_unknown_session_cannot_be_killed(lab):
    with pytest.raises(Refused) as refused:
        lab.call("session.kill", id="0" * 32, because="nobody")
    assert refused.value.code == -32002


def test_f012_client_cannot_stay_by_coming_back_while_it_is_killed(lab):
    def pours(peer):
        peer.accept_tls()
        peer.accept_mcs()
        peer.activate()
        pdu = wire.send_data_indication(peer.user, 1004, wire.channel_data(bytes(1600)))
        while True:
            peer.send(pdu * 100)
    host = lab.fake_host(pours)
    account, ticket = lab.new_ticket(lab.add_terminal(host.port))
    clients = [lab.raw(), lab.raw()]
    for client in clients:
        client.request(ticket.handle)
        client.start_tls()
        client.connect_mcs(["rdpsnd"])
    clients[0].send_info(ticket.secret)
    clients[0].wait_demand_active()
    session = lab.wait_session(account)
    before = host.connections
    # It does not read, and so is still there for a second.
    lab.call("session.kill", id=session["id"], because="hostile")
    clients[1].send_info(ticket.secret)
    clients[1].wait_closed()
    row = lab.wait_end(account)
    assert (row["state"], row["because"]) == ("killed", "hostile")
    wait_for(lambda: lab.sessions(account) == [], PATIENCE, "it is there no more")
    assert host.connections == before
