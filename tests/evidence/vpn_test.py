"""Device evidence against RADIUS accounting and OpenVPN.

    vpn_test.py PROBE [unittest options]
"""

import os
import select
import subprocess
import time

import network
from network import (CLIENT_MAC, LIMIT, NOBODY, Network, OTHER_MAC, SOURCE_TREE, leave_out, needs, run, wait_until, within, main)


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
            # What it exits with is its own affair: 3.2 may say 0 of a packet that nobody answered.
            self.assertNotIn("Received", done.stdout + done.stderr)

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
        process = self.start("gateway", network.PROBE, "--radius", "127.0.0.1", "1813", self.secret, "127.0.0.1")
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
            leave_out("no /dev/net/tun")
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
    main()
