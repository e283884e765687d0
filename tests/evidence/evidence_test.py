"""Device evidence against real kernels' neighbour tables and real servers.

    evidence_test.py PROBE [unittest options]

Every test has a network of its own: namespaces with chosen MAC addresses on veth pairs, joined by a bridge,

    client ──┐
    other  ──┼── switch ── gateway (evidence_probe, as nobody)          far ── router ── switch

and peers that are what hospitals run: dnsmasq with udhcpc, radclient, OpenVPN, Kea where it is installed. All that is
started here is ended here, by process id and by the name of the namespace.
"""

import ctypes
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
LIMIT = 15
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


def needs(*programs):
    missing = [name for name in programs if shutil.which(name) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


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
            self.inside(name, "ip", "address", "add", address, "dev", interface)
        self.inside(name, "ip", "link", "set", interface, "up")

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
        self.assertEqual(line.split(" ")[:3], ["found", kind, mac], line)

    def expect_none(self, line, why):
        self.assertTrue(line.startswith("none ") and why in line, f"{line!r} does not say {why!r}")


class Neighbour(Network):
    def test_client_on_the_link_is_known_by_its_mac(self):
        probe = self.listen("--kinds", "neighbour")
        self.connect("client")
        line = probe.line()
        self.expect_found(line, "neighbour", CLIENT_MAC)
        self.assertIn("eth0", line)
        self.assertEqual(probe.end(), 0)
        self.processes.remove(probe)

    def test_ipv6_client_on_the_link_is_known_by_its_mac(self):
        probe = self.listen("--kinds", "neighbour", address="fd07::1")
        self.connect("client", "fd07::1")
        self.expect_found(probe.line(), "neighbour", CLIENT_MAC)

    def test_dual_stack_listener_sees_ipv4_clients_as_such(self):
        probe = self.listen("--kinds", "neighbour", address="::")
        self.connect("client")
        self.expect_found(probe.line(), "neighbour", CLIENT_MAC)

    def test_privacy_addresses_are_no_contradiction(self):
        addresses = [f"fd07::{n:x}:1" for n in range(0xa1, 0xa8)]
        for address in addresses:
            self.inside("client", "ip", "address", "add", address + "/64", "dev", "eth0")
            self.meet("client", address, "fd07::1")
        probe = self.listen("--kinds", "neighbour", address="fd07::1")
        self.connect("client", "fd07::1", addresses[3])
        self.expect_found(probe.line(), "neighbour", CLIENT_MAC)

    def test_more_ipv6_addresses_than_a_host_has_are_a_contradiction(self):
        for n in range(0xa1, 0xab):
            self.inside("client", "ip", "address", "add", f"fd07::{n:x}:1/64", "dev", "eth0")
            self.meet("client", f"fd07::{n:x}:1", "fd07::1")
        probe = self.listen("--kinds", "neighbour", address="fd07::1")
        self.connect("client", "fd07::1", "fd07::11")
        self.expect_none(probe.line(), "too many IPv6 addresses")

    def test_row_of_an_ipv6_router_is_no_evidence(self):
        self.inside("gateway", "ip", "neigh", "replace", "fd07::77", "lladdr", CLIENT_MAC, "router",
                    "nud", "reachable", "dev", "eth0")
        probe = self.probe("--kinds", "neighbour")
        self.expect_none(self.ask(probe, "fd07::77"), "router")

    def test_client_behind_a_router_is_not_known(self):
        self.add_router()
        probe = self.listen("--kinds", "neighbour")
        self.connect("far")
        self.expect_none(probe.line(), "over a router")

    def add_router(self, proxy=False):
        self.add_namespace("router")
        self.add_namespace("far")
        self.plug("router", "eth0", ROUTER_MAC, "10.7.0.254/16")
        self.plug("far", "eth0", "02:00:5e:10:00:31", "10.7.9.9/32" if proxy else "10.8.0.9/24", into="router")
        self.inside("router", "ip", "link", "set", "far-eth0", "up")
        self.inside("router", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        if proxy:
            self.inside("router", "ip", "address", "add", "10.8.0.1/24", "dev", "far-eth0")
            self.inside("router", "ip", "route", "add", "10.7.9.9/32", "dev", "far-eth0")
            self.inside("router", "sysctl", "-qw", "net.ipv4.conf.eth0.proxy_arp=1")
            self.inside("router", "sysctl", "-qw", "net.ipv4.neigh.eth0.proxy_delay=0")
            self.inside("far", "ip", "route", "add", "10.8.0.1", "dev", "eth0")
        else:
            self.inside("router", "ip", "address", "add", "10.8.0.1/24", "dev", "far-eth0")
            self.inside("gateway", "ip", "route", "add", "10.8.0.0/24", "via", "10.7.0.254")
        self.inside("far", "ip", "route", "add", "default", "via", "10.8.0.1")

    def test_proxy_arp_gives_nobody_the_routers_mac(self):
        self.add_router(proxy=True)
        self.meet("router", "10.7.0.254")
        probe = self.listen("--kinds", "neighbour")
        self.connect("far")
        line = probe.line()
        self.assertIn(ROUTER_MAC, self.neighbours())
        self.expect_none(line, "more than one IPv4 address")

    def test_stale_row_is_no_evidence(self):
        self.inside("gateway", "ip", "neigh", "replace", "10.7.0.77", "lladdr", CLIENT_MAC, "nud", "stale",
                    "dev", "eth0")
        probe = self.probe("--kinds", "neighbour")
        self.expect_none(self.ask(probe, "10.7.0.77"), "STALE")

    def test_absent_row_is_no_evidence(self):
        probe = self.probe("--kinds", "neighbour")
        self.expect_none(self.ask(probe, "10.7.0.78"), "no row")

    def test_failed_row_is_no_evidence(self):
        self.inside("gateway", "ip", "neigh", "replace", "10.7.0.79", "lladdr", CLIENT_MAC, "nud", "failed",
                    "dev", "eth0")
        probe = self.probe("--kinds", "neighbour")
        self.expect_none(self.ask(probe, "10.7.0.79"), "FAILED")

    def test_row_that_the_kernel_confirms_meanwhile_counts(self):
        self.inside("gateway", "ip", "neigh", "replace", "10.7.0.77", "lladdr", CLIENT_MAC, "nud", "stale",
                    "dev", "eth0")
        probe = self.probe("--kinds", "neighbour")
        probe.say("ask 10.7.0.77")
        self.inside("gateway", "ip", "neigh", "change", "10.7.0.77", "lladdr", CLIENT_MAC, "nud", "reachable",
                    "dev", "eth0")
        self.expect_found(probe.line(), "neighbour", CLIENT_MAC)

    def test_tcp_confirms_a_row_that_was_stale_before(self):
        self.meet("client", "10.7.0.11")
        self.inside("gateway", "ip", "neigh", "change", "10.7.0.11", "lladdr", CLIENT_MAC, "nud", "stale",
                    "dev", "eth0")
        probe = self.listen("--kinds", "neighbour")
        self.connect("client")
        self.expect_found(probe.line(), "neighbour", CLIENT_MAC)

    def test_two_addresses_with_one_mac_are_a_contradiction(self):
        self.inside("client", "ip", "address", "add", "10.7.0.66/16", "dev", "eth0")
        self.meet("client", "10.7.0.66")
        probe = self.listen("--kinds", "neighbour")
        self.connect("client")
        line = probe.line()
        self.expect_none(line, "more than one IPv4 address")
        self.assertIn("10.7.0.66", line)

    def test_contradiction_is_not_mended_by_a_lease(self):
        """Who takes the lease holder's address, and a second one to be contradictory, gains nothing."""
        leases = self.write("leases", f"{int(time.time()) + 3600} {OTHER_MAC} 10.7.0.11 pc *\n")
        self.inside("client", "ip", "address", "add", "10.7.0.66/16", "dev", "eth0")
        self.meet("client", "10.7.0.66")
        probe = self.listen("--kinds", "neighbour,lease", "--dnsmasq", leases)
        self.connect("client")
        self.expect_none(probe.line(), "more than one IPv4 address")

    def test_stolen_address_shows_the_thiefs_mac(self):
        leases = self.write("leases", f"{int(time.time()) + 3600} {CLIENT_MAC} 10.7.0.11 pc *\n")
        self.inside("client", "ip", "link", "set", "eth0", "down")
        self.inside("other", "ip", "address", "flush", "dev", "eth0")
        self.inside("other", "ip", "address", "add", "10.7.0.11/16", "dev", "eth0")
        probe = self.listen("--kinds", "neighbour,lease", "--dnsmasq", leases)
        self.connect("other")
        self.expect_found(probe.line(), "neighbour", OTHER_MAC)

    def test_this_machine_itself_is_not_known(self):
        probe = self.probe("--kinds", "neighbour")
        self.expect_none(self.ask(probe, "127.0.0.1"), "this machine itself")


class Lease(Network):
    @needs("dnsmasq", "udhcpc")
    def test_lease_of_dnsmasq_counts_until_it_is_released(self):
        leases = os.path.join(self.folder, "dnsmasq.leases")
        self.inside("client", "ip", "address", "flush", "dev", "eth0")
        os.chmod(self.folder, 0o777)
        server = self.start("gateway", "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0",
                            "--interface=eth0", "--bind-interfaces", "--dhcp-range=10.7.5.1,10.7.5.9,255.255.0.0,1h",
                            f"--dhcp-leasefile={leases}", "--pid-file=", "--user=root", "--log-dhcp")
        server.wait_for_log("DHCP")
        script = self.write("udhcpc.sh", "#!/bin/sh\n[ \"$1\" = bound ] && ip addr add $ip/16 dev $interface "
                                         f"&& echo $ip >{self.folder}/bound\nexit 0\n", 0o755)
        client = self.start("client", "udhcpc", "-f", "-R", "-i", "eth0", "-s", script,
                            "-p", os.path.join(self.folder, "udhcpc.pid"))
        wait_until(lambda: os.path.exists(os.path.join(self.folder, "bound")), "an address from dnsmasq")
        address = self.text(os.path.join(self.folder, "bound")).strip()
        probe = self.probe("--kinds", "lease", "--dnsmasq", leases)
        line = self.ask(probe, address)
        self.expect_found(line, "lease", CLIENT_MAC)
        self.assertIn("dnsmasq.leases until 20", line)
        self.expect_none(self.ask(probe, "10.7.5.200"), "no lease")
        client.kill()
        self.processes.remove(client)
        server.wait_for_log("DHCPRELEASE")
        wait_until(lambda: self.ask(probe, address).startswith("none "), "the released lease to count no more")

    @needs("kea-dhcp4", "udhcpc")
    def test_lease_of_kea(self):
        leases = os.path.join(self.folder, "kea-leases4.csv")
        self.inside("client", "ip", "address", "flush", "dev", "eth0")
        configuration = self.write("kea.json", f"""{{ "Dhcp4": {{
            "interfaces-config": {{ "interfaces": [ "eth0" ] }},
            "lease-database": {{ "type": "memfile", "persist": true, "name": "{leases}", "lfc-interval": 0 }},
            "valid-lifetime": 3600,
            "subnet4": [ {{ "id": 1, "subnet": "10.7.0.0/16", "pools": [ {{ "pool": "10.7.6.1 - 10.7.6.9" }} ] }} ]
            }} }}""")
        script = self.write("udhcpc.sh", f"#!/bin/sh\n[ \"$1\" = bound ] && echo $ip >{self.folder}/bound\nexit 0\n", 0o755)
        environment = dict(os.environ, KEA_PIDFILE_DIR=self.folder, KEA_LOCKFILE_DIR=self.folder)
        server = self.start("gateway", "kea-dhcp4", "-c", configuration, env=environment)
        wait_until(lambda: os.path.exists(leases) or server.child.poll() is not None, "Kea's lease file")
        self.start("client", "udhcpc", "-f", "-i", "eth0", "-s", script,
                   "-p", os.path.join(self.folder, "udhcpc.pid"))
        wait_until(lambda: os.path.exists(os.path.join(self.folder, "bound")), "an address from Kea")
        address = self.text(os.path.join(self.folder, "bound")).strip()
        os.chmod(leases, 0o644)
        probe = self.probe("--kinds", "lease", "--kea", leases)
        self.expect_found(self.ask(probe, address), "lease", CLIENT_MAC)

    def test_lease_counts_only_before_its_end(self):
        now = int(time.time())
        leases = self.write("leases", f"{now - 1} {CLIENT_MAC} 10.9.0.1 a *\n{now + 600} {CLIENT_MAC} 10.9.0.2 b *\n"
                                      f"0 {OTHER_MAC} 10.9.0.3 c *\n")
        probe = self.probe("--kinds", "lease", "--dnsmasq", leases)
        self.expect_none(self.ask(probe, "10.9.0.1"), "has ended")
        self.expect_found(self.ask(probe, "10.9.0.2"), "lease", CLIENT_MAC)
        self.expect_found(self.ask(probe, "10.9.0.3"), "lease", OTHER_MAC)

    def test_change_is_seen_at_the_next_question(self):
        end = int(time.time()) + 600
        leases = self.write("leases", f"{end} {CLIENT_MAC} 10.9.0.1 a *\n")
        probe = self.probe("--kinds", "lease", "--dnsmasq", leases)
        for n in range(50):
            mac = (CLIENT_MAC, OTHER_MAC)[n % 2]
            with open(leases, "w") as out:  # in place and of the same size, as dnsmasq does it
                out.write(f"{end} {mac} 10.9.0.1 a *\n")
            self.expect_found(self.ask(probe, "10.9.0.1"), "lease", mac)

    def test_files_that_disagree_are_a_contradiction(self):
        end = int(time.time()) + 600
        one = self.write("leases", f"{end} {CLIENT_MAC} 10.9.0.1 a *\n{end} {CLIENT_MAC} 10.9.0.2 a *\n")
        two = self.write("kea", "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,"
                                f"state,user_context\n10.9.0.1,{OTHER_MAC},,3600,{end},1,0,0,x,0,\n"
                                f"10.9.0.2,{CLIENT_MAC},,3600,{end},1,0,0,x,0,\n")
        probe = self.probe("--kinds", "lease", "--dnsmasq", one, "--kea", two)
        self.expect_none(self.ask(probe, "10.9.0.1"), "different devices")
        self.expect_found(self.ask(probe, "10.9.0.2"), "lease", CLIENT_MAC)

    def test_kea_while_it_cleans_up(self):
        end = int(time.time()) + 600
        header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n"
        self.write("kea.2", header + f"10.9.0.1,{CLIENT_MAC},,3600,{end},1,0,0,,0\n"
                                     f"10.9.0.2,{CLIENT_MAC},,3600,{end},1,0,0,,0\n")
        self.write("kea.1", header + f"10.9.0.2,{OTHER_MAC},,3600,{end},1,0,0,,0\n")
        kea = self.write("kea", header + f"10.9.0.1,{CLIENT_MAC},,0,{end},1,0,0,,0\n")
        probe = self.probe("--kinds", "lease", "--kea", kea)
        self.expect_none(self.ask(probe, "10.9.0.1"), "has ended")
        self.expect_found(self.ask(probe, "10.9.0.2"), "lease", OTHER_MAC)
        self.write("kea.completed", header + f"10.9.0.3,{OTHER_MAC},,3600,{end},1,0,0,,0\n")
        self.expect_none(self.ask(probe, "10.9.0.2"), "no lease")
        self.expect_found(self.ask(probe, "10.9.0.3"), "lease", OTHER_MAC)

    def test_forgotten_file_is_no_evidence(self):
        leases = self.write("leases", f"0 {CLIENT_MAC} 10.9.0.1 a *\n")
        os.utime(leases, (time.time() - 3600, time.time() - 3600))
        probe = self.probe("--kinds", "lease", "--lease-max-age", "60000", "--dnsmasq", leases)
        self.expect_none(self.ask(probe, "10.9.0.1"), "not been written to")

    def test_unreadable_file_is_told_once_and_again_when_it_is_there(self):
        leases = os.path.join(self.folder, "leases")
        probe = self.probe("--kinds", "lease", "--dnsmasq", leases)
        self.expect_none(self.ask(probe, "10.9.0.1"), "no lease")
        self.expect_none(self.ask(probe, "10.9.0.1"), f"{leases} cannot be read")
        self.assertEqual(probe.log().count("SK1301"), 1)
        self.write("leases", f"0 {CLIENT_MAC} 10.9.0.1 a *\n")
        self.expect_found(self.ask(probe, "10.9.0.1"), "lease", CLIENT_MAC)
        self.assertEqual(probe.log().count("SK1302"), 1)


class Radius(Network):
    def setUp(self):
        super().setUp()
        self.secret = self.write("secret", "correct horse\n", 0o600)
        os.chown(self.secret, NOBODY, NOBODY)

    def open(self, *options):
        return self.probe("--kinds", "vpn", "--radius", "127.0.0.1", "1813", self.secret, "127.0.0.1,127.0.0.3", *options)

    def send(self, *pairs, secret="correct horse", answered=True, source="127.0.0.1"):
        lines = [f"Packet-Src-IP-Address = {source}", *pairs]
        done = subprocess.run([*within(self.prefix + "gateway"), "radclient", "-r", "1", "-t",
                               "5" if answered else "0.5", "127.0.0.1:1813", "acct", secret],
                              input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=LIMIT)
        if answered:
            self.assertIn("Received Accounting-Response", done.stdout + done.stderr)
        else:
            self.assertNotIn("Received", done.stdout + done.stderr)
            self.assertNotEqual(done.returncode, 0)

    def start_session(self, session="s1", address="10.20.0.5", mac="02-00-5E-10-00-11", **options):
        self.send("Acct-Status-Type = Start", f'Acct-Session-Id = "{session}"', f"Framed-IP-Address = {address}",
                  f'Calling-Station-Id = "{mac}"', "NAS-IP-Address = 192.0.2.1", **options)

    @needs("radclient")
    def test_session_counts_from_start_to_stop(self):
        probe = self.open()
        self.expect_none(self.ask(probe, "10.20.0.5"), "no VPN session")
        self.start_session()
        line = self.ask(probe, "10.20.0.5")
        self.expect_found(line, "vpn", CLIENT_MAC)
        self.assertIn("RADIUS", line)
        self.send("Acct-Status-Type = Interim-Update", 'Acct-Session-Id = "s1"', "Framed-IP-Address = 10.20.0.5",
                  "Framed-IPv6-Address = fd20::5", 'Calling-Station-Id = "0200.5e10.0011"', "NAS-IP-Address = 192.0.2.1")
        self.expect_found(self.ask(probe, "fd20::5"), "vpn", CLIENT_MAC)
        self.send("Acct-Status-Type = Stop", 'Acct-Session-Id = "s1"', "NAS-IP-Address = 192.0.2.1")
        self.expect_none(self.ask(probe, "10.20.0.5"), "no VPN session")
        self.start_session()  # the Start comes once more, late or repeated by somebody
        self.expect_none(self.ask(probe, "10.20.0.5"), "no VPN session")

    @needs("radclient")
    def test_wrong_secret_is_ignored_and_logged(self):
        probe = self.open()
        self.start_session(secret="wrong horse", answered=False)
        self.expect_none(self.ask(probe, "10.20.0.5"), "no VPN session")
        probe.wait_for_log("SK1304")
        self.assertIn("nas=127.0.0.1", probe.log())

    @needs("radclient")
    def test_stranger_is_ignored_and_logged(self):
        probe = self.open()
        self.start_session(source="127.0.0.2", answered=False)
        self.expect_none(self.ask(probe, "10.20.0.5"), "no VPN session")
        probe.wait_for_log("SK1303")

    @needs("radclient")
    def test_accounting_on_ends_the_sessions_of_that_nas_alone(self):
        probe = self.open()
        self.start_session("s1", "10.20.0.5")
        self.start_session("s1", "10.20.0.6", source="127.0.0.3")
        self.send("Acct-Status-Type = Accounting-On", "NAS-IP-Address = 192.0.2.1")
        self.expect_none(self.ask(probe, "10.20.0.5"), "no VPN session")
        self.expect_found(self.ask(probe, "10.20.0.6"), "vpn", CLIENT_MAC)

    @needs("radclient")
    def test_two_vpns_that_disagree_are_a_contradiction(self):
        probe = self.open()
        self.start_session("s1", "10.20.0.5")
        self.start_session("s1", "10.20.0.5", OTHER_MAC, source="127.0.0.3")
        self.expect_none(self.ask(probe, "10.20.0.5"), "different devices")

    @needs("radclient")
    def test_session_without_a_mac_is_no_evidence(self):
        probe = self.open()
        self.start_session(mac="0312345678")
        self.expect_none(self.ask(probe, "10.20.0.5"), "names no MAC address")

    @needs("radclient")
    def test_session_that_fell_silent_is_no_evidence(self):
        probe = self.open("--accounting-max-age", "1000")
        self.start_session()
        wait_until(lambda: "too long ago" in self.ask(probe, "10.20.0.5"), "the session to grow old")

    def test_secret_that_others_can_read_is_refused(self):
        os.chmod(self.secret, 0o644)
        process = self.start("gateway", PROBE, "--radius", "127.0.0.1", "1813", self.secret, "127.0.0.1")
        self.assertEqual(process.child.wait(LIMIT), 2)
        self.assertIn("others cannot read", process.log())

    def test_detail_file_is_followed(self):
        now = int(time.time())
        record = ("Fri Nov 20 10:00:00 2026\n\tAcct-Status-Type = {status}\n\tAcct-Session-Id = \"d1\"\n"
                  "\tNAS-IP-Address = 192.0.2.1\n\tFramed-IP-Address = 10.21.0.5\n"
                  "\tCalling-Station-Id = \"02-00-5E-10-00-11\"\n\tTimestamp = {time}\n\n")
        path = self.write("detail", record.format(status="Start", time=now - 10))
        probe = self.probe("--kinds", "vpn", "--detail", path)
        line = self.ask(probe, "10.21.0.5")
        self.expect_found(line, "vpn", CLIENT_MAC)
        self.assertIn("detail", line)
        half, rest = record.format(status="Stop", time=now)[:60], record.format(status="Stop", time=now)[60:]
        with open(path, "a") as out:
            out.write(half)
            out.flush()
            self.expect_found(self.ask(probe, "10.21.0.5"), "vpn", CLIENT_MAC)
            out.write(rest)
        self.expect_none(self.ask(probe, "10.21.0.5"), "no VPN session")

    @needs("openvpn", "openssl")
    def test_client_of_openvpn_is_known_by_what_it_tells(self):
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("no /dev/net/tun")
        self.make_certificates()
        # OpenVPN makes its status file unreadable to others, but leaves one that is there as it is.
        status = self.write("server.status", "")
        script = os.path.join(SOURCE_TREE, "conf", "openvpn", "client-connect")
        common = ["--ca", "ca.crt", "--dev", "tun0", "--dev-type", "tun", "--proto", "udp4", "--verb", "3", "--cd", self.folder]
        server = self.start("gateway", "openvpn", *common, "--cert", "server.crt", "--key", "server.key", "--dh", "none",
                            "--server", "10.30.0.0", "255.255.255.0", "--topology", "subnet", "--local", "10.7.0.1",
                            "--status", status, "1", "--status-version", "2", "--script-security", "2",
                            "--client-connect", f"{script} {status}")
        wait_until(lambda: "Initialization Sequence Completed" in self.said(server), "the OpenVPN server")
        self.inside("client", "ip", "route", "add", "default", "via", "10.7.0.1")
        client = self.start("client", "openvpn", *common, "--cert", "client.crt", "--key", "client.key", "--client",
                            "--nobind", "--remote", "10.7.0.1", "1194", "--push-peer-info")
        wait_until(lambda: "Initialization Sequence Completed" in self.said(client), "the OpenVPN client")
        wait_until(lambda: "10.30.0." in self.text(status), "the status file")
        probe = self.probe("--kinds", "vpn", "--openvpn", status)
        self.expect_found(self.ask(probe, "10.30.0.2"), "vpn", CLIENT_MAC)
        self.expect_none(self.ask(probe, "10.30.0.3"), "no VPN session")
        client.kill()
        self.processes.remove(client)
        server.kill()
        self.processes.remove(server)
        old = self.probe("--kinds", "vpn", "--openvpn-max-age", "1000", "--openvpn", status)
        wait_until(lambda: self.ask(old, "10.30.0.2").startswith("none "), "the status file to grow old")

    def said(self, process):
        """OpenVPN logs to standard output."""
        text = getattr(process, "text", "")
        while select.select([process.child.stdout], [], [], 0)[0]:
            line = os.read(process.child.stdout.fileno(), 65536).decode(errors="replace")
            if line == "":
                break
            text += line
        process.text = text
        return text

    def make_certificates(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=ca",
            cwd=self.folder)
        for name in ("server", "client"):
            run("openssl", "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
                cwd=self.folder)
            run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.crt", cwd=self.folder)


if __name__ == "__main__":
    PROBE = os.path.abspath(sys.argv[1])
    reason = why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        sys.exit(77)
    signal.signal(signal.SIGTERM, on_terminated)
    sweep()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
