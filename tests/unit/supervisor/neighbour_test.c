/* gateway/supervisor/neighbour.c */
#include "supervisor/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct message {
	uint8_t bytes[256];
	size_t len;
};

static struct message
begin(uint16_t type, const void *fixed, size_t len)
{
	struct message message = {.len = NLMSG_LENGTH(len)};
	struct nlmsghdr header = {.nlmsg_type = type};

	memcpy(message.bytes, &header, sizeof(header));
	memcpy(message.bytes + NLMSG_HDRLEN, fixed, len);
	return message;
}

static void
add(struct message *message, uint16_t type, const void *value, size_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};

	memcpy(message->bytes + message->len, &attribute, sizeof(attribute));
	memcpy(message->bytes + message->len + RTA_LENGTH(0), value, len);
	message->len += RTA_SPACE(len);
}

static const struct message *
end(struct message *message)
{
	uint32_t len = (uint32_t)message->len;

	memcpy(message->bytes, &len, sizeof(len));
	return message;
}

static struct message
neighbour_message(uint16_t state, uint8_t flags)
{
	struct ndmsg fixed = {
		.ndm_family = AF_INET, .ndm_ifindex = 7, .ndm_state = state, .ndm_flags = flags};
	struct nda_cacheinfo ages = {.ndm_confirmed = 150, .ndm_used = 1, .ndm_updated = 300};
	struct message message = begin(RTM_NEWNEIGH, &fixed, sizeof(fixed));

	add(&message, NDA_DST, (uint8_t[]){10, 0, 0, 7}, 4);
	add(&message, NDA_LLADDR, (uint8_t[]){2, 0, 0, 0, 0, 7}, 6);
	add(&message, NDA_CACHEINFO, &ages, sizeof(ages));
	end(&message);
	return message;
}

static void
row_is_read(void **state)
{
	struct message message = neighbour_message(NUD_DELAY, NTF_ROUTER);
	struct neighbour_row row;

	(void)state;
	assert_int_equal(neighbour_row_read(message.bytes, message.len, 100, &row), 0);
	assert_true(address_is_ipv4(row.address) && row.address[15] == 7);
	assert_true(row.has_mac && row.mac[5] == 7);
	assert_true(row.is_router && !row.is_proxy);
	assert_int_equal(row.interface, 7);
	assert_int_equal(row.state, NUD_DELAY);
	assert_int_equal(row.confirmed_ms, 1500);
	assert_int_equal(row.updated_ms, 3000);
}

/* Cut, or with a length that promises more: an error, or what the attributes before the cut say; never a byte past it. */
static void
row_cut_anywhere_is_read_within_its_bytes(void **state)
{
	struct message message = neighbour_message(NUD_REACHABLE, 0);
	struct neighbour_row row;

	(void)state;
	for (size_t len = 0; len < message.len; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);
		uint32_t own = (uint32_t)len;

		memcpy(copy, message.bytes, len);
		assert_int_equal(neighbour_row_read(copy, len, 100, &row), -EINVAL);
		if (len >= sizeof(own))
			memcpy(copy, &own, sizeof(own));
		(void)neighbour_row_read(copy, len, 100, &row);
		free(copy);
	}
	struct message route = message;
	struct neighbour_route read;
	assert_int_equal(neighbour_route_read(route.bytes, route.len, &read), -EINVAL);
}

static void
route_is_direct_or_not(void **state)
{
	static const uint16_t indirect[] = {RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH, RTA_ENCAP};
	struct rtmsg fixed = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST};
	struct message message = begin(RTM_NEWROUTE, &fixed, sizeof(fixed));
	struct neighbour_route route;
	uint32_t interface = 7;

	(void)state;
	end(&message);
	assert_int_equal(neighbour_route_read(message.bytes, message.len, &route), -EINVAL);
	add(&message, RTA_OIF, &interface, sizeof(interface));
	end(&message);
	assert_int_equal(neighbour_route_read(message.bytes, message.len, &route), 0);
	assert_true(route.interface == 7 && !route.has_gateway && route.type == RTN_UNICAST);
	for (size_t i = 0; i < sizeof(indirect) / sizeof(indirect[0]); i++) {
		struct message with = message;

		add(&with, indirect[i], (uint8_t[]){10, 0, 0, 1}, 4);
		end(&with);
		assert_int_equal(neighbour_route_read(with.bytes, with.len, &route), 0);
		assert_true(route.has_gateway);
	}
}

static struct neighbour_row
row_of(const char *address, uint16_t state)
{
	struct neighbour_row row = {.has_mac = true,
		.interface = 7,
		.state = state,
		.confirmed_ms = 1000,
		.updated_ms = 1000,
		.mac = {2, 0, 0, 0, 0, 1}};

	assert_int_equal(slice_address((struct slice){address, strlen(address)}, row.address), 0);
	return row;
}

static enum neighbour_verdict
judge(struct neighbour_row row)
{
	const char *why;

	return neighbour_row_judge(&row, 5000, &why);
}

static void
row_counts_in_use_and_confirmed(void **state)
{
	static const struct {
		uint16_t state;
		enum neighbour_verdict verdict;
	} states[] = {{NUD_REACHABLE, NEIGHBOUR_GOOD}, {NUD_DELAY, NEIGHBOUR_GOOD},
		{NUD_PROBE, NEIGHBOUR_GOOD}, {NUD_PERMANENT, NEIGHBOUR_GOOD},
		{NUD_STALE, NEIGHBOUR_UNCONFIRMED}, {NUD_FAILED, NEIGHBOUR_UNCONFIRMED},
		{NUD_INCOMPLETE, NEIGHBOUR_UNCONFIRMED}, {NUD_NONE, NEIGHBOUR_UNCONFIRMED},
		{NUD_NOARP, NEIGHBOUR_BAD}};
	struct neighbour_row row = row_of("10.0.0.1", NUD_REACHABLE);

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		assert_int_equal(judge(row_of("10.0.0.1", states[i].state)), states[i].verdict);
	row.confirmed_ms = 5000;
	assert_int_equal(judge(row), NEIGHBOUR_GOOD);
	row.confirmed_ms = 5001;
	assert_int_equal(judge(row), NEIGHBOUR_UNCONFIRMED);
	row = row_of("10.0.0.1", NUD_REACHABLE);
	row.is_router = true;
	assert_int_equal(judge(row), NEIGHBOUR_BAD);
	row = row_of("10.0.0.1", NUD_REACHABLE);
	row.is_proxy = true;
	assert_int_equal(judge(row), NEIGHBOUR_BAD);
	row = row_of("10.0.0.1", NUD_PERMANENT);
	row.mac[0] = 0x01;
	assert_int_equal(judge(row), NEIGHBOUR_BAD);
	row = row_of("10.0.0.1", NUD_REACHABLE);
	row.has_mac = false;
	assert_int_equal(judge(row), NEIGHBOUR_UNCONFIRMED);
}

static bool
contradicts(const struct neighbour_row *client, const struct neighbour_row *rows, size_t count)
{
	struct neighbour_others others = {.client = client};
	const char *why;

	neighbour_others_add(&others, client);
	for (size_t i = 0; i < count; i++)
		neighbour_others_add(&others, &rows[i]);
	return neighbour_others_contradict(&others, &why);
}

static void
second_ipv4_address_contradicts(void **state)
{
	struct neighbour_row client = row_of("10.0.0.1", NUD_REACHABLE),
			     other = row_of("10.0.0.2", NUD_STALE);

	(void)state;
	assert_false(contradicts(&client, NULL, 0));
	assert_true(contradicts(&client, &other, 1));
	other.mac[5] = 9;
	assert_false(contradicts(&client, &other, 1));
	other = row_of("10.0.0.2", NUD_STALE);
	other.interface = 8;
	assert_false(contradicts(&client, &other, 1));
	other = row_of("10.0.0.2", NUD_FAILED);
	assert_false(contradicts(&client, &other, 1));
	/* What a laptop left behind yesterday at another address. */
	other = row_of("10.0.0.2", NUD_STALE);
	other.confirmed_ms = other.updated_ms = NEIGHBOUR_OTHERS_AGE_MS + 1;
	assert_false(contradicts(&client, &other, 1));
	other.confirmed_ms = NEIGHBOUR_OTHERS_AGE_MS;
	assert_true(contradicts(&client, &other, 1));
}

static void
addresses_of_an_ipv6_host_do_not_contradict(void **state)
{
	struct neighbour_row client = row_of("fd00::1", NUD_REACHABLE), rows[12];
	char address[] = "fd00::aX";

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		address[7] = (char)('0' + i);
		rows[i] = row_of(address, NUD_STALE);
	}
	rows[9] = row_of("fe80::1", NUD_REACHABLE);
	rows[10] = row_of("10.0.0.1", NUD_REACHABLE);
	rows[11] = row_of("10.0.0.2", NUD_REACHABLE);
	assert_false(contradicts(&client, rows, NEIGHBOUR_IPV6_OTHERS));
	assert_true(contradicts(&client, rows, NEIGHBOUR_IPV6_OTHERS + 1));
	assert_false(contradicts(&client, rows + 1, 10));
	assert_true(contradicts(&client, rows + 1, 11)); /* two IPv4 addresses */
	rows[10] = row_of("fe80::2", NUD_REACHABLE);
	assert_true(contradicts(&client, rows + 9, 2)); /* two link-local ones */
	rows[0].is_router = true;
	assert_true(contradicts(&client, rows, 1));
	client = row_of("10.0.0.1", NUD_REACHABLE);
	assert_true(contradicts(&client, rows, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_is_read),
		cmocka_unit_test(row_cut_anywhere_is_read_within_its_bytes),
		cmocka_unit_test(route_is_direct_or_not),
		cmocka_unit_test(row_counts_in_use_and_confirmed),
		cmocka_unit_test(second_ipv4_address_contradicts),
		cmocka_unit_test(addresses_of_an_ipv6_host_do_not_contradict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
