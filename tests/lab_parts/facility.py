"""Accounts and terminals, the way an administrator makes them: by sekisho-admin."""

import json
import os
import random
import subprocess

from .gateway import FACILITY
from .processes import environment, tail_of
from .state import LabError

ACCOUNT = "taro"
DEVICE = "02:00:5e:10:00:01"


class AdminError(LabError):
    """sekisho-admin did not do it: .status 1 refused, 2 usage; .output is what it printed."""

    def __init__(self, arguments, status, output):
        super().__init__(f"sekisho-admin {' '.join(arguments)} ended with {status}: {tail_of(output)}")
        self.status = status
        self.output = output


class Admin:
    """The command line of one facility."""

    def __init__(self, state):
        self.state = state

    def command(self, *arguments):
        return [self.state.variables["SEKISHO_ADMIN"], "--socket", self.state.variables["SEKISHO_SOCKET"], *arguments]

    def text(self, *arguments, answer=None):
        """What a person sees; `answer` is typed when it asks."""
        done = subprocess.run(self.command(*arguments), input=answer or "", text=True, check=False, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(self.state))
        if done.returncode != 0:
            raise AdminError(arguments, done.returncode, done.stdout)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.text("--json", *arguments))


def new_mac():
    return "02:00:5e:" + ":".join(f"{random.randrange(256):02x}" for _ in range(3))


def add_account(admin, name, terminals, macs=(DEVICE,), **more):
    options = []
    for mac in macs:
        options += ["--mac", mac]
    for terminal in terminals:
        options += ["--terminal", terminal]
    for key, value in more.items():
        options += ["--" + key.replace("_", "-"), value]
    admin.text("account", "add", name, "--family-name", "試験", "--given-name", "太郎", "--email", name + "@vendor.example",
               *options)
    return name


def add_terminal(admin, name, port, trust=True):
    admin.text("terminal", "add", name, "--address", "127.0.0.1", "--port", str(port))
    if trust:
        admin.text("terminal", "trust", name, "--yes")
    return name


def fill_facility(state):
    """One terminal for each jump host that runs, trusted; one account that may use them."""
    admin = Admin(state)
    terminals = {}
    for kind, name in (("SHADOW", "踏み台端末01"), ("XRDP", "踏み台端末02")):
        port = state.variables.get(f"LAB_{kind}_PORT")
        if port:
            terminals[kind] = add_terminal(admin, FACILITY + name, port)
    add_account(admin, ACCOUNT, terminals.values())
    state.set(LAB_ACCOUNT=ACCOUNT, LAB_DEVICE=DEVICE,
              **{f"LAB_TERMINAL_{kind}": name for kind, name in terminals.items()})


def issue_ticket(state, account, terminal, folder=None, mac=DEVICE):
    """The .rdp file of a new ticket; its path."""
    path = os.path.join(folder or state.folder, f"{account}-{random.randrange(1 << 32):08x}.rdp")
    Admin(state).text("ticket", "issue", "--account", account, "--terminal", terminal, "--rdp-file", path,
                      *(["--mac", mac] if mac else []))
    return path
