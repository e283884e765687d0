"""Device evidence against the lease files of real DHCP servers.

    lease_test.py PROBE [unittest options]
"""

import os
import time

from network import CLIENT_MAC, Network, OTHER_MAC, needs, wait_until, main


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


if __name__ == "__main__":
    main()
