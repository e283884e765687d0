/* policy/explain.c: what each rule says of itself, and when time alone turns an answer. */
#include "policy/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "good_facts.h"

static int64_t
at(const char *text)
{
	int64_t instant;

	assert_int_equal(civil_instant_parse(text, &instant), 0);
	return instant;
}

/* A question that is answered yes: November 2026, at any hour. */
static struct explain_question
good(const char *time)
{
	return (struct explain_question){
		.at_us = at(time),
		.account = "sato",
		.terminal = "pacs",
		.facts = good_facts(),
	};
}

static struct explained_rule *
rule(struct explanation *explanation, const char *name)
{
	for (size_t i = 0; i < explanation->count; i++) {
		if (strcmp(explanation->rules[i].rule->name, name) == 0)
			return &explanation->rules[i];
	}
	fail_msg("no rule %s", name);
	return NULL;
}

static void
expect_change(int64_t change_us, const char *expected, const char *what)
{
	char text[40] = "never";
	time_t seconds = (time_t)(change_us / 1000000);
	struct tm parts;

	if (change_us != EXPLAIN_NEVER) {
		localtime_r(&seconds, &parts);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts);
	}
	if (strcmp(text, expected) != 0)
		fail_msg("%s: %s instead of %s", what, text, expected);
}

static void
go_to(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static struct account_hours
hours(const char *text)
{
	struct account_hours parsed;
	struct field_error error;

	assert_int_equal(account_hours_parse(text, &parsed, &error), 0);
	return parsed;
}

static void
hours_turn_at_their_ends(void **state)
{
	static const struct {
		const char *hours, *time;
		bool allowed;
		const char *change;
	} cases[] = {
		{"08:30-17:30", "2026-11-24 08:29:59", false, "2026-11-24 08:30"},
		{"08:30-17:30", "2026-11-24 08:30", true, "2026-11-24 17:30"},
		{"08:30-17:30", "2026-11-24 17:29:59", true, "2026-11-24 17:30"},
		{"08:30-17:30", "2026-11-24 17:30", false, "2026-11-25 08:30"},
		{"08:30-17:30", "2026-11-24 19:12", false, "2026-11-25 08:30"},
		{"22:00-05:00", "2026-11-24 21:59:59", false, "2026-11-24 22:00"},
		{"22:00-05:00", "2026-11-24 22:00", true, "2026-11-25 05:00"},
		{"22:00-05:00", "2026-11-24 00:00", true, "2026-11-24 05:00"},
		{"22:00-05:00", "2026-11-24 05:00", false, "2026-11-24 22:00"},
		{"00:00-23:30", "2026-11-24 23:30", false, "2026-11-25 00:00"},
		{"23:30-00:00", "2026-11-24 23:45", true, "2026-11-25 00:00"},
		/* The last evening and the first morning of the validity. */
		{"08:30-17:30", "2026-11-30 12:00", true, "2026-11-30 17:30"},
		{"08:30-17:30", "2026-11-30 17:30", false, "never"},
		{"22:00-05:00", "2026-11-30 23:00", true, "2026-12-01 00:00"},
		{"08:30-17:30", "2026-10-31 12:00", false, "2026-11-01 08:30"},
		{"22:00-05:00", "2026-10-31 12:00", false, "2026-11-01 00:00"},
		{"always", "2026-11-24 12:00", true, "2026-12-01 00:00"},
		{"always", "2025-11-24 12:00", false, "2026-11-01 00:00"},
		{"always", "2026-12-01 00:00", false, "never"},
	};

	(void)state;
	go_to("Asia/Tokyo");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct explain_question question = good(cases[i].time);
		struct explanation explanation;

		question.facts.hours = hours(cases[i].hours);
		policy_explain(&question, &explanation);
		if (explanation.allowed != cases[i].allowed)
			fail_msg("%s at %s", cases[i].hours, cases[i].time);
		expect_change(explanation.change_us, cases[i].change, cases[i].time);
	}
}

/* Clocks jump at 02:00 in Oslo, at midnight in Beirut, and by half an hour on Lord Howe. */
static void
jumping_clocks_are_followed(void **state)
{
	static const struct {
		const char *zone, *hours, *time;
		const char *change;
	} cases[] = {
		/* 02:00 to 03:00 is left out on 29 March 2026: hours that begin in it begin at 03:00. */
		{"Europe/Oslo", "02:30-06:00", "2026-03-29 00:00", "2026-03-29 03:00"},
		{"Europe/Oslo", "22:00-02:30", "2026-03-29 01:00", "2026-03-29 03:00"},
		/* It comes twice on 25 October: hours until 02:30 end, begin once more and end. */
		{"Europe/Oslo", "00:00-02:30", "2026-10-25T00:15:00Z", "2026-10-25 02:30"},
		{"Europe/Oslo", "00:00-02:30", "2026-10-25T00:45:00Z", "2026-10-25 02:00"},
		{"Europe/Oslo", "00:00-02:30", "2026-10-25T01:15:00Z", "2026-10-25 02:30"},
		/* 29 March 2026 begins at 01:00 in Beirut. */
		{"Asia/Beirut", "00:00-06:00", "2026-03-28 22:00", "2026-03-29 01:00"},
		{"Australia/Lord_Howe", "02:00-03:00", "2026-10-04 01:45", "2026-10-04 02:30"},
		{"Asia/Kathmandu", "08:30-17:30", "2026-11-24 08:00", "2026-11-24 08:30"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct explain_question question;
		struct explanation explanation;

		go_to(cases[i].zone);
		question = good(cases[i].time);
		question.facts.valid_from = (struct civil_date){2026, 1, 1};
		question.facts.valid_until = (struct civil_date){2026, 12, 31};
		question.facts.hours = hours(cases[i].hours);
		policy_explain(&question, &explanation);
		expect_change(
			rule(&explanation, "hours")->change_us, cases[i].change, cases[i].zone);
		assert_int_equal(explanation.change_us, rule(&explanation, "hours")->change_us);
	}
}

static void
a_day_without_midnight_begins_later(void **state)
{
	(void)state;
	go_to("Asia/Beirut");
	assert_int_equal(
		civil_day_start((struct civil_date){2026, 3, 29}), at("2026-03-28T22:00:00Z"));
	assert_int_equal(
		civil_day_start((struct civil_date){2026, 3, 30}), at("2026-03-29T21:00:00Z"));
	go_to("Asia/Tokyo");
	assert_int_equal(
		civil_day_start((struct civil_date){2026, 11, 20}), at("2026-11-19T15:00:00Z"));
	assert_int_equal(
		civil_day_start((struct civil_date){1960, 1, 1}), -INT64_C(315651600) * 1000000);
}

static void
times_are_those_of_the_wall_or_of_the_world(void **state)
{
	static const struct {
		const char *zone, *wall, *instant;
	} cases[] = {
		{"Asia/Tokyo", "2026-11-24 19:12", "2026-11-24T10:12:00Z"},
		{"Asia/Tokyo", "2026-11-24T19:12:30", "2026-11-24T10:12:30Z"},
		{"Asia/Tokyo", "2026-11-24T19:12:00+01:00", "2026-11-24T18:12:00Z"},
		{"Europe/Oslo", "2026-03-29 01:59", "2026-03-29T00:59:00Z"},
		{"Europe/Oslo", "2026-03-29 02:30", "2026-03-29T01:30:00Z"}, /* left out */
		{"Europe/Oslo", "2026-03-29 03:00", "2026-03-29T01:00:00Z"},
		{"Europe/Oslo", "2026-10-25 02:30", "2026-10-25T00:30:00Z"}, /* the first */
		{"Europe/Oslo", "2026-10-25 03:00", "2026-10-25T02:00:00Z"},
	};
	static const char *const wrong[] = {"", "2026-11-24", "19:12", "2026-11-24 24:00",
		"2026-11-24 19:60", "2026-02-29 12:00", "2026-11-24x19:12", "2026-11-24 19:12:3",
		"2026-11-24 19:12 ", "2026-11-24T19:12Z", "２０２６-11-24 19:12"};
	int64_t instant;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		go_to(cases[i].zone);
		assert_int_equal(at(cases[i].wall), at(cases[i].instant));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(civil_instant_parse(wrong[i], &instant) < 0);
}

static void
lock(struct explain_question *q)
{
	q->facts.account_locked = true;
}
static void
make_admin(struct explain_question *q)
{
	q->facts.kind = ACCOUNT_ADMIN;
}
static void
suspend(struct explain_question *q)
{
	q->facts.vendor_suspended = true;
}
static void
begin_later(struct explain_question *q)
{
	q->facts.valid_from = (struct civil_date){2026, 11, 25};
}
static void
end_before(struct explain_question *q)
{
	q->facts.valid_until = (struct civil_date){2026, 11, 23};
}
static void
set_hours(struct explain_question *q)
{
	q->facts.hours = hours("08:30-11:30");
}
static void
forget_device(struct explain_question *q)
{
	q->facts.device_known = false;
}
static void
other_device(struct explain_question *q)
{
	q->facts.device = other_mac;
}
static void
no_devices(struct explain_question *q)
{
	q->facts.mac_count = 0;
	q->facts.device_known = false;
}
static void
unassign(struct explain_question *q)
{
	q->facts.terminal_assigned = false;
}
static void
close_terminal(struct explain_question *q)
{
	q->facts.terminal_in_service = false;
}
static void
restart(struct explain_question *q)
{
	static const struct window window = {.number = 7,
		.kind = WINDOW_RESTART,
		.days = 0x7f,
		.from = 11 * 60,
		.until = 12 * 60 + 30,
		.text = "daily"};

	q->facts.windows = &window;
	q->facts.window_count = 1;
}
static void
attend(struct explain_question *q)
{
	q->facts.attendance_required = true;
}
static void
fill_up(struct explain_question *q)
{
	q->facts.terminal_capacity = q->facts.terminal_sessions = 2;
}
static void
fill_account(struct explain_question *q)
{
	q->facts.account_sessions = q->facts.account_sessions_most = 2;
}
static void
hold(struct explain_question *q)
{
	fill_up(q);
	q->holders = "998-hanako@example.jp";
}

static void
lose_keys(struct explain_question *q)
{
	q->facts.recording_required = true;
	q->facts.recording_keys = false;
}

/* Every rule, refusing: its sentence, the names of its values, and its change. */
static void
each_rule_says_what_it_found(void **state)
{
	static const struct {
		void (*change)(struct explain_question *question);
		const char *rule, *found, *names, *turns;
	} cases[] = {
		{lock, "account-locked", "the account is locked", "", "never"},
		{make_admin, "account-kind",
			"it is an administrator's account; only engineers connect", "", "never"},
		{suspend, "vendor-active", "the account's vendor is suspended", "", "never"},
		{begin_later, "valid-from",
			"the account is valid from 2026-11-25 on; the day is 2026-11-24",
			"valid_from day", "2026-11-25 00:00"},
		{end_before, "valid-until",
			"the account is valid until 2026-11-23; the day is 2026-11-24",
			"valid_until day", "never"},
		{set_hours, "hours", "connection hours 08:30-11:30; it is 12:00", "hours now",
			"2026-11-25 08:30"},
		{forget_device, "device-known", "no device was named", "", "never"},
		{other_device, "device-listed",
			"02:00:00:00:00:02 is none of the account's 1 devices", "mac #devices",
			"never"},
		{no_devices, "device-listed", "the account has 0 devices: none can connect",
			"#devices", "never"},
		{unassign, "terminal-assigned", "the terminal is not assigned to the account", "",
			"never"},
		{close_terminal, "terminal-in-service", "the terminal is out of service", "",
			"never"},
		{restart, "terminal-window", "the terminal restarts (window 7) daily",
			"#window text", "2026-11-24 12:30"},
		{attend, "attended",
			"somebody at the hospital must let the engineer in: by a number (attend "
			"issue), or while the engineer waits (attend allow)",
			"", "never"},
		{lose_keys, "recording-keys",
			"sessions must be recorded, and recording.auditors of the settings names "
			"no auditor's key: recording key new",
			"", "never"},
		{fill_account, "account-sessions",
			"the account has 2 sessions, and may have 2 at once", "#sessions #most",
			"never"},
		{hold, "terminal-full",
			"2 sessions run on the terminal, which has room for 2; it is held by "
			"998-hanako@example.jp",
			"#sessions #capacity holders", "never"},
		{fill_up, "terminal-full", "2 sessions run on the terminal, which has room for 2",
			"#sessions #capacity", "never"},
	};

	(void)state;
	go_to("Asia/Tokyo");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct explain_question question = good("2026-11-24 12:00");
		struct explanation explanation;
		struct explained_rule *refusing;
		char text[200];

		cases[i].change(&question);
		policy_explain(&question, &explanation);
		refusing = rule(&explanation, cases[i].rule);
		assert_int_equal(refusing->new_connection, EXPLAIN_REFUSES);
		sentence_text(&refusing->found.sentence, text, sizeof(text));
		assert_string_equal(text, cases[i].found);
		assert_string_equal(refusing->found.names, cases[i].names);
		expect_change(refusing->change_us, cases[i].turns, cases[i].rule);
		assert_false(explanation.allowed);
		assert_string_equal(explanation.by->name, cases[i].rule);
		expect_change(explanation.change_us, cases[i].turns, cases[i].rule);
	}
}

/* A sentence has as many values as names, whatever the facts. */
static void
every_value_has_a_name(void **state)
{
	static void (*const changes[])(struct explain_question *) = {lock, make_admin, suspend,
		begin_later, end_before, set_hours, forget_device, other_device, no_devices,
		unassign, close_terminal, attend, fill_up};

	(void)state;
	for (size_t i = 0; i <= sizeof(changes) / sizeof(changes[0]); i++) {
		struct explain_question question = good("2026-11-24 12:00");
		struct explanation explanation;

		if (i > 0)
			changes[i - 1](&question);
		policy_explain(&question, &explanation);
		for (size_t j = 0; j < explanation.count; j++) {
			const struct explain_found *found = &explanation.rules[j].found;
			size_t names = found->names[0] != '\0';

			for (const char *c = found->names; *c != '\0'; c++)
				names += *c == ' ';
			assert_non_null(found->sentence.format);
			assert_int_equal(found->sentence.count, names);
		}
	}
}

static void
what_does_not_exist_has_nothing_to_say(void **state)
{
	struct explain_question question = good("2026-11-24 12:00");
	struct explanation explanation;

	(void)state;
	question.facts = (struct policy_facts){.terminal_known = true, .terminal_in_service = true};
	policy_explain(&question, &explanation);
	assert_false(explanation.allowed);
	assert_string_equal(explanation.by->name, "account-known");
	assert_int_equal(explanation.change_us, EXPLAIN_NEVER);
	assert_int_equal(rule(&explanation, "account-known")->new_connection, EXPLAIN_REFUSES);
	assert_int_equal(rule(&explanation, "hours")->new_connection, EXPLAIN_NOT_ASKED);
	assert_null(rule(&explanation, "hours")->found.sentence.format);
	assert_int_equal(
		rule(&explanation, "terminal-assigned")->new_connection, EXPLAIN_NOT_ASKED);
	assert_int_equal(rule(&explanation, "terminal-in-service")->new_connection, EXPLAIN_ALLOWS);
}

/* Past the hours' end a session goes on, unless the settings say that it ends; no new one begins. */
static void
a_running_session_is_asked_by_its_own_rules(void **state)
{
	struct explain_question question;
	struct explanation explanation;

	(void)state;
	go_to("Asia/Tokyo");
	question = good("2026-11-24 12:00");
	question.facts.hours = hours("08:30-11:30");
	policy_explain(&question, &explanation);
	assert_false(explanation.verdicts[EXPLAIN_ISSUE].allowed);
	assert_true(explanation.verdicts[EXPLAIN_RUNNING].allowed);
	assert_int_equal(
		rule(&explanation, "terminal-full")->answers[EXPLAIN_RUNNING], EXPLAIN_NOT_ASKED);
	question.facts.hours_end_disconnects = true;
	policy_explain(&question, &explanation);
	assert_false(explanation.verdicts[EXPLAIN_RUNNING].allowed);
}

/* A ticket is given out before anybody knows the device: it is refused at the door. */
static void
a_strange_device_gets_as_far_as_the_door(void **state)
{
	struct explain_question question;
	struct explanation explanation;

	(void)state;
	question = good("2026-11-24 12:00");
	question.facts.device = other_mac;
	policy_explain(&question, &explanation);
	assert_true(explanation.verdicts[EXPLAIN_ISSUE].allowed);
	assert_int_equal(explanation.verdicts[EXPLAIN_REDEEM].reason, CLOSE_DEVICE_REFUSED);
	assert_false(explanation.allowed);
}

/* What ends a running session first, if nobody does anything. */
static void
a_session_ends_by_what_comes_first(void **state)
{
	static const struct window window = {.days = 0x7f, .from = 4 * 60, .until = 4 * 60 + 30};
	struct explain_question question;
	const struct policy_rule *rule_;

	(void)state;
	go_to("Asia/Tokyo");
	question = good("2026-11-24 12:00");
	question.facts.valid_until = (struct civil_date){2026, 11, 26};
	expect_change(policy_ends(&question, &rule_), "2026-11-27 00:00", "validity");
	assert_string_equal(rule_->name, "valid-until");
	question.facts.windows = &window;
	question.facts.window_count = 1;
	expect_change(policy_ends(&question, &rule_), "2026-11-25 04:00", "window");
	assert_string_equal(rule_->name, "terminal-window");
	/* Hours that end nothing, and hours that do. */
	question.facts.hours = (struct account_hours){.from = 8 * 60, .until = 18 * 60};
	expect_change(policy_ends(&question, &rule_), "2026-11-25 04:00", "hours, continue");
	question.facts.hours_end_disconnects = true;
	expect_change(policy_ends(&question, &rule_), "2026-11-24 18:00", "hours, disconnect");
	question.facts.started_us = question.at_us - INT64_C(3600) * 1000000;
	question.facts.longest_us = INT64_C(7200) * 1000000;
	expect_change(policy_ends(&question, &rule_), "2026-11-24 13:00", "longest");
	assert_string_equal(rule_->name, "session-length");
	question.facts.idle_since_us = question.at_us - INT64_C(600) * 1000000;
	question.facts.idle_most_us = INT64_C(1800) * 1000000;
	expect_change(policy_ends(&question, &rule_), "2026-11-24 12:20", "idle");
	assert_string_equal(rule_->name, "idle");
	/* Now, if it must end already. */
	question.facts.account_locked = true;
	expect_change(policy_ends(&question, &rule_), "2026-11-24 12:00", "locked");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_turn_at_their_ends),
		cmocka_unit_test(jumping_clocks_are_followed),
		cmocka_unit_test(a_day_without_midnight_begins_later),
		cmocka_unit_test(times_are_those_of_the_wall_or_of_the_world),
		cmocka_unit_test(each_rule_says_what_it_found),
		cmocka_unit_test(every_value_has_a_name),
		cmocka_unit_test(what_does_not_exist_has_nothing_to_say),
		cmocka_unit_test(a_running_session_is_asked_by_its_own_rules),
		cmocka_unit_test(a_strange_device_gets_as_far_as_the_door),
		cmocka_unit_test(a_session_ends_by_what_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
