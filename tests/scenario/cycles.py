"""Sessions that begin, are used and end, many of them, through the real daemon; and what is left of them. Used by a scenario and by
tests/bench/cycles."""

import os
import re
import subprocess

from i500_reconnect import Traveller
from lab_parts.processes import wait_for
from s002_thousand_sessions import measure, new_tickets
from visitor import PASSWORD, settled_engineer

SETTINGS = ("sources.exempt=[127.0.0.0/8]", "health.every=0", "sign_in.second_factor=off", "listeners.0.handover=in-band",
            "listeners.0.evidence=[vouched]", "limits.grace=20s")

# How clients leave, in turn: closing, logging off, in the middle of a PDU, with garbage.
WAYS = ("normal", "log-off", "half", "garbage")
BATCH = 50


class Cycles:
    """A facility `lab`, where people sign in, with a test host behind it, and a freerdp-shadow for xfreerdp3."""

    def __init__(self, lab, host_port, shadow_port=None):
        self.lab = lab
        self.done = 0
        self.batches = 0
        self.terminal = lab.add_terminal(host_port)
        self.shadow = lab.add_terminal(shadow_port) if shadow_port else None
        self.account = lab.add_account(*filter(None, [self.terminal, self.shadow]))
        self.engineer = settled_engineer(lab, self.terminal)

    def by_ticket(self, count):
        """At once so many as a batch has, each with a ticket of its own, moving its mouse for a second."""
        program = os.path.join(self.lab.variables["LAB_BUILD"], "tests", "peers", "rdp_client")
        while count > 0:
            part = min(count, BATCH)
            way = WAYS[self.batches % len(WAYS)]
            said = subprocess.run(
                [program, "--quiet", "--connect", self.lab.variables["SEKISHO_RDP"], "--connections", str(part), "--mode", way,
                 "--tickets", new_tickets(self.lab, self.account, self.terminal, part), "--pings", "10", "--seconds", "1",
                 "--timeout", "60"], check=False, text=True, stdout=subprocess.PIPE, timeout=120)
            ready = re.search(r"\bready=(\d+)", said.stdout)
            assert said.returncode == 0 and ready and int(ready[1]) == part, said.stdout
            count -= part
            self.done += part
            self.batches += 1

    def by_signing_in(self, count):
        """With the sign-in screen; and each comes back once by its cookie after it was cut off."""
        for _ in range(count):
            client = Traveller(self.lab.address)
            client.arrive(self.engineer, PASSWORD)
            cookie = client.wait_cookie()
            client.close()
            again = Traveller(self.lab.address)
            again.arrive_again(cookie)
            again.activate()
            again.wait_cookie()
            again.close()
            self.done += 2

    def by_xfreerdp3(self, count):
        for _ in range(count):
            client = self.lab.xfreerdp(self.lab.ticket(self.account, self.shadow).in_a_window())
            client.wait_picture()
            client.close()
            self.lab.clients.remove(client)
            self.done += 1

    def settle(self):
        """Every session has its end, and every screen is over."""
        def over():
            return not self.lab.call("session.list")["sessions"] and self.lab.call("gateway.status")["greeters_busy"] == 0
        wait_for(over, 60, "all sessions have ended")

    def figures(self):
        """PSS, descriptors, threads and processes of each program; handles of the database."""
        self.settle()
        found = measure(self.lab)
        found["database handles"] = sum(
            1 for pid in self.lab.pids("sekisho-gateway") for name in os.listdir(f"/proc/{pid}/fd")
            if ".db" in os.path.basename(link(pid, name)))
        return found


def link(pid, name):
    try:
        return os.readlink(f"/proc/{pid}/fd/{name}")
    except OSError:
        return ""
