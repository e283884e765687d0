/* gateway/supervisor/penalties.c */
#include "supervisor/penalties.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct penalty_limits usual = {
	.sources = 8,
	.connections = 100,
	.connections_per_source = 4,
	.unfinished = 50,
	.unfinished_per_source = 3,
	.penalty_ms = 2000,
	.penalty_refuse_ms = 5000,
	.penalty_most_ms = 60000,
	.delay_most_ms = 3000,
	.ipv4_prefix = 32,
	.ipv6_prefix = 64,
};

static const struct sockaddr *
address(const char *text)
{
	static struct sockaddr_storage places[4];
	static unsigned turn;
	struct sockaddr_storage *place = &places[turn++ % 4];

	memset(place, 0, sizeof(*place));
	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)place)->sin_addr) == 1) {
		place->ss_family = AF_INET;
	} else {
		assert_int_equal(
			inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)place)->sin6_addr), 1);
		place->ss_family = AF_INET6;
	}
	return (const struct sockaddr *)place;
}

static int
admit(struct penalties *penalties, const char *source, int64_t now_ms, uint32_t *ret_delay_ms)
{
	return penalties_admit(penalties, address(source), false, now_ms, ret_delay_ms);
}

static void
fail_once(struct penalties *penalties, const char *source, enum close_reason reason, int64_t now_ms)
{
	uint32_t delay_ms;

	assert_int_equal(admit(penalties, source, now_ms, &delay_ms), 0);
	penalties_end(penalties, address(source), false, reason, now_ms);
}

static void
unfinished_and_all_connections_of_a_source_are_limited(void **state)
{
	struct penalties *penalties = penalties_new(&usual);
	uint32_t delay_ms;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), -EMFILE);
	assert_int_equal(admit(penalties, "10.0.0.2", 0, &delay_ms), 0);
	penalties_verdict(penalties, address("10.0.0.1"));
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	penalties_verdict(penalties, address("10.0.0.1"));
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), -EMFILE);
	penalties_end(penalties, address("10.0.0.1"), true, CLOSE_CLIENT_LEFT, 0);
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	penalties_free(penalties);
}

static void
the_whole_gateway_is_limited_even_for_the_exempt(void **state)
{
	struct penalty_limits limits = usual;
	struct penalties *penalties;
	uint32_t delay_ms;

	(void)state;
	limits.unfinished = 5;
	penalties = penalties_new(&limits);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			penalties_admit(penalties, address("10.0.0.1"), true, 0, &delay_ms), 0);
	assert_int_equal(
		penalties_admit(penalties, address("10.0.0.1"), true, 0, &delay_ms), -ENOSPC);
	assert_int_equal(penalties_numbers(penalties, 0).unfinished, 5);
	penalties_free(penalties);
}

static void
penalty_delays_then_refuses_then_fades(void **state)
{
	struct penalties *penalties = penalties_new(&usual);
	uint32_t delay_ms;

	(void)state;
	fail_once(penalties, "10.0.0.1", CLOSE_NOT_RDP, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.1"), 0), 2000);
	assert_int_equal(admit(penalties, "10.0.0.1", 500, &delay_ms), 0);
	assert_int_equal(delay_ms, 1500);
	penalties_end(penalties, address("10.0.0.1"), false, CLOSE_EARLY_BYTES, 500);
	assert_int_equal(admit(penalties, "10.0.0.1", 500, &delay_ms), -EAGAIN);
	assert_int_equal(admit(penalties, "10.0.0.2", 500, &delay_ms), 0);
	assert_int_equal(delay_ms, 0);
	assert_int_equal(admit(penalties, "10.0.0.1", 2000, &delay_ms), 0);
	assert_int_equal(delay_ms, 3000);
	assert_int_equal(admit(penalties, "10.0.0.1", 7000, &delay_ms), 0);
	assert_int_equal(delay_ms, 0);
	penalties_free(penalties);
}

static void
penalty_has_a_maximum_and_good_endings_none(void **state)
{
	struct penalty_limits limits = usual;
	struct penalties *penalties;

	(void)state;
	limits.penalty_refuse_ms = 100000;
	penalties = penalties_new(&limits);
	for (int i = 0; i < 20; i++)
		fail_once(penalties, "10.0.0.1", CLOSE_TICKET_SECRET, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.1"), 0), 60000);
	fail_once(penalties, "10.0.0.2", CLOSE_CLIENT_LEFT, 0);
	fail_once(penalties, "10.0.0.2", CLOSE_OUTSIDE_HOURS, 0);
	fail_once(penalties, "10.0.0.2", CLOSE_HOST_UNREACHABLE, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.2"), 0), 0);
	penalties_free(penalties);
}

static void
a_source_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
	struct penalties *penalties = penalties_new(&usual);

	(void)state;
	fail_once(penalties, "2001:db8:0:1::1", CLOSE_NOT_RDP, 0);
	assert_int_equal(penalties_left_ms(penalties, address("2001:db8:0:1:ffff::9"), 0), 2000);
	assert_int_equal(penalties_left_ms(penalties, address("2001:db8:0:2::1"), 0), 0);
	fail_once(penalties, "::ffff:10.0.0.1", CLOSE_NOT_RDP, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.1"), 0), 2000);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.2"), 0), 0);
	penalties_free(penalties);
}

static void
prefixes_may_be_shorter(void **state)
{
	struct penalty_limits limits = usual;
	struct penalties *penalties;

	(void)state;
	limits.ipv4_prefix = 28;
	limits.ipv6_prefix = 0;
	penalties = penalties_new(&limits);
	fail_once(penalties, "10.0.0.17", CLOSE_NOT_RDP, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.31"), 0), 2000);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.32"), 0), 0);
	fail_once(penalties, "2001:db8::1", CLOSE_NOT_RDP, 0);
	assert_int_equal(penalties_left_ms(penalties, address("fd00::1"), 0), 2000);
	penalties_free(penalties);
}

static void
a_full_table_forgets_the_idle_source_whose_penalty_ends_first(void **state)
{
	struct penalties *penalties = penalties_new(&usual);
	uint32_t delay_ms;
	char text[16];

	(void)state;
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	fail_once(penalties, "10.0.0.2", CLOSE_NOT_RDP, 0);
	for (int i = 3; i <= 8; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		fail_once(penalties, text, CLOSE_EARLY_BYTES, 0);
	}
	assert_int_equal(penalties_numbers(penalties, 0).sources, 8);
	fail_once(penalties, "10.0.1.1", CLOSE_EARLY_BYTES, 0);
	assert_int_equal(penalties_numbers(penalties, 0).sources, 8);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.2"), 0), 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.3"), 0), 4000);
	penalties_end(penalties, address("10.0.0.1"), false, CLOSE_NOT_RDP, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.1"), 0), 2000);
	penalties_free(penalties);
}

static void
a_table_full_of_connections_admits_no_new_source(void **state)
{
	struct penalty_limits limits = usual;
	struct penalties *penalties;
	uint32_t delay_ms;

	(void)state;
	limits.sources = 1;
	penalties = penalties_new(&limits);
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	assert_int_equal(admit(penalties, "10.0.0.2", 0, &delay_ms), -ENOSPC);
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	penalties_free(penalties);
}

/* Wrong passwords on a screen that stays. */
static void
a_penalty_grows_while_a_connection_goes_on(void **state)
{
	struct penalties *penalties = penalties_new(&usual);
	uint32_t delay_ms;

	(void)state;
	assert_int_equal(admit(penalties, "10.0.0.1", 0, &delay_ms), 0);
	penalties_add(penalties, address("10.0.0.1"), 2, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.1"), 0), 4000);
	assert_int_equal(penalties_wait_ms(penalties, address("10.0.0.1"), 0), 0);
	penalties_add(penalties, address("10.0.0.1"), 2, 0);
	assert_int_equal(penalties_wait_ms(penalties, address("10.0.0.1"), 0), 3000);
	assert_int_equal(penalties_wait_ms(penalties, address("10.0.0.1"), 3000), 0);
	assert_int_equal(penalties_wait_ms(penalties, address("10.0.0.2"), 0), 0);
	penalties_end(penalties, address("10.0.0.1"), false, CLOSE_CLIENT_LEFT, 0);
	assert_int_equal(penalties_left_ms(penalties, address("10.0.0.1"), 0), 8000);
	penalties_free(penalties);
}

static void
sources_are_compared_as_they_are_counted(void **state)
{
	struct penalties *penalties = penalties_new(&usual);

	(void)state;
	assert_true(penalties_same_source(
		penalties, address("2001:db8::1"), address("2001:db8::ffff")));
	assert_false(penalties_same_source(
		penalties, address("2001:db8::1"), address("2001:db8:0:1::1")));
	assert_true(
		penalties_same_source(penalties, address("10.0.0.1"), address("::ffff:10.0.0.1")));
	assert_false(penalties_same_source(penalties, address("10.0.0.1"), address("10.0.0.2")));
	penalties_free(penalties);
}

static void
the_worst_are_named_worst_first(void **state)
{
	struct penalties *penalties = penalties_new(&usual);
	struct penalised worst[2];

	(void)state;
	assert_int_equal(penalties_worst(penalties, 0, worst, 2), 0);
	fail_once(penalties, "10.0.0.1", CLOSE_NOT_RDP, 0);
	fail_once(penalties, "2001:db8::7", CLOSE_TICKET_SECRET, 0);
	fail_once(penalties, "10.0.0.3", CLOSE_EARLY_BYTES, 0);
	assert_int_equal(penalties_numbers(penalties, 0).penalised, 3);
	assert_int_equal(penalties_worst(penalties, 0, worst, 2), 2);
	assert_string_equal(worst[0].source, "2001:db8::");
	assert_int_equal(worst[0].penalty_ms, 6000);
	assert_string_equal(worst[1].source, "10.0.0.3");
	/* Those that have run down are not there any more. */
	assert_int_equal(penalties_worst(penalties, 5000, worst, 2), 1);
	assert_int_equal(penalties_numbers(penalties, 5000).penalised, 1);
	assert_int_equal(penalties_worst(penalties, 6000, worst, 2), 0);
	penalties_free(penalties);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfinished_and_all_connections_of_a_source_are_limited),
		cmocka_unit_test(the_whole_gateway_is_limited_even_for_the_exempt),
		cmocka_unit_test(penalty_delays_then_refuses_then_fades),
		cmocka_unit_test(penalty_has_a_maximum_and_good_endings_none),
		cmocka_unit_test(a_source_is_an_ipv4_address_or_an_ipv6_64),
		cmocka_unit_test(prefixes_may_be_shorter),
		cmocka_unit_test(a_full_table_forgets_the_idle_source_whose_penalty_ends_first),
		cmocka_unit_test(a_table_full_of_connections_admits_no_new_source),
		cmocka_unit_test(a_penalty_grows_while_a_connection_goes_on),
		cmocka_unit_test(sources_are_compared_as_they_are_counted),
		cmocka_unit_test(the_worst_are_named_worst_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
