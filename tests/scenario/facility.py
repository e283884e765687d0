"""A running facility, as the scenarios use it."""

import itertools
import json
import os
import re
import shlex
import subprocess
import sys

from lab_parts.certificates import fingerprint
from lab_parts.clients import FREERDP, RDESKTOP, Client
from lab_parts.control import Control
from lab_parts.facility import Admin, add_account, add_terminal, new_mac
from lab_parts.gateway import FACILITY, run_gateway
from lab_parts.processes import PATIENCE, alive, processes_of, stat_fields, tail_of, tail_of_file, wait_for
from lab_parts.shims import pass_time, set_clock
from lab_parts.state import State
from rdp_peers import FakeHost, RawClient

LAB = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lab")


class Ticket:
    """What `ticket issue` gives: .handle, .secret and the .rdp file."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8-sig") as file:
            self.text = file.read()
        self.handle = re.search(r"msts=(\+\S+)", self.text)[1]
        self.secret = re.search(r"^username:s:(\S+)", self.text, re.MULTILINE)[1]

    def in_a_window(self):
        """The file as a person changes it who does not want the whole screen."""
        with open(self.path, "w", encoding="utf-8", newline="") as file:
            file.write(self.text.replace("screen mode id:i:2", "screen mode id:i:1"))
        return self


class Facility:
    numbers = itertools.count(1)

    def __init__(self, folder, build=None, hosts=None, settings=(), only=("gateway",), slow_fsync=None, clock=None,
                 prefix=(), wrap=(), pam_stack=None):
        self.folder = str(folder)
        command = [*prefix, sys.executable, LAB, "up", self.folder]
        for part in only:
            command += ["--only", part]
        for setting in settings:
            command += ["--set", setting]
        if build:
            command += ["--build", str(build)]
        if slow_fsync:
            command += ["--slow-fsync", str(slow_fsync)]
        if clock:
            command += ["--clock", clock]
        if wrap:
            command += ["--wrap", shlex.join(wrap)]
        if pam_stack:
            command += ["--pam-stack", pam_stack]
        done = subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        assert done.returncode == 0, done.stdout
        self.state = State.load(self.folder)
        self.variables = self.state.variables
        self.clients = []
        self.fake_hosts = []
        self.raw_clients = []
        self.visited = set()  # connections whose sign-in screen somebody reads
        self.client_prefix = []  # before xfreerdp: where it runs
        self.hosts = hosts
        self.admin = Admin(self.state)
        if hosts is not None:
            self.shadow = self.add_terminal(hosts.variables["LAB_SHADOW_PORT"])
            self.xrdp = self.add_terminal(hosts.variables["LAB_XRDP_PORT"])

    def close(self):
        self.end_test()
        # The processes that a test started with it (a restarted gateway, screens) are in the same file.
        subprocess.run([sys.executable, LAB, "down", self.folder], check=True, timeout=60)
        self.check_sanitizers()

    @property
    def is_sanitized(self):
        """The build has AddressSanitizer, which wants terabytes of address space."""
        with open(os.path.join(self.variables["LAB_PROGRAMS"], "sekisho-admin"), "rb") as file:
            return b"__asan_init" in file.read()

    def check_sanitizers(self):
        """What a build with ASan and UBSan has found, at the end the leaks, stands in the gateway's log."""
        if "LAB_GATEWAY_LOG" in self.variables:
            found = re.search(r"(?m)^.*(Sanitizer\b.*:|: runtime error: )(.*\n){0,60}", self.whole_log)
            assert found is None, found[0]

    def begin_test(self):
        self.log_start = os.path.getsize(self.variables["LAB_GATEWAY_LOG"])

    def end_test(self):
        for client in self.clients:
            client.close()
        for peer in [*self.raw_clients, *self.fake_hosts]:
            peer.close()
        self.clients, self.raw_clients, self.fake_hosts = [], [], []

    # Making things

    def new_name(self, stem):
        return f"{stem}{next(self.numbers)}"

    def add_terminal(self, port, trust=True, **changes):
        """A terminal of its own name for a jump host on this port of loopback. trust: True looks at the host and trusts what it shows;
        a fingerprint is trusted without a look; False: none is."""
        name = add_terminal(self.admin, FACILITY + self.new_name("端末"), port, trust is True)
        if trust not in (True, False):
            self.call("terminal.trust", name=name, sha256=trust)
        if changes:
            self.edit_terminal(name, **changes)
        return name

    def trusted_terminal(self, fake_host):
        """A terminal that trusts the lab's certificate, which is the fake hosts' too, without looking at it."""
        terminal = self.add_terminal(fake_host.port, trust=fingerprint(self.hosts.state.path("xrdp", "certificate.crt")))
        return terminal

    def add_account(self, *terminals, **options):
        """An engineer with one device, who may use these terminals. Returns the account's id."""
        account = add_account(self.admin, self.new_name("user"), terminals, macs=[new_mac()], **options)
        return account

    def mac_of(self, account):
        macs = self.call("account.show", id=account)["macs"]
        return macs[0] if macs else None

    def ticket(self, account, terminal, mac="own", **options):
        """mac: "own" = the account's first, None = not vouched for."""
        path = os.path.join(self.folder, self.new_name("ticket") + ".rdp")
        arguments = ["ticket", "issue", "--account", account, "--terminal", terminal, "--rdp-file", path]
        mac = self.mac_of(account) if mac == "own" else mac
        if mac:
            arguments += ["--mac", mac]
        for name, value in options.items():
            arguments += ["--" + name, value]
        self.admin.text(*arguments)
        return Ticket(path)

    def new_ticket(self, terminal, **options):
        """A ticket of an account made for it: (account, ticket)."""
        account = self.add_account(terminal)
        return account, self.ticket(account, terminal, **options)

    def call(self, method, **parameters):
        with Control(self.variables["SEKISHO_SOCKET"]) as control:
            return control.call(method, **parameters)

    def edit_account(self, account, because=None, **changes):
        more = {"because": because} if because else {}
        return self.call("account.edit", id=account, changes=changes, **more)

    def edit_terminal(self, terminal, **changes):
        return self.call("terminal.edit", name=terminal, changes=changes)

    def set_clock(self, text):
        """Of a facility with clock=…: its calendar goes to this time, with zone, and stands still again."""
        set_clock(self.state, text)

    def pass_time(self, minutes, less=0):
        """Of a facility with clock=…: so much time has passed."""
        pass_time(self.state, minutes, less)

    # Connecting

    @property
    def address(self):
        host, _, port = self.variables["SEKISHO_RDP"].rpartition(":")
        return host, int(port)

    def xfreerdp(self, ticket, *options, size="1280x900", monitors=1):
        """xfreerdp3 with the ticket's .rdp file, on its own screen."""
        command = [FREERDP[0], ticket.path, *FREERDP[1:], "/p:",
                   "/cert:fingerprint:sha256:" + self.variables["LAB_FINGERPRINT"], *options]
        command.remove("/cert:ignore")
        client = Client.start(self.state, self.new_name("xfreerdp"), [*self.client_prefix, *command], size, monitors)
        self.clients.append(client)
        return client

    def rdesktop(self, ticket, *options, size="1280x900"):
        """rdesktop knows no .rdp files: handle and secret are its user name and password."""
        command = [*RDESKTOP, "-u", ticket.handle, "-p", "-", *options, self.variables["SEKISHO_RDP"]]
        client = Client.start(self.state, self.new_name("rdesktop"), command, size, input_text=ticket.secret + "\nyes\n")
        self.clients.append(client)
        return client

    def raw(self, source="127.0.0.1", limit=PATIENCE, kind=RawClient):
        client = kind(self.address, source, limit)
        self.raw_clients.append(client)
        return client

    def fake_host(self, script, tls=True):
        """A jump host that follows a script, with the lab's own certificate."""
        certificate = self.hosts.state.path("xrdp", "certificate") if tls else None
        host = FakeHost(script, certificate and certificate + ".crt", certificate and certificate + ".key")
        self.fake_hosts.append(host)
        return host

    # Looking

    @property
    def log(self):
        """The gateway's log of this test."""
        return self.log_from(getattr(self, "log_start", 0))

    @property
    def whole_log(self):
        """The gateway's log since the facility was made."""
        return self.log_from(0)

    def log_from(self, start):
        with open(self.variables["LAB_GATEWAY_LOG"], encoding="utf-8", errors="replace") as file:
            file.seek(start)
            return file.read()

    def wait_log(self, pattern, limit=PATIENCE):
        return wait_for(lambda: re.search(pattern, self.log), limit, f"the gateway logs {pattern!r}")

    def session_log(self):
        with open(self.variables["LAB_SESSION_LOG"], encoding="utf-8") as file:
            return file.read()

    def sessions(self, account):
        return self.call("session.list", account=account)["sessions"]

    def wait_session(self, account, phase="BRIDGE", limit=PATIENCE):
        """The account's session once it is in this phase."""
        def found():
            return next((one for one in self.sessions(account) if one["phase"].upper() == phase), None)
        return wait_for(found, limit, f"{account} has a session in {phase}")

    def history(self, account):
        return self.call("log.connections", account=account)["rows"]

    def history_of_all(self, account):
        return self.all_rows("log.connections", account=account)

    def all_rows(self, method, **parameters):
        """What a list holds, page by page."""
        rows, after = [], {}
        while True:
            page = self.call(method, **parameters, **after)
            rows += page["rows"]
            if page["next"] is None:
                return rows
            after = {"cursor": page["next"]}

    def wait_end(self, account, limit=PATIENCE):
        """The newest row of the account's history, once it has an end."""
        def ended():
            rows = self.history(account)
            return rows and rows[-1]["end"] and rows[-1]
        return wait_for(ended, limit, f"{account}'s session has an end in the log")

    def wait_close(self, event, limit=PATIENCE):
        """The line with which a connection ended: its event id, SK2xxx."""
        return self.wait_log(rf"(?m)^.*\b{event}\b.*$", limit)[0]

    @property
    def database(self):
        return self.state.path("gateway", "var", "sekisho.db")

    def gateway_runs(self):
        return alive(self.gateway_process)

    @property
    def gateway_process(self):
        return self.state.process(int(self.state.variables["LAB_GATEWAY_PID"]))

    def start_gateway_again(self):
        run_gateway(self.state)

    def pids(self, program):
        """Process ids of the gateway's children with this name, sekisho-worker for one."""
        found = []
        for pid in processes_of(int(self.variables["LAB_GATEWAY_UID"])):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    name = os.path.basename(file.read().split(b"\0")[0].decode())
            except OSError:
                continue
            if name == program and stat_fields(pid):
                found.append(pid)
        return sorted(found)

    def conversations(self):
        """Process ids of sekisho-pam's conversations; the one that listens is not among them."""
        listener = int(self.variables["LAB_PAM_PID"])
        return [pid for pid in processes_of(int(self.variables["LAB_PAM_UID"])) if pid != listener]

    def last_lines(self):
        parts = ["gateway:\n" + tail_of(self.log, 40)] if "LAB_GATEWAY_LOG" in self.variables else []
        parts += [f"{client.name}:\n" + tail_of_file(client.log_file, 30) for client in self.clients]
        return "\n\n".join(parts)

    def __repr__(self):
        return "Facility " + json.dumps(self.folder)
