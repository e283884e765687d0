/* gateway/relay/bridge_cookies.c, in bridge.c: automatic reconnection */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge_samples.h"

static const struct auto_reconnect_cookie ours = {.logon_id = 1, .random = "the gateway's .."};
static const struct auto_reconnect_cookie hosts = {.logon_id = 2, .random = "the jump host's."};

PAYLOAD(cookie, auto_reconnect_info_write(writer, 0x103ea, HOST_USER, &hosts))
PAYLOAD(data_then_cookie, write_share(writer, SHARE_DATA, SHARE_DATA_CONTROL, 8);
	auto_reconnect_info_write(writer, 0x103ea, HOST_USER, &hosts))
PAYLOAD(compressed_cookie, auto_reconnect_info_write(writer, 0x103ea, HOST_USER, &hosts);
	writer->start[15] = 0x21)

static void
give_cookies(struct bridge *bridge)
{
	bridge->cookies.given = true;
	bridge->cookies.ours = ours;
}

static struct bridge *
with_cookie(enum bridge_stage stage)
{
	struct bridge *bridge = some_bridge(true);

	bridge->stage = stage;
	give_cookies(bridge);
	return bridge;
}

/* Wherever the reads cut it: returns what the client gets, as long as what came. */
static void
assert_replaced(write_payload *payload)
{
	uint8_t pdu[2048], out[2048];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_HOST, HOST_IO, payload);

	for (size_t cut = 0; cut <= len; cut++) {
		struct bridge *bridge = with_cookie(BRIDGE_ACTIVE);
		enum close_reason reason;

		assert_int_equal(
			filter_in_two(bridge, SIDE_HOST, pdu, len, cut, out, &reason), len);
		assert_int_equal(reason, CLOSE_NONE);
		assert_non_null(memmem(out, len, ours.random, sizeof(ours.random)));
		assert_null(memmem(out, len, hosts.random, sizeof(hosts.random)));
		assert_true(bridge->cookies.is_new);
		assert_int_equal(bridge->cookies.hosts.logon_id, hosts.logon_id);
		assert_memory_equal(
			bridge->cookies.hosts.random, hosts.random, sizeof(hosts.random));
		assert_false(bridge_owes_cookie(bridge));
		bridge_free(bridge);
	}
}

static void
the_hosts_cookie_is_kept_and_ours_passes(void **state)
{
	(void)state;
	assert_replaced(write_cookie);
	assert_replaced(write_data_then_cookie);
}

static void
the_first_desktop_brings_the_client_a_cookie_between_two_frames(void **state)
{
	struct bridge *bridge = with_cookie(BRIDGE_ACTIVATING);
	uint8_t bytes[2048];
	size_t first = write_pdu(bytes, sizeof(bytes), SIDE_HOST, HOST_IO, write_font_map);
	size_t all = first + write_pdu(bytes + first, sizeof(bytes) - first, SIDE_HOST, HOST_IO,
				     write_data);
	struct bridge_result result;

	(void)state;
	bridge_filter(bridge, SIDE_HOST, bytes, first - 1, &result);
	assert_false(bridge_owes_cookie(bridge));
	assert_int_equal(result.used, 0); /* short enough to be looked at as a whole */
	bridge_filter(bridge, SIDE_HOST, bytes, all, &result);
	assert_int_equal(result.used, first);
	assert_int_equal(result.out, first);
	assert_true(bridge_owes_cookie(bridge));
	bridge_cookie_sent(bridge);
	bridge_filter(bridge, SIDE_HOST, bytes + first, all - first, &result);
	assert_int_equal(result.used, all - first);
	/* Another size, another Font Map: it has one already. */
	bridge->stage = BRIDGE_ACTIVATING;
	(void)write_pdu(bytes, sizeof(bytes), SIDE_HOST, HOST_IO, write_font_map);
	bridge_filter(bridge, SIDE_HOST, bytes, first, &result);
	assert_false(bridge_owes_cookie(bridge));
	bridge_free(bridge);
}

static void
what_cannot_be_read_is_followed_by_ours(void **state)
{
	struct bridge *bridge = with_cookie(BRIDGE_ACTIVE);
	uint8_t bytes[2048], same[2048];
	size_t len = write_pdu(bytes, sizeof(bytes), SIDE_HOST, HOST_IO, write_compressed_cookie);
	struct bridge_result result;

	(void)state;
	bridge->cookies.told = true;
	memcpy(same, bytes, len);
	bridge_filter(bridge, SIDE_HOST, bytes, 200, &result);
	assert_false(bridge_owes_cookie(bridge));
	bridge_filter(bridge, SIDE_HOST, bytes + 200, len - 200, &result);
	assert_true(bridge_owes_cookie(bridge));
	assert_memory_equal(bytes + 40, same + 40, len - 40); /* behind the share headers */
	assert_false(bridge->cookies.is_new);
	bridge_free(bridge);
}

static void
without_a_cookie_of_ours_and_from_clients_nothing_is_touched(void **state)
{
	struct bridge *bridge = *state;
	struct passage passage = give_pdu(bridge, SIDE_HOST, HOST_IO, write_cookie);

	assert_non_null(memmem(passage.bytes, passage.len, hosts.random, sizeof(hosts.random)));
	assert_false(bridge->cookies.is_new || bridge_owes_cookie(bridge));

	give_cookies(bridge);
	passage = give_pdu(bridge, SIDE_CLIENT, MCS_IO_CHANNEL, write_cookie);
	assert_non_null(memmem(passage.bytes, passage.len, hosts.random, sizeof(hosts.random)));
	assert_false(bridge->cookies.is_new || bridge_owes_cookie(bridge));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hosts_cookie_is_kept_and_ours_passes),
		cmocka_unit_test(the_first_desktop_brings_the_client_a_cookie_between_two_frames),
		cmocka_unit_test(what_cannot_be_read_is_followed_by_ours),
		BEGUN(without_a_cookie_of_ours_and_from_clients_nothing_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
