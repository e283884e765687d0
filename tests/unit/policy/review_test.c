/* policy/review.c */
#include "policy/review.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))
#define NOW_US INT64_C(1795143600000000) /* 2026-11-20T12:00:00+09:00 */

static const struct review_question question = {
	.today = {2026, 11, 20}, .now_us = NOW_US, .unused_days = 90, .ending_days = 30};

/* Nothing is remarkable about it. */
static struct review_facts
good(void)
{
	return (struct review_facts){
		.kind = ACCOUNT_ENGINEER,
		.valid_from = {2026, 1, 1},
		.valid_until = {2027, 3, 31},
		.allowlist_enforced = true,
		.macs = 1,
		.terminals = 1,
		.last_session_us = NOW_US - DAY_US,
		.created_us = NOW_US - 300 * DAY_US,
	};
}

static void
not_used_lately(struct review_facts *facts)
{
	facts->last_session_us = NOW_US - 90 * DAY_US;
}

static void
used_just_lately_enough(struct review_facts *facts)
{
	facts->last_session_us = NOW_US - 90 * DAY_US + 1;
}

static void
made_lately_never_used(struct review_facts *facts)
{
	facts->last_session_us = 0;
	facts->created_us = NOW_US - 3 * DAY_US;
}

static void
made_long_ago_never_used(struct review_facts *facts)
{
	facts->last_session_us = 0;
}

static void
ends_today(struct review_facts *facts)
{
	facts->valid_until = (struct civil_date){2026, 11, 20};
}

static void
ends_in_30_days(struct review_facts *facts)
{
	facts->valid_until = (struct civil_date){2026, 12, 20};
}

static void
ends_in_31_days(struct review_facts *facts)
{
	facts->valid_until = (struct civil_date){2026, 12, 21};
}

static void
ended_yesterday(struct review_facts *facts)
{
	facts->valid_until = (struct civil_date){2026, 11, 19};
}

static void
without_mac(struct review_facts *facts)
{
	facts->macs = 0;
}

static void
without_terminal(struct review_facts *facts)
{
	facts->terminals = 0;
}

static void
with_allowlist_off(struct review_facts *facts)
{
	facts->allowlist_enforced = false;
	facts->macs = 0;
}

static void
locked(struct review_facts *facts)
{
	facts->locked = true;
}

static void
protected_one(struct review_facts *facts)
{
	facts->protected = true;
}

static void
bare_admin(struct review_facts *facts)
{
	*facts = (struct review_facts){.kind = ACCOUNT_ADMIN,
		.valid_from = {2026, 1, 1},
		.valid_until = {2027, 3, 31},
		.allowlist_enforced = true};
}

#define BIT(name) (1u << FINDING_##name)

static const struct {
	void (*change)(struct review_facts *facts);
	unsigned found;
} cases[] = {
	{not_used_lately, BIT(UNUSED)},
	{used_just_lately_enough, 0},
	{made_lately_never_used, BIT(NEVER_USED)},
	{made_long_ago_never_used, BIT(NEVER_USED) | BIT(UNUSED)},
	{ends_today, BIT(ENDS_SOON)},
	{ends_in_30_days, BIT(ENDS_SOON)},
	{ends_in_31_days, 0},
	{ended_yesterday, BIT(EXPIRED)},
	{without_mac, BIT(NO_DEVICE)},
	{without_terminal, BIT(NO_TERMINAL)},
	{with_allowlist_off, BIT(ANY_DEVICE)},
	{locked, BIT(LOCKED)},
	{protected_one, BIT(PROTECTED)},
	{bare_admin, 0},
};

static void
each_finding_has_its_limits(void **state)
{
	struct review_facts facts = good();

	(void)state;
	assert_int_equal(review_findings(&facts, &question), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		facts = good();
		cases[i].change(&facts);
		if (review_findings(&facts, &question) != cases[i].found)
			fail_msg("case %zu: %x", i, review_findings(&facts, &question));
	}
}

static void
every_finding_is_tried_and_has_its_own_name(void **state)
{
	unsigned tried = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tried |= cases[i].found;
	assert_int_equal(tried, (1u << FINDING_COUNT) - 1);
	for (int i = 0; i < FINDING_COUNT; i++)
		for (int other = 0; other < i; other++)
			assert_string_not_equal(review_finding_name((enum review_finding)i),
				review_finding_name((enum review_finding)other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_finding_has_its_limits),
		cmocka_unit_test(every_finding_is_tried_and_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
