/* gateway/relay/bridge.c: from one back end to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge_samples.h"

static void
pass(struct bridge *bridge, enum side from, write_payload *payload)
{
	const struct passage passage = give_pdu(bridge, from, MCS_IO_CHANNEL, payload);

	(void)header_of(&passage);
}

static void
a_desktop_is_active_with_the_font_map(void **state)
{
	struct bridge *bridge = *state;

	pass(bridge, SIDE_HOST, write_demand_active);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVATING);
	pass(bridge, SIDE_CLIENT, write_confirm_active);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVATING);
	assert_false(bridge_is_at_rest(bridge));
	pass(bridge, SIDE_HOST, write_font_map);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVE);
	assert_true(bridge_is_at_rest(bridge));
	/* a resize */
	pass(bridge, SIDE_HOST, write_demand_active);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVATING);
}

static void
one_who_was_taken_over_is_heard_again_from_confirm_active_on(void **state)
{
	struct bridge *before = some_bridge(true), *bridge = *state;
	struct passage passage;

	bridge_take_over(bridge, before);
	assert_true(bridge->licensed);
	pass(bridge, SIDE_HOST, write_demand_active);
	assert_int_equal(bridge->stage, BRIDGE_REACTIVATING);
	passage = give_pdu(bridge, SIDE_CLIENT, MCS_IO_CHANNEL, write_data);
	assert_int_equal(passage.result.out, 0);
	pass(bridge, SIDE_CLIENT, write_confirm_active);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVATING);
	pass(bridge, SIDE_CLIENT, write_data);
	pass(bridge, SIDE_HOST, write_font_map);
	assert_int_equal(bridge->stage, BRIDGE_ACTIVE);
	bridge_free(before);
}

/* Wherever the switch tears it, nothing of it comes through, and what follows is understood. */
static void
a_client_pdu_torn_by_the_take_over_is_dropped(void **state)
{
	uint8_t pdu[1024], confirm[1024], buffer[4096];
	size_t len = write_pdu(pdu, sizeof(pdu), SIDE_CLIENT, MCS_IO_CHANNEL, write_two_data);
	size_t confirm_len = write_pdu(
		confirm, sizeof(confirm), SIDE_CLIENT, MCS_IO_CHANNEL, write_confirm_active);
	struct bridge_result result;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct bridge *before = some_bridge(true), *bridge = some_bridge(false);

		memcpy(buffer, pdu, cut);
		bridge_filter(before, SIDE_CLIENT, buffer, cut, &result);
		bridge_take_over(bridge, before);
		pass(bridge, SIDE_HOST, write_demand_active);
		/* the tail that the first one left, the rest, and the answer to the new desktop */
		memcpy(buffer, pdu + result.used, len - result.used);
		memcpy(buffer + len - result.used, confirm, confirm_len);
		bridge_filter(
			bridge, SIDE_CLIENT, buffer, len - result.used + confirm_len, &result);
		assert_int_equal(result.reason, CLOSE_NONE);
		assert_int_equal(result.out, confirm_len);
		assert_int_equal(bridge->stage, BRIDGE_ACTIVATING);
		bridge_free(before);
		bridge_free(bridge);
	}
}

/* Fast-path updates of 8 bytes: fragmentation in the fourth bit pair, 2.2.9.1.2.1. */
#define UPDATE(place) 0, 8, (place) << 4 | 1, 3, 0, 1, 2, 3
enum { SINGLE, LAST, FIRST, NEXT };

static void
a_greeter_is_at_rest_between_whole_updates(void **state)
{
	static const uint8_t stream[] = {
		UPDATE(SINGLE), UPDATE(FIRST), UPDATE(NEXT), UPDATE(LAST), UPDATE(SINGLE)};
	static const size_t rests[] = {0, 8, 32, 40};
	uint8_t buffer[sizeof(stream)];
	struct bridge_result result;

	(void)state;
	for (size_t cut = 0; cut <= sizeof(stream); cut++) {
		struct bridge *bridge = some_bridge(true);
		size_t taken, rest = 0;

		bridge->back_end = SIDE_GREETER;
		memcpy(buffer, stream, cut);
		bridge_filter(bridge, SIDE_HOST, buffer, cut, &result);
		taken = result.used;
		memcpy(buffer, stream + taken, sizeof(stream) - taken);
		bridge_filter_until_rest(
			bridge, SIDE_HOST, buffer, sizeof(stream) - taken, &result);
		while (rests[rest] < taken)
			rest++;
		assert_true(bridge_is_at_rest(bridge));
		assert_int_equal(taken + result.used, rests[rest]);
		bridge_free(bridge);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BEFORE(a_desktop_is_active_with_the_font_map),
		BEFORE(one_who_was_taken_over_is_heard_again_from_confirm_active_on),
		cmocka_unit_test(a_client_pdu_torn_by_the_take_over_is_dropped),
		cmocka_unit_test(a_greeter_is_at_rest_between_whole_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
