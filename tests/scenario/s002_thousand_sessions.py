"""1,000 sessions at once through the real daemon, and what is left of them afterwards."""

import json
import os
import re
import signal
import subprocess

import pytest

from lab_parts.control import Control
from lab_parts.processes import PATIENCE, wait_for

PROGRAMS = ("sekisho-gateway", "sekisho-worker", "sekisho-key")


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.MULTILINE)[1])


def measure(lab):
    """Of each program: PSS in KB, descriptors, threads; all its processes together."""
    figures = {}
    for program in PROGRAMS:
        pids = lab.pids(program)
        figures[program] = {
            "processes": len(pids),
            "pss_kb": sum(pss_kb(pid) for pid in pids),
            "descriptors": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
            "threads": sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids),
        }
    return figures


def kb(figures, program):
    return figures[program]["pss_kb"]


def all_kb(figures):
    return sum(kb(figures, program) for program in PROGRAMS)


class Peer:
    """tests/peers/rdp_host or rdp_client, and the lines it prints."""

    def __init__(self, lab, program, *options):
        path = os.path.join(lab.variables["LAB_BUILD"], "tests", "peers", program)
        self.child = subprocess.Popen([path, "--quiet", *options], stdout=subprocess.PIPE, text=True)

    def line(self, wanted):
        for line in self.child.stdout:
            if wanted in line:
                return dict(re.findall(r"(\w+)=(\S+)", line))
        raise AssertionError(f"{self.child.args[0]} ended without saying {wanted}")

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.communicate(timeout=30)


def new_tickets(lab, account, terminal, count):
    """A file for rdp_client: handle and secret, as user name and password."""
    path = os.path.join(lab.folder, lab.new_name("tickets"))
    mac = lab.mac_of(account)
    with Control(lab.variables["SEKISHO_SOCKET"]) as control, open(path, "w", encoding="ascii") as file:
        for _ in range(count):
            ticket = control.call("ticket.issue", account=account, terminal=terminal, mac=mac)
            file.write(f"{ticket['handle']} {ticket['secret']}\n")
    return path


def hold(lab, account, terminal, waves):
    """So many sessions, in waves that a ticket outlives. Returns what they cost while all of them are there, and what is
    left when they are gone."""
    before = len(lab.history_of_all(account))
    idle = measure(lab)
    clients = []
    for count in waves:
        client = Peer(lab, "rdp_client", "--connect", lab.variables["SEKISHO_RDP"], "--connections", str(count),
                      "--tickets", new_tickets(lab, account, terminal, count), "--seconds", "3600", "--timeout", "120")
        clients.append(client)
        said = client.line("event=all_ready")
        assert (said["ready"], said["failed"]) == (str(count), "0")
    assert len(lab.sessions(account)) == sum(waves)
    figures = measure(lab)
    for client in clients:
        client.end()
    wait_for(lambda: all(row["end"] for row in lab.history_of_all(account)), 60, "all sessions have an end", every=1)
    assert len(lab.history_of_all(account)) == before + sum(waves)
    wait_for(lambda: kb(measure(lab), "sekisho-worker") < (kb(figures, "sekisho-worker") + kb(idle, "sekisho-worker")) / 2, PATIENCE,
             "the workers give their memory back")
    return figures, measure(lab)


@pytest.mark.long
@pytest.mark.alone
def test_s002_thousand_sessions_leave_nothing_behind(new_lab, capsys):
    lab = new_lab("workers.connections=1200", "limits.grace=1s")
    lab.begin_test()
    host = Peer(lab, "rdp_host", "--paused")
    port = host.line("port=")["port"]
    terminal = lab.add_terminal(port)
    account = lab.add_account(terminal)

    idle = measure(lab)
    hundred, after_hundred = hold(lab, account, terminal, [100])
    thousand, after_thousand = hold(lab, account, terminal, [250] * 4)
    host.end()

    grown = kb(thousand, "sekisho-worker") - kb(after_hundred, "sekisho-worker")
    with capsys.disabled():
        print("\n" + json.dumps({"idle": idle, "with 100": hundred, "after 100": after_hundred, "with 1000": thousand,
                                 "after 1000": after_thousand, "worker KB per session": round(grown / 1000, 1)}, indent=1))
    for program in PROGRAMS:
        # A connection to control.sock may still be closing.
        assert abs(after_thousand[program]["descriptors"] - after_hundred[program]["descriptors"]) <= 1
        assert thousand[program]["threads"] == idle[program]["threads"]
    # Workers give memory back within a second, the supervisor once a minute.
    wait_for(lambda: all_kb(measure(lab)) <= 1.05 * all_kb(after_hundred), 75, "memory is what it was after the first hundred")
