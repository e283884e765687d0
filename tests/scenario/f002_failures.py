"""Processes die in mid-session: only their sessions end, and the log says so."""

import contextlib
import os
import signal
import sqlite3
import subprocess

import pytest

from lab_parts.facility import AdminError
from lab_parts.identity import as_user
from lab_parts.processes import PATIENCE, alive, start_time, wait_for
from typist import Typist


def bridge(lab, count=1):
    """So many raw sessions on the shadow host, in BRIDGE: {account: client}."""
    sessions = {}
    for _ in range(count):
        account, ticket = lab.new_ticket(lab.shadow)
        client = lab.raw(kind=Typist)
        client.introduce(ticket.handle, ticket.secret)
        client.activate()
        lab.wait_session(account)
        sessions[account] = client
    return sessions


def test_f101_killed_worker_costs_its_own_sessions_only(new_lab):
    lab = new_lab("workers.count=2")
    # Enough that both workers have one.
    sessions = bridge(lab, 6)
    workers = lab.pids("sekisho-worker")
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    lab.wait_log("SK2405")
    # It has let go of all of the worker's connections by then; their ends are written one after the other.
    left = [account for account in sessions if lab.sessions(account)]
    lost = [account for account in sessions if account not in left]
    assert lost and left
    for account in lost:
        row = lab.wait_end(account)
        assert row["state"] == "lost" and row["reason_code"].startswith("G")
        sessions[account].wait_closed()
    for account in left:
        assert lab.sessions(account)
    wait_for(lambda: len(lab.pids("sekisho-worker")) == 2, PATIENCE, "a new worker runs")
    bridge(lab, 4)


def test_f102_hung_worker_is_replaced(new_lab):
    lab = new_lab("workers.count=1", "limits.watchdog=5s")
    sessions = bridge(lab)
    worker, = lab.pids("sekisho-worker")
    os.kill(worker, signal.SIGSTOP)
    wait_for(lambda: start_time(worker) == 0, PATIENCE, "the hung worker is ended")
    for account in sessions:
        assert lab.wait_end(account)["state"] == "lost"
    wait_for(lambda: [one["pid"] for one in lab.call("gateway.status")["workers"]] not in ([], [worker]), PATIENCE, "a new worker is ready")
    bridge(lab)


def test_f103_killed_key_process_is_replaced(new_lab):
    lab = new_lab()
    sessions = bridge(lab)
    key, = lab.pids("sekisho-key")
    os.kill(key, signal.SIGKILL)
    wait_for(lambda: lab.pids("sekisho-key") not in ([], [key]), PATIENCE, "a new sekisho-key runs")
    for account in sessions:
        assert lab.sessions(account)
    bridge(lab)


def test_f104_killed_supervisor_leaves_no_session_running_and_none_unlogged(new_lab):
    lab = new_lab()
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket)
    client.wait_picture()
    session = lab.wait_session(account)["id"]
    children = [*lab.pids("sekisho-worker"), *lab.pids("sekisho-key")]
    os.kill(lab.gateway_process["pid"], signal.SIGKILL)
    wait_for(lambda: not any(start_time(pid) for pid in children), PATIENCE, "workers end with their supervisor")
    client.wait_log("ERRINFO_RPC_INITIATED_DISCONNECT")
    client.kill()
    lab.start_gateway_again()
    row = lab.history(account)[-1]
    assert row["session"] == session and row["state"] == "lost" and row["end"]
    assert row["reason"] == "GATEWAY_DIED"
    # session.log, too, has the end.
    ends = [line for line in lab.session_log().splitlines() if session in line and " end " in line]
    assert len(ends) == 1
    bridge(lab)


def test_f105_orderly_stop_tells_clients_and_logs(new_lab):
    lab = new_lab()
    account, ticket = lab.new_ticket(lab.shadow)
    client = lab.xfreerdp(ticket)
    client.wait_picture()
    lab.wait_session(account)
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    client.wait_log(r"ERRINFO_RPC_INITIATED_DISCONNECT|administrat")
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway stops")
    lab.start_gateway_again()
    row = lab.history(account)[-1]
    assert row["state"] == "killed" and row["end"]


def test_f106_changed_log_is_found(new_lab):
    lab = new_lab()
    sessions = bridge(lab)
    for account in sessions:
        lab.call("session.kill", id=lab.sessions(account)[0]["id"], because="drill")
        lab.wait_end(account)
    lab.admin.text("log", "verify")
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway stops")
    path = lab.state.path("gateway", "var", "sekisho.db")
    owner = os.stat(path)
    with sqlite3.connect(path) as database:
        changed = database.execute("UPDATE event SET payload = replace(payload, 'drill', 'drull')"
                                   " WHERE id IN (SELECT max(id) FROM event WHERE instr(payload, 'drill'))").rowcount
    database.close()
    assert changed == 1
    for name in os.listdir(os.path.dirname(path)):
        os.chown(os.path.join(os.path.dirname(path), name), owner.st_uid, owner.st_gid)
    lab.start_gateway_again()
    with pytest.raises(AdminError) as found:
        lab.admin.text("log", "verify")
    assert found.value.status == 1


def test_f107_database_that_is_no_database_is_a_clear_error(new_lab):
    lab = new_lab()
    os.kill(lab.gateway_process["pid"], signal.SIGTERM)
    wait_for(lambda: not alive(lab.gateway_process), PATIENCE, "the gateway stops")
    folder = lab.state.path("gateway", "var")
    for name in ("sekisho.db-wal", "sekisho.db-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
    with open(os.path.join(folder, "sekisho.db"), "r+b") as file:
        file.write(b"not a database at all")
    program = os.path.join(lab.variables["LAB_PROGRAMS"], "sekisho-gateway")
    done = subprocess.run([*as_user(int(lab.variables["LAB_GATEWAY_UID"])), program, "--config",
                           lab.variables["SEKISHO_CONF"]], text=True, check=False, timeout=PATIENCE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 1
    assert "damaged" in done.stdout and "backup" in done.stdout
