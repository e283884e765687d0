/* rtnetlink's messages about routes and neighbours: supervisor/neighbour.h. */
#include "fuzz.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "supervisor/neighbour.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct neighbour_others others;
	struct neighbour_route route;
	struct neighbour_row row;
	const char *why;

	if (neighbour_route_read(bytes, len, &route) == 0)
		fuzz_expect(route.interface != 0);
	if (neighbour_row_read(bytes, len, 100, &row) < 0)
		return 0;
	if (neighbour_row_judge(&row, 120000, &why) == NEIGHBOUR_GOOD)
		fuzz_expect(
			row.has_mac && mac_is_usable(row.mac) && !row.is_router && !row.is_proxy);
	others = (struct neighbour_others){.client = &row};
	neighbour_others_add(&others, &row);
	fuzz_expect(others.ipv4 == 0 && others.ipv6 == 0 && others.link_local == 0);
	fuzz_expect(neighbour_state_name(row.state) != NULL);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const struct {
		struct nlmsghdr header;
		struct ndmsg fixed;
		struct rtattr to_head;
		uint8_t to[4];
		struct rtattr mac_head;
		uint8_t mac[8];
		struct rtattr ages_head;
		struct nda_cacheinfo ages;
	} neighbour = {
		.header = {.nlmsg_len = sizeof(neighbour), .nlmsg_type = RTM_NEWNEIGH},
		.fixed = {.ndm_family = AF_INET, .ndm_ifindex = 2, .ndm_state = NUD_REACHABLE},
		.to_head = {.rta_len = 8, .rta_type = NDA_DST},
		.to = {10, 0, 0, 7},
		.mac_head = {.rta_len = 10, .rta_type = NDA_LLADDR},
		.mac = {2, 0, 0x5e, 0x10, 0, 0x11},
		.ages_head = {.rta_len = 4 + sizeof(struct nda_cacheinfo),
			.rta_type = NDA_CACHEINFO},
		.ages = {.ndm_confirmed = 100, .ndm_updated = 200},
	};
	static const struct {
		struct nlmsghdr header;
		struct rtmsg fixed;
		struct rtattr interface_head;
		uint32_t interface;
		struct rtattr gateway_head;
		uint8_t gateway[4];
	} route = {
		.header = {.nlmsg_len = sizeof(route), .nlmsg_type = RTM_NEWROUTE},
		.fixed = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST},
		.interface_head = {.rta_len = 8, .rta_type = RTA_OIF},
		.interface = 2,
		.gateway_head = {.rta_len = 8, .rta_type = RTA_GATEWAY},
		.gateway = {10, 0, 0, 1},
	};

	fuzz_seed(seeds, &neighbour, sizeof(neighbour));
	fuzz_seed(seeds, &route, sizeof(route));
}
