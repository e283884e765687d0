/* What the kernel says of a client on the same link: rtnetlink messages (rtnetlink(7)) read into plain structs, and
 * the judgement whether they are evidence. Pure: bytes in, struct out.
 */
#ifndef SUPERVISOR_NEIGHBOUR_H
#define SUPERVISOR_NEIGHBOUR_H

#include "supervisor/evidence_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct neighbour_route {
	uint32_t interface;
	uint8_t type; /* RTN_UNICAST, RTN_LOCAL, … */
	bool has_gateway; /* a router stands between, or several ways lead there, or a tunnel is put around */
};

struct neighbour_row {
	uint8_t address[ADDRESS_SIZE];
	uint8_t mac[MAC_SIZE];
	bool has_mac;   /* an Ethernet address stands in the row */
	bool is_router; /* NTF_ROUTER: it announced itself as an IPv6 router */
	bool is_proxy;  /* NTF_PROXY: our own answer for somebody else's address */
	uint32_t interface;
	uint16_t state; /* NUD_… */
	/* Milliseconds since the address was last confirmed, and since the row last changed. */
	uint64_t confirmed_ms;
	uint64_t updated_ms;
};

/* One message of the types RTM_NEWROUTE and RTM_NEWNEIGH, its header included. ticks_per_second is
 * sysconf(_SC_CLK_TCK), the unit of the ages. Returns 0 or -EINVAL (another type, or lengths that do not fit). */
int neighbour_route_read(const void *message, size_t len, struct neighbour_route *ret_route);
int neighbour_row_read(
	const void *message, size_t len, long ticks_per_second, struct neighbour_row *ret_row);

enum neighbour_verdict {
	NEIGHBOUR_GOOD,
	NEIGHBOUR_UNCONFIRMED, /* may become good when the kernel hears from the client */
	NEIGHBOUR_BAD,
};

/* The client's own row. *ret_why is a static text.
 *
 * PERMANENT is an administrator's word. Otherwise the row must be in use (REACHABLE, DELAY, PROBE: never STALE, FAILED
 * or INCOMPLETE) and the kernel must have had a sign of life from that very MAC address within max_age_ms: an ARP or
 * ND answer, or an acknowledgement on a TCP connection (the client's own), since those could not have come if our
 * packets went to another station. */
enum neighbour_verdict neighbour_row_judge(
	const struct neighbour_row *row, uint64_t max_age_ms, const char **ret_why);

/* Who else has the client's MAC address. A station that answers for several addresses is a router, a proxy (ARP or
 * ND), or a client that took a second address to hide behind: its MAC address says nothing about who is behind it.
 *
 * IPv4: any other IPv4 address with that MAC on the link is a contradiction.
 * IPv6: an honest host has several addresses: link-local, one or two stable, and privacy addresses (RFC 8981) that it
 * changes every day, each in use for a while. So up to NEIGHBOUR_IPV6_OTHERS others are no contradiction;
 * more, a second link-local address, a row marked as a router's, or two IPv4 addresses are one. That does not make
 * spoofing easier: who sends from a stolen address of either family shows his own MAC address here.
 *
 * Rows that were neither confirmed nor changed for NEIGHBOUR_OTHERS_AGE_MS do not count, as a network that hands
 * addresses out leaves such rows behind for days. */
struct neighbour_others {
	const struct neighbour_row *client;
	uint32_t ipv4;
	uint32_t ipv6;
	uint32_t link_local;
	bool router;
	uint8_t example[ADDRESS_SIZE]; /* one of them, for the administrator */
};

#define NEIGHBOUR_IPV6_OTHERS 8
#define NEIGHBOUR_OTHERS_AGE_MS (3600 * 1000)

void neighbour_others_add(struct neighbour_others *others, const struct neighbour_row *row);

/* Whether the others contradict; *ret_why is then a static text. */
bool neighbour_others_contradict(const struct neighbour_others *others, const char **ret_why);

/* "REACHABLE"; "several" for what is not one state. */
const char *neighbour_state_name(uint16_t state);

#endif
