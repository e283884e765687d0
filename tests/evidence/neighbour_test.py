"""Device evidence against the kernel's own neighbour table.

    neighbour_test.py PROBE [unittest options]
"""

import time

from network import CLIENT_MAC, Network, OTHER_MAC, ROUTER_MAC, main


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
            self.add_address("client", address + "/64")
            self.meet("client", address, "fd07::1")
        probe = self.listen("--kinds", "neighbour", address="fd07::1")
        self.connect("client", "fd07::1", addresses[3])
        self.expect_found(probe.line(), "neighbour", CLIENT_MAC)

    def test_more_ipv6_addresses_than_a_host_has_are_a_contradiction(self):
        for n in range(0xa1, 0xab):
            self.add_address("client", f"fd07::{n:x}:1/64")
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
            self.add_address("router", "10.8.0.1/24", "far-eth0")
            self.inside("router", "ip", "route", "add", "10.7.9.9/32", "dev", "far-eth0")
            self.inside("router", "sysctl", "-qw", "net.ipv4.conf.eth0.proxy_arp=1")
            self.inside("router", "sysctl", "-qw", "net.ipv4.neigh.eth0.proxy_delay=0")
            self.inside("far", "ip", "route", "add", "10.8.0.1", "dev", "eth0")
        else:
            self.add_address("router", "10.8.0.1/24", "far-eth0")
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
        self.add_address("client", "10.7.0.66/16")
        self.meet("client", "10.7.0.66")
        probe = self.listen("--kinds", "neighbour")
        self.connect("client")
        line = probe.line()
        self.expect_none(line, "more than one IPv4 address")
        self.assertIn("10.7.0.66", line)

    def test_contradiction_is_not_mended_by_a_lease(self):
        """Who takes the lease holder's address, and a second one to be contradictory, gains nothing."""
        leases = self.write("leases", f"{int(time.time()) + 3600} {OTHER_MAC} 10.7.0.11 pc *\n")
        self.add_address("client", "10.7.0.66/16")
        self.meet("client", "10.7.0.66")
        probe = self.listen("--kinds", "neighbour,lease", "--dnsmasq", leases)
        self.connect("client")
        self.expect_none(probe.line(), "more than one IPv4 address")

    def test_stolen_address_shows_the_thiefs_mac(self):
        leases = self.write("leases", f"{int(time.time()) + 3600} {CLIENT_MAC} 10.7.0.11 pc *\n")
        self.inside("client", "ip", "link", "set", "eth0", "down")
        self.inside("other", "ip", "address", "flush", "dev", "eth0")
        self.add_address("other", "10.7.0.11/16")
        probe = self.listen("--kinds", "neighbour,lease", "--dnsmasq", leases)
        self.connect("other")
        self.expect_found(probe.line(), "neighbour", OTHER_MAC)

    def test_this_machine_itself_is_not_known(self):
        probe = self.probe("--kinds", "neighbour")
        self.expect_none(self.ask(probe, "127.0.0.1"), "this machine itself")


if __name__ == "__main__":
    main()
