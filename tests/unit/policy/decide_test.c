/* policy/decide.c: each rule's boundary, and the order of the rules. */
#include "policy/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "good_facts.h"

/* At noon of a day in the middle. */
static struct policy_facts
facts_at(enum policy_moment moment)
{
	struct policy_facts facts = good_facts();

	facts.moment = moment;
	facts.now = (struct civil_time){.date = {2026, 11, 20}, .minute = 12 * 60};
	return facts;
}

static enum close_reason
decide(const struct policy_facts *facts)
{
	struct policy_verdict verdict;

	policy_decide(facts, &verdict);
	assert_int_equal(verdict.allowed, verdict.reason == CLOSE_NONE);
	assert_int_equal(verdict.allowed, verdict.rule == NULL);
	return verdict.reason;
}

static void
good_facts_are_allowed_at_every_moment(void **state)
{
	static const enum policy_moment moments[] = {MOMENT_ISSUE, MOMENT_REDEEM, MOMENT_RUNNING};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct policy_facts facts = facts_at(moments[i]);

		assert_int_equal(decide(&facts), CLOSE_NONE);
	}
}

static void
break_known(struct policy_facts *f)
{
	f->account_known = false;
}
static void
break_locked(struct policy_facts *f)
{
	f->account_locked = true;
}
static void
break_kind(struct policy_facts *f)
{
	f->kind = ACCOUNT_ADMIN;
}
static void
break_vendor(struct policy_facts *f)
{
	f->vendor_suspended = true;
}
static void
break_from(struct policy_facts *f)
{
	f->valid_from = (struct civil_date){2026, 11, 21};
}
static void
break_until(struct policy_facts *f)
{
	f->valid_until = (struct civil_date){2026, 11, 19};
}
static void
break_hours(struct policy_facts *f)
{
	f->hours = (struct account_hours){.from = 13 * 60, .until = 14 * 60};
}
static void
break_device_known(struct policy_facts *f)
{
	f->device_known = false;
}
static void
break_device_listed(struct policy_facts *f)
{
	f->device = other_mac;
}
static void
break_terminal_known(struct policy_facts *f)
{
	f->terminal_known = false;
}
static void
break_assigned(struct policy_facts *f)
{
	f->terminal_assigned = false;
}
static void
break_service(struct policy_facts *f)
{
	f->terminal_in_service = false;
}
static void
break_window(struct policy_facts *f)
{
	static const struct window window = {.begins_us = 0, .ends_us = INT64_MAX};

	f->windows = &window;
	f->window_count = 1;
}
static void
break_attended(struct policy_facts *f)
{
	f->attendance_required = true;
}
static void
break_trust(struct policy_facts *f)
{
	f->certificate_trusted = false;
}
static void
break_stored(struct policy_facts *f)
{
	f->credential = CREDENTIAL_MISSING;
}
static void
break_address(struct policy_facts *f)
{
	if (f->credential != CREDENTIAL_MISSING) /* what is not there is for no address either */
		f->credential = CREDENTIAL_ELSEWHERE;
}
static void
break_opens(struct policy_facts *f)
{
	if (f->credential != CREDENTIAL_MISSING && f->credential != CREDENTIAL_ELSEWHERE)
		f->credential = CREDENTIAL_SEALED;
}
static void
break_keys(struct policy_facts *f)
{
	f->recording_required = true;
	f->recording_keys = false;
}
static void
break_idle(struct policy_facts *f)
{
	f->now_us = 30;
	f->idle_since_us = 10;
	f->idle_most_us = 20;
}
static void
break_length(struct policy_facts *f)
{
	f->now_us = 30;
	f->started_us = 10;
	f->longest_us = 20;
}
static void
break_account_room(struct policy_facts *f)
{
	f->account_sessions_most = 1;
	f->account_sessions = 1;
}
static void
break_room(struct policy_facts *f)
{
	f->terminal_capacity = 2;
	f->terminal_sessions = 2;
}

/* In the order of design 4, with what each moment says. */
static const struct {
	const char *rule;
	void (*break_it)(struct policy_facts *facts);
	enum close_reason issue, redeem, running;
} cases[] = {
	{"account-known", break_known, CLOSE_ACCOUNT_UNKNOWN, CLOSE_ACCOUNT_UNKNOWN,
		CLOSE_ACCOUNT_UNKNOWN},
	{"account-locked", break_locked, CLOSE_ACCOUNT_LOCKED, CLOSE_ACCOUNT_LOCKED,
		CLOSE_ACCOUNT_LOCKED},
	{"account-kind", break_kind, CLOSE_ACCOUNT_KIND, CLOSE_ACCOUNT_KIND, CLOSE_ACCOUNT_KIND},
	{"vendor-active", break_vendor, CLOSE_VENDOR_SUSPENDED, CLOSE_VENDOR_SUSPENDED,
		CLOSE_VENDOR_SUSPENDED},
	{"valid-from", break_from, CLOSE_ACCOUNT_NOT_YET, CLOSE_ACCOUNT_NOT_YET,
		CLOSE_ACCOUNT_NOT_YET},
	{"valid-until", break_until, CLOSE_ACCOUNT_EXPIRED, CLOSE_ACCOUNT_EXPIRED,
		CLOSE_ACCOUNT_EXPIRED},
	{"hours", break_hours, CLOSE_OUTSIDE_HOURS, CLOSE_OUTSIDE_HOURS, CLOSE_NONE},
	{"device-known", break_device_known, CLOSE_NONE, CLOSE_DEVICE_UNKNOWN,
		CLOSE_DEVICE_UNKNOWN},
	{"device-listed", break_device_listed, CLOSE_DEVICE_REFUSED, CLOSE_DEVICE_REFUSED,
		CLOSE_DEVICE_REFUSED},
	{"terminal-known", break_terminal_known, CLOSE_TERMINAL_UNKNOWN, CLOSE_TERMINAL_UNKNOWN,
		CLOSE_TERMINAL_UNKNOWN},
	{"terminal-assigned", break_assigned, CLOSE_TERMINAL_NOT_ASSIGNED,
		CLOSE_TERMINAL_NOT_ASSIGNED, CLOSE_TERMINAL_NOT_ASSIGNED},
	{"terminal-in-service", break_service, CLOSE_TERMINAL_OUT_OF_SERVICE,
		CLOSE_TERMINAL_OUT_OF_SERVICE, CLOSE_TERMINAL_OUT_OF_SERVICE},
	{"terminal-window", break_window, CLOSE_TERMINAL_WINDOW, CLOSE_TERMINAL_WINDOW,
		CLOSE_TERMINAL_WINDOW},
	{"attended", break_attended, CLOSE_NONE, CLOSE_ATTENDANCE_MISSING,
		CLOSE_ATTENDANCE_MISSING},
	{"certificate-trusted", break_trust, CLOSE_HOST_UNTRUSTED, CLOSE_HOST_UNTRUSTED,
		CLOSE_NONE},
	{"credential-stored", break_stored, CLOSE_CREDENTIAL_MISSING, CLOSE_CREDENTIAL_MISSING,
		CLOSE_NONE},
	{"credential-address", break_address, CLOSE_CREDENTIAL_ELSEWHERE,
		CLOSE_CREDENTIAL_ELSEWHERE, CLOSE_NONE},
	{"credential-opens", break_opens, CLOSE_CREDENTIAL_SEALED, CLOSE_CREDENTIAL_SEALED,
		CLOSE_NONE},
	{"recording-keys", break_keys, CLOSE_RECORDING_NO_KEYS, CLOSE_RECORDING_NO_KEYS,
		CLOSE_NONE},
	{"idle", break_idle, CLOSE_NONE, CLOSE_NONE, CLOSE_IDLE},
	{"session-length", break_length, CLOSE_NONE, CLOSE_NONE, CLOSE_SESSION_TOO_LONG},
	{"account-sessions", break_account_room, CLOSE_ACCOUNT_FULL, CLOSE_ACCOUNT_FULL,
		CLOSE_NONE},
	{"terminal-full", break_room, CLOSE_TERMINAL_FULL, CLOSE_TERMINAL_FULL, CLOSE_NONE},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
expect_case(size_t i, enum policy_moment moment, enum close_reason reason)
{
	struct policy_facts facts = facts_at(moment);

	cases[i].break_it(&facts);
	if (decide(&facts) != reason)
		fail_msg("rule %s at moment %u", cases[i].rule, moment);
}

static void
each_rule_refuses_at_its_moments_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		expect_case(i, MOMENT_ISSUE, cases[i].issue);
		expect_case(i, MOMENT_REDEEM, cases[i].redeem);
		expect_case(i, MOMENT_RUNNING, cases[i].running);
	}
}

static void
every_rule_has_a_case_and_stands_in_this_order(void **state)
{
	size_t count;
	const struct policy_rule *rules = policy_rules(&count);

	(void)state;
	assert_int_equal(count, CASES);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(rules[i].name, cases[i].rule);
}

static void
the_first_rule_that_refuses_is_told(void **state)
{
	(void)state;
	/* Break everything, then mend from the top: the reason moves down the table. Kind and terminal
	 * break in pairs with what the later cases overwrite, so each starts afresh. */
	for (size_t first = 0; first < CASES; first++) {
		struct policy_facts facts = facts_at(MOMENT_REDEEM);
		enum close_reason expected = CLOSE_NONE;

		for (size_t i = first; i < CASES; i++)
			cases[i].break_it(&facts);
		for (size_t i = first; i < CASES && expected == CLOSE_NONE; i++)
			expected = cases[i].redeem; /* some are asked at other moments alone */
		assert_int_equal(decide(&facts), expected);
	}
}

static void
expect_minute(uint16_t from, uint16_t until, uint16_t minute, enum close_reason reason)
{
	struct policy_facts facts = facts_at(MOMENT_REDEEM);

	facts.hours = (struct account_hours){.from = from, .until = until};
	facts.now.minute = minute;
	assert_int_equal(decide(&facts), reason);
}

static void
hours_hold_from_their_first_to_their_last_minute(void **state)
{
	(void)state;
	expect_minute(510, 1050, 509, CLOSE_OUTSIDE_HOURS); /* 08:30-17:30 */
	expect_minute(510, 1050, 510, CLOSE_NONE);
	expect_minute(510, 1050, 1049, CLOSE_NONE);
	expect_minute(510, 1050, 1050, CLOSE_OUTSIDE_HOURS);
	expect_minute(0, 30, 0, CLOSE_NONE);
	expect_minute(0, 30, 29, CLOSE_NONE);
	expect_minute(0, 30, 30, CLOSE_OUTSIDE_HOURS);
	expect_minute(0, 30, 1439, CLOSE_OUTSIDE_HOURS);
}

static void
hours_over_midnight_hold_on_both_sides(void **state)
{
	(void)state;
	expect_minute(1320, 300, 1319, CLOSE_OUTSIDE_HOURS); /* 22:00-05:00 */
	expect_minute(1320, 300, 1320, CLOSE_NONE);
	expect_minute(1320, 300, 1439, CLOSE_NONE);
	expect_minute(1320, 300, 0, CLOSE_NONE);
	expect_minute(1320, 300, 299, CLOSE_NONE);
	expect_minute(1320, 300, 300, CLOSE_OUTSIDE_HOURS);
	expect_minute(1080, 0, 1439, CLOSE_NONE); /* 18:00-00:00 */
	expect_minute(1080, 0, 0, CLOSE_OUTSIDE_HOURS);
}

static void
hours_end_ends_sessions_only_where_configured(void **state)
{
	struct policy_facts facts = facts_at(MOMENT_RUNNING);

	(void)state;
	break_hours(&facts);
	assert_int_equal(decide(&facts), CLOSE_NONE);
	facts.hours_end_disconnects = true;
	assert_int_equal(decide(&facts), CLOSE_OUTSIDE_HOURS);
}

static void
validity_includes_its_first_and_last_day(void **state)
{
	static const struct {
		struct civil_date today;
		enum close_reason reason;
	} days[] = {
		{{2028, 2, 27}, CLOSE_ACCOUNT_NOT_YET},
		{{2028, 2, 28}, CLOSE_NONE},
		{{2028, 2, 29}, CLOSE_NONE},
		{{2028, 3, 1}, CLOSE_ACCOUNT_EXPIRED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct policy_facts facts = facts_at(MOMENT_RUNNING);

		facts.valid_from = (struct civil_date){2028, 2, 28};
		facts.valid_until = (struct civil_date){2028, 2, 29};
		facts.now.date = days[i].today;
		assert_int_equal(decide(&facts), days[i].reason);
		facts.moment = MOMENT_REDEEM;
		assert_int_equal(decide(&facts), days[i].reason);
	}
}

static void
last_day_ends_at_the_facilitys_midnight(void **state)
{
	struct policy_facts facts = facts_at(MOMENT_RUNNING);
	int64_t midnight;

	(void)state;
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	facts.valid_until = (struct civil_date){2026, 11, 20};
	assert_int_equal(instant_parse("2026-11-21T00:00:00+09:00", &midnight), 0);
	civil_from_instant(midnight - 1, &facts.now);
	assert_int_equal(decide(&facts), CLOSE_NONE);
	civil_from_instant(midnight, &facts.now);
	assert_int_equal(decide(&facts), CLOSE_ACCOUNT_EXPIRED);
}

static void
hours_follow_the_wall_clock_through_daylight_saving(void **state)
{
	static const struct {
		const char *instant;
		enum close_reason reason;
	} cases_[] = {
		/* Oslo, 02:00-03:00. In spring that hour does not exist; in autumn it comes twice. */
		{"2026-03-29T00:59:59Z", CLOSE_OUTSIDE_HOURS},
		{"2026-03-29T01:00:00Z", CLOSE_OUTSIDE_HOURS},
		{"2026-10-24T23:59:59Z", CLOSE_OUTSIDE_HOURS},
		{"2026-10-25T00:00:00Z", CLOSE_NONE},
		{"2026-10-25T01:00:00Z", CLOSE_NONE},
		{"2026-10-25T01:59:59Z", CLOSE_NONE},
		{"2026-10-25T02:00:00Z", CLOSE_OUTSIDE_HOURS},
	};

	(void)state;
	setenv("TZ", "Europe/Oslo", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases_) / sizeof(cases_[0]); i++) {
		struct policy_facts facts = facts_at(MOMENT_REDEEM);
		int64_t at;

		facts.valid_from = (struct civil_date){2026, 1, 1};
		facts.valid_until = (struct civil_date){2026, 12, 31};
		facts.hours = (struct account_hours){.from = 120, .until = 180};
		assert_int_equal(instant_parse(cases_[i].instant, &at), 0);
		civil_from_instant(at, &facts.now);
		assert_int_equal(decide(&facts), cases_[i].reason);
	}
}

static void
only_engineers_connect(void **state)
{
	(void)state;
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++) {
		struct policy_facts facts = facts_at(MOMENT_REDEEM);

		facts.kind = (enum account_kind)kind;
		assert_int_equal(
			decide(&facts), kind == ACCOUNT_ENGINEER ? CLOSE_NONE : CLOSE_ACCOUNT_KIND);
	}
}

static void
empty_allowlist_lets_no_device_in(void **state)
{
	struct policy_facts facts = facts_at(MOMENT_REDEEM);

	(void)state;
	facts.mac_count = 0;
	assert_int_equal(decide(&facts), CLOSE_DEVICE_REFUSED);
	facts.moment = MOMENT_ISSUE;
	facts.device_known = false;
	assert_int_equal(decide(&facts), CLOSE_DEVICE_REFUSED);
	facts.allowlist_enforced = false;
	assert_int_equal(decide(&facts), CLOSE_NONE);
}

static void
the_last_of_20_devices_counts_and_evidence_may_be_missing_only_when_off(void **state)
{
	struct policy_facts facts = facts_at(MOMENT_REDEEM);
	struct mac_address macs[ACCOUNT_MACS_MAX] = {0};

	(void)state;
	macs[ACCOUNT_MACS_MAX - 1] = one_mac;
	facts.macs = macs;
	facts.mac_count = ACCOUNT_MACS_MAX;
	assert_int_equal(decide(&facts), CLOSE_NONE);
	facts.mac_count--;
	assert_int_equal(decide(&facts), CLOSE_DEVICE_REFUSED);
	facts.allowlist_enforced = false;
	facts.device_known = false;
	assert_int_equal(decide(&facts), CLOSE_NONE);
}

/* Of these, that many there are and that many there may be. */
static void
expect_places(
	uint32_t *count, uint32_t *most, const struct policy_facts *facts, enum close_reason full)
{
	*count = 1000;
	assert_int_equal(decide(facts), CLOSE_NONE); /* 0: no limit */
	*most = 3;
	*count = 2;
	assert_int_equal(decide(facts), CLOSE_NONE);
	*count = 3;
	assert_int_equal(decide(facts), full);
}

static void
places_count_up_to_the_last_one(void **state)
{
	struct policy_facts facts = facts_at(MOMENT_REDEEM);

	(void)state;
	expect_places(
		&facts.account_sessions, &facts.account_sessions_most, &facts, CLOSE_ACCOUNT_FULL);
	facts = facts_at(MOMENT_REDEEM);
	expect_places(
		&facts.terminal_sessions, &facts.terminal_capacity, &facts, CLOSE_TERMINAL_FULL);
	/* What may be taken over is asked last. */
	break_account_room(&facts);
	assert_int_equal(decide(&facts), CLOSE_ACCOUNT_FULL);
}

static void
ends_come_at_their_instant_and_not_where_they_are_off(void **state)
{
	struct policy_facts facts = facts_at(MOMENT_RUNNING);

	(void)state;
	break_idle(&facts);
	facts.now_us--;
	assert_int_equal(decide(&facts), CLOSE_NONE);
	facts.now_us++;
	assert_int_equal(decide(&facts), CLOSE_IDLE);
	facts.idle_since_us = 0; /* not known */
	assert_int_equal(decide(&facts), CLOSE_NONE);
	break_length(&facts);
	facts.now_us--;
	assert_int_equal(decide(&facts), CLOSE_NONE);
	facts.now_us++;
	assert_int_equal(decide(&facts), CLOSE_SESSION_TOO_LONG);
	facts.longest_us = 0; /* off */
	assert_int_equal(decide(&facts), CLOSE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_facts_are_allowed_at_every_moment),
		cmocka_unit_test(each_rule_refuses_at_its_moments_only),
		cmocka_unit_test(every_rule_has_a_case_and_stands_in_this_order),
		cmocka_unit_test(the_first_rule_that_refuses_is_told),
		cmocka_unit_test(hours_hold_from_their_first_to_their_last_minute),
		cmocka_unit_test(hours_over_midnight_hold_on_both_sides),
		cmocka_unit_test(hours_end_ends_sessions_only_where_configured),
		cmocka_unit_test(validity_includes_its_first_and_last_day),
		cmocka_unit_test(last_day_ends_at_the_facilitys_midnight),
		cmocka_unit_test(hours_follow_the_wall_clock_through_daylight_saving),
		cmocka_unit_test(only_engineers_connect),
		cmocka_unit_test(empty_allowlist_lets_no_device_in),
		cmocka_unit_test(
			the_last_of_20_devices_counts_and_evidence_may_be_missing_only_when_off),
		cmocka_unit_test(places_count_up_to_the_last_one),
		cmocka_unit_test(ends_come_at_their_instant_and_not_where_they_are_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
