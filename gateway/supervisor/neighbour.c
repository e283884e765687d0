/* Reads rtnetlink's messages about routes and neighbours, and judges them; see neighbour.h. Pure. */
#include "supervisor/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define IN_USE (NUD_REACHABLE | NUD_DELAY | NUD_PROBE)

struct attributes {
	const uint8_t *at;
	size_t len;
};

struct attribute {
	uint16_t type;
	const uint8_t *value;
	size_t len;
};

/* Checks a message's header and its fixed part; what follows are attributes. */
static int
message_open(const void *message, size_t len, uint16_t type, size_t fixed,
	struct attributes *ret_attributes)
{
	struct nlmsghdr header;
	size_t before = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

	if (len < sizeof(header))
		return -EINVAL;
	memcpy(&header, message, sizeof(header));
	if (header.nlmsg_type != type || header.nlmsg_len > len ||
		header.nlmsg_len < NLMSG_HDRLEN + fixed)
		return -EINVAL;
	if (header.nlmsg_len < before)
		before = header.nlmsg_len;
	ret_attributes->at = (const uint8_t *)message + before;
	ret_attributes->len = header.nlmsg_len - before;
	return 0;
}

static bool
attribute_next(struct attributes *attributes, struct attribute *ret_attribute)
{
	struct rtattr header;
	size_t step;

	if (attributes->len < sizeof(header))
		return false;
	memcpy(&header, attributes->at, sizeof(header));
	if (header.rta_len < sizeof(header) || header.rta_len > attributes->len)
		return false;
	ret_attribute->type = header.rta_type & NLA_TYPE_MASK;
	ret_attribute->value = attributes->at + sizeof(header);
	ret_attribute->len = header.rta_len - sizeof(header);
	step = RTA_ALIGN((size_t)header.rta_len);
	if (step > attributes->len)
		step = attributes->len;
	attributes->at += step;
	attributes->len -= step;
	return true;
}

int
neighbour_route_read(const void *message, size_t len, struct neighbour_route *ret_route)
{
	struct neighbour_route route = {0};
	struct attributes attributes;
	struct attribute attribute;
	struct rtmsg fixed;

	if (message_open(message, len, RTM_NEWROUTE, sizeof(fixed), &attributes) < 0)
		return -EINVAL;
	memcpy(&fixed, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(fixed));
	route.type = fixed.rtm_type;
	while (attribute_next(&attributes, &attribute)) {
		if (attribute.type == RTA_OIF && attribute.len == sizeof(route.interface))
			memcpy(&route.interface, attribute.value, sizeof(route.interface));
		if (attribute.type == RTA_GATEWAY || attribute.type == RTA_VIA ||
			attribute.type == RTA_MULTIPATH || attribute.type == RTA_ENCAP)
			route.has_gateway = true;
	}
	if (route.interface == 0)
		return -EINVAL;
	*ret_route = route;
	return 0;
}

static uint64_t
milliseconds(uint32_t ticks, long ticks_per_second)
{
	return (uint64_t)ticks * 1000 / (uint64_t)(ticks_per_second > 0 ? ticks_per_second : 100);
}

static void
row_take(struct neighbour_row *row, const struct attribute *attribute, int family,
	long ticks_per_second)
{
	struct nda_cacheinfo ages;

	if (attribute->type == NDA_DST && family == AF_INET && attribute->len == 4)
		address_from_ipv4(attribute->value, row->address);
	if (attribute->type == NDA_DST && family == AF_INET6 && attribute->len == ADDRESS_SIZE)
		memcpy(row->address, attribute->value, ADDRESS_SIZE);
	if (attribute->type == NDA_LLADDR && attribute->len == MAC_SIZE) {
		memcpy(row->mac, attribute->value, MAC_SIZE);
		row->has_mac = true;
	}
	if (attribute->type == NDA_CACHEINFO && attribute->len >= sizeof(ages)) {
		memcpy(&ages, attribute->value, sizeof(ages));
		row->confirmed_ms = milliseconds(ages.ndm_confirmed, ticks_per_second);
		row->updated_ms = milliseconds(ages.ndm_updated, ticks_per_second);
	}
}

int
neighbour_row_read(
	const void *message, size_t len, long ticks_per_second, struct neighbour_row *ret_row)
{
	static const uint8_t none[ADDRESS_SIZE];
	struct neighbour_row row = {.confirmed_ms = UINT64_MAX, .updated_ms = UINT64_MAX};
	struct attributes attributes;
	struct attribute attribute;
	struct ndmsg fixed;

	if (message_open(message, len, RTM_NEWNEIGH, sizeof(fixed), &attributes) < 0)
		return -EINVAL;
	memcpy(&fixed, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(fixed));
	row.interface = (uint32_t)fixed.ndm_ifindex;
	row.state = fixed.ndm_state;
	row.is_router = (fixed.ndm_flags & NTF_ROUTER) != 0;
	row.is_proxy = (fixed.ndm_flags & NTF_PROXY) != 0;
	while (attribute_next(&attributes, &attribute))
		row_take(&row, &attribute, fixed.ndm_family, ticks_per_second);
	if (memcmp(row.address, none, ADDRESS_SIZE) == 0)
		return -EINVAL;
	*ret_row = row;
	return 0;
}

enum neighbour_verdict
neighbour_row_judge(const struct neighbour_row *row, uint64_t max_age_ms, const char **ret_why)
{
	*ret_why = "the kernel has not confirmed the row";
	if (row->is_proxy || (row->state & NUD_NOARP) != 0) {
		*ret_why = "the link does not resolve addresses";
		return NEIGHBOUR_BAD;
	}
	if (row->has_mac && !mac_is_usable(row->mac)) {
		*ret_why = "no station can have that MAC address";
		return NEIGHBOUR_BAD;
	}
	if (row->is_router) {
		*ret_why = "the row is a router's";
		return NEIGHBOUR_BAD;
	}
	if (!row->has_mac)
		return NEIGHBOUR_UNCONFIRMED;
	if ((row->state & NUD_PERMANENT) != 0)
		return NEIGHBOUR_GOOD;
	if ((row->state & IN_USE) == 0)
		return NEIGHBOUR_UNCONFIRMED;
	if (row->confirmed_ms > max_age_ms) {
		*ret_why = "the row was last confirmed too long ago";
		return NEIGHBOUR_UNCONFIRMED;
	}
	return NEIGHBOUR_GOOD;
}

static bool
is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool
row_counts(const struct neighbour_row *row)
{
	if (!row->has_mac || row->is_proxy ||
		(row->state & (NUD_FAILED | NUD_INCOMPLETE | NUD_NOARP)) != 0)
		return false;
	return (row->state & (NUD_PERMANENT | IN_USE)) != 0 ||
	       row->confirmed_ms <= NEIGHBOUR_OTHERS_AGE_MS ||
	       row->updated_ms <= NEIGHBOUR_OTHERS_AGE_MS;
}

void
neighbour_others_add(struct neighbour_others *others, const struct neighbour_row *row)
{
	const struct neighbour_row *client = others->client;

	if (row->interface != client->interface || !row_counts(row) ||
		memcmp(row->mac, client->mac, MAC_SIZE) != 0)
		return;
	if (row->is_router) {
		others->router = true;
		memcpy(others->example, row->address, ADDRESS_SIZE);
	}
	if (memcmp(row->address, client->address, ADDRESS_SIZE) == 0)
		return;
	if (address_is_ipv4(row->address))
		others->ipv4++;
	else if (is_link_local(row->address))
		others->link_local++;
	else
		others->ipv6++;
	if (!others->router && address_is_ipv4(row->address) == address_is_ipv4(client->address))
		memcpy(others->example, row->address, ADDRESS_SIZE);
}

bool
neighbour_others_contradict(const struct neighbour_others *others, const char **ret_why)
{
	const uint8_t *address = others->client->address;
	uint32_t own_ipv4 = address_is_ipv4(address);

	if (others->router) {
		*ret_why = "the MAC address is a router's";
		return true;
	}
	if (others->ipv4 + own_ipv4 > 1) {
		*ret_why = "more than one IPv4 address has that MAC address";
		return true;
	}
	if (others->link_local + is_link_local(address) > 1 ||
		others->ipv6 > NEIGHBOUR_IPV6_OTHERS) {
		*ret_why = "too many IPv6 addresses have that MAC address";
		return true;
	}
	return false;
}

const char *
neighbour_state_name(uint16_t state)
{
	static const struct {
		uint16_t state;
		const char *name;
	} names[] = {{NUD_INCOMPLETE, "INCOMPLETE"}, {NUD_REACHABLE, "REACHABLE"},
		{NUD_STALE, "STALE"}, {NUD_DELAY, "DELAY"}, {NUD_PROBE, "PROBE"},
		{NUD_FAILED, "FAILED"}, {NUD_NOARP, "NOARP"}, {NUD_PERMANENT, "PERMANENT"},
		{NUD_NONE, "NONE"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].state == state)
			return names[i].name;
	}
	return "several";
}
