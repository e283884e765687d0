"""What the tests of device evidence stand on: networks, processes, and the probe that asks.

Every test has a network of its own: namespaces with chosen MAC addresses on veth pairs, joined by a bridge,

    client ──┐
    other  ──┼── switch ── gateway (evidence_probe, as nobody)          far ── router ── switch

and peers that are what hospitals run: dnsmasq with udhcpc, radclient, OpenVPN, Kea where it is installed. All that is
started here is ended here, by process id and by the name of the namespace.
"""

import ctypes
import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

NOBODY = 65534
LIMIT = 60
GATEWAY_MAC = "02:00:5e:10:00:01"
CLIENT_MAC = "02:00:5e:10:00:11"
OTHER_MAC = "02:00:5e:10:00:12"
ROUTER_MAC = "02:00:5e:10:00:21"
SOURCE_TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PROBE = None


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT, **options).stdout


def within(namespace):
    """What stands before a command that shall run there. (`ip netns exec` also wants to mount, which fails in a chroot
    whose root is no mount point.)"""
    return ["nsenter", "--net=/run/netns/" + namespace]


def why_not():
    """Why these tests cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    if shutil.which("ip") is None or shutil.which("setpriv") is None:
        return "needs iproute2 and util-linux"
    name = f"sk-{os.getpid()}-try"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        return "this machine allows no network namespaces"
    run("ip", "netns", "delete", name)
    return None


def leave_out(why):
    """Ends a test that cannot be done here, with the line from which ./check knows why."""
    print(f"skipped: {why}", flush=True)
    raise unittest.SkipTest(why)


def needs(*programs):
    def decorate(test):
        @functools.wraps(test)
        def test_or_not(self):
            missing = [name for name in programs if shutil.which(name) is None]
            if missing:
                leave_out(f"not installed: {', '.join(missing)}")
            test(self)
        return test_or_not
    return decorate


def wait_until(happened, what):
    end = time.monotonic() + LIMIT
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(f"waited {LIMIT} s in vain: {what}")
        select.select([], [], [], 0.02)


def die_with_us():
    """In a child: whatever ends this test ends its servers too."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def sweep():
    """Namespaces of a run that was killed."""
    for line in run("ip", "netns", "list").splitlines():
        parts = line.split()[0].split("-") if line else []
        if len(parts) == 3 and parts[0] == "sk" and parts[1].isdigit() and not os.path.exists(f"/proc/{parts[1]}"):
            subprocess.run(["ip", "netns", "delete", line.split()[0]], capture_output=True)


def on_terminated(number, frame):
    sys.exit(f"ended by signal {number}")


class Process:
    """A child whose lines are read with a limit, and which is ended by its id."""

    def __init__(self, command, **options):
        self.errors = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=self.errors, text=True, bufsize=1, preexec_fn=die_with_us, **options)

    def line(self, limit=LIMIT):
        ready, _, _ = select.select([self.child.stdout], [], [], limit)
        if not ready:
            raise AssertionError(f"no line within {limit} s; stderr: {self.log()}")
        return self.child.stdout.readline().rstrip("\n")

    def say(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()

    def log(self):
        self.errors.seek(0)
        return self.errors.read()

    def wait_for_log(self, text):
        wait_until(lambda: text in self.log(), f"{text} in {self.child.args}")

    def end(self):
        self.child.stdin.close()
        try:
            status = self.child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = self.child.wait()
        self.child.stdout.close()
        self.errors.close()
        return status

    def kill(self):
        self.child.terminate()
        return self.end()


TALK = """
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5, (sys.argv[3], 0) if len(sys.argv) > 3 else None)
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
peer.sendall(b'a')
assert peer.recv(1) == b'!'
peer.sendall(b'b')
print('talked', flush=True)
sys.stdin.read()
"""

SAY = """
import socket, sys
address, source = sys.argv[1:3]
family = socket.AF_INET6 if ':' in address else socket.AF_INET
out = socket.socket(family, socket.SOCK_DGRAM)
out.bind((source, 0))
out.sendto(b'x', (address, 9))
"""


class Network(unittest.TestCase):
    def setUp(self):
        self.prefix = f"sk-{os.getpid()}-"
        self.names = []
        self.processes = []
        self.folder = tempfile.mkdtemp(prefix="sekisho-evidence-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(self.clean)
        for name in ("switch", "gateway", "client", "other"):
            self.add_namespace(name)
        self.inside("switch", "ip", "link", "add", "br0", "type", "bridge")
        self.inside("switch", "ip", "link", "set", "br0", "up")
        self.plug("gateway", "eth0", GATEWAY_MAC, "10.7.0.1/16", "fd07::1/64")
        self.plug("client", "eth0", CLIENT_MAC, "10.7.0.11/16", "fd07::11/64")
        self.plug("other", "eth0", OTHER_MAC, "10.7.0.12/16", "fd07::12/64")

    def clean(self):
        for process in reversed(self.processes):
            process.kill()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        shutil.rmtree(self.folder)

    def add_namespace(self, name):
        run("ip", "netns", "add", self.prefix + name)
        self.names.append(self.prefix + name)
        self.inside(name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0")
        self.inside(name, "ip", "link", "set", "lo", "up")

    def inside(self, name, *command, **options):
        return run(*within(self.prefix + name), *command, **options)

    def start(self, name, *command, **options):
        process = Process([*within(self.prefix + name), *command], **options)
        self.processes.append(process)
        return process

    def plug(self, name, interface, mac, *addresses, into="switch"):
        port = f"{name}-{interface}"[:15]
        run("ip", "link", "add", "name", port, "netns", self.prefix + into, "type", "veth",
            "peer", "name", interface, "netns", self.prefix + name, "address", mac)
        if into == "switch":
            self.inside("switch", "ip", "link", "set", port, "master", "br0", "up")
        for address in addresses:
            self.add_address(name, address, interface)
        self.inside(name, "ip", "link", "set", interface, "up")

    def add_address(self, name, address, interface="eth0"):
        """One that can be bound at once: duplicate address detection is a work of the kernel's own even where accept_dad is 0."""
        self.inside(name, "ip", "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))

    def probe(self, *options):
        """The gateway's side, as a user without any right."""
        process = self.start("gateway", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                             "--inh-caps=-all", "--bounding-set=-all", PROBE, *options)
        self.assertEqual(process.line(), f"ready uid={NOBODY}")
        return process

    def listen(self, *options, address="10.7.0.1"):
        return self.probe("--listen", address, "3389", *options)

    def connect(self, name, address="10.7.0.1", source=None):
        client = self.start(name, sys.executable, "-c", TALK, address, "3389", *([source] if source else []))
        self.assertEqual(client.line(), "talked")
        return client

    def send_from(self, name, source, address="10.7.0.1"):
        """Any packet, so that the kernel there and here learn of each other."""
        self.inside(name, sys.executable, "-c", SAY, address, source)

    def neighbours(self):
        return self.inside("gateway", "ip", "neigh", "show")

    def meet(self, name, source, address="10.7.0.1"):
        self.send_from(name, source, address)
        wait_until(lambda: f"{source} " in self.neighbours(), f"a neighbour row of {source}")

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as out:
            out.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def text(self, path):
        if not os.path.exists(path):
            return ""
        with open(path) as lines:
            return lines.read()

    def ask(self, probe, address):
        probe.say(f"ask {address}")
        return probe.line()

    def expect_found(self, line, kind, mac):
        self.assertEqual(line.split(" ")[:3], ["found", kind, mac.upper()], line)

    def expect_none(self, line, why):
        self.assertTrue(line.startswith("none ") and why in line, f"{line!r} does not say {why!r}")


def main():
    """FILE PROBE [unittest options]: runs the tests of the file that asks."""
    global PROBE
    PROBE = os.path.abspath(sys.argv[1])
    reason = why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        sys.exit(77)
    signal.signal(signal.SIGTERM, on_terminated)
    sweep()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
