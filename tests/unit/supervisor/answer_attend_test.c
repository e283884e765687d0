/* gateway/supervisor/answer_attend.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attend_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char params[200];

static json_int_t
id_of(const struct waiting *waiting)
{
	json_t *row = attendance_json(waiting);
	json_int_t id = json_integer_value(json_object_get(row, "id"));

	json_decref(row);
	return id;
}

/* {"id": …, more} */
static const char *
about(json_int_t id, const char *more)
{
	(void)snprintf(params, sizeof(params), "{\"id\": %lld%s}", (long long)id, more);
	return params;
}

static bool
flag(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_boolean(value));
	return json_is_true(value);
}

static size_t
count(const char *list)
{
	return json_array_size(json_object_get(seen.result, list));
}

static void
the_list_has_those_whom_the_caller_may_see(void **state)
{
	struct control_call *call;

	(void)state;
	seen.numbers = "[{\"terminal\":\"998-T1\"},{\"terminal\":\"998-T2\"}]";
	(void)wait_as("998-taro", 1, "192.0.2.1");
	(void)wait_as("998-jiro", 2, "192.0.2.2");
	call = call_as(0, method_attend_list, "{}");
	assert_int_equal(seen.answers, 0);
	store_does(0);
	assert_int_equal(count("waiting"), 2);
	assert_int_equal(count("numbers"), 2);
	call_free(call);
	/* An attendant of the second terminal. */
	call = call_as(2, method_attend_list, "{}");
	store_does(0);
	assert_int_equal(count("waiting"), 1);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(seen.result, "waiting"), 0), "account")),
		"998-jiro");
	call_free(call);
	/* Of one terminal, with the facility's prefix or without. */
	call = call_as(0, method_attend_list, "{\"terminal\": \"t1\"}");
	store_does(0);
	assert_int_equal(count("waiting"), 1);
	assert_int_equal(count("numbers"), 1);
	call_free(call);
	call = call_as(0, method_attend_list, "{\"terminal\": \"998-T3\"}");
	store_does(0);
	assert_int_equal(count("waiting"), 0);
	assert_int_equal(count("numbers"), 0);
	call_free(call);
	call = call_as(0, method_attend_list, "{}");
	store_does(-EIO);
	assert_int_equal(seen.refused, -EIO);
	call_free(call);
}

static void
consent_is_to_control_unless_more_or_less_is_said(void **state)
{
	static const struct {
		const char *more;
		bool control, files;
	} cases[] = {
		{"", true, false},
		{", \"control\": true, \"files\": true", true, true},
		{", \"control\": false", false, false},
		{", \"control\": false, \"files\": true", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_int_t id = id_of(wait_as("998-taro", 1, "192.0.2.1"));
		struct control_call *call =
			call_as(1, method_attend_allow, about(id, cases[i].more));

		/* It counts once it is on the disk. */
		assert_int_equal(seen.decisions, i);
		assert_non_null(attendance_find(&supervisor, (uint64_t)id));
		store_does(0);
		assert_int_equal(seen.decisions, i + 1);
		assert_true(seen.decision.given);
		assert_int_equal(seen.decision.control, cases[i].control);
		assert_int_equal(seen.decision.files, cases[i].files);
		assert_int_equal(seen.decision.number, 0);
		assert_string_equal(seen.decision.by, HANAKO);
		assert_int_equal(flag(seen.result, "control"), cases[i].control);
		assert_int_equal(flag(seen.result, "files"), cases[i].files);
		assert_int_equal(flag(seen.after, "control"), cases[i].control);
		assert_int_equal(flag(seen.after, "files"), cases[i].files);
		assert_null(attendance_find(&supervisor, (uint64_t)id));
		call_free(call);
	}
}

static void
a_decision_is_in_the_administration_log(void **state)
{
	json_int_t id = id_of(wait_as("998-taro", 1, "192.0.2.1"));
	struct control_call *call =
		call_as(0, method_attend_refuse, about(id, ", \"because\": \"unknown voice\""));

	(void)state;
	store_does(0);
	assert_int_equal(seen.events, 1);
	assert_string_equal(seen.actor, HANAKO);
	assert_string_equal(seen.action, "attend.refuse");
	assert_string_equal(seen.target, "998-T1");
	assert_string_equal(seen.because, "unknown voice");
	assert_string_equal(json_string_value(json_object_get(seen.after, "account")), "998-taro");
	assert_string_equal(json_string_value(json_object_get(seen.after, "source")), "192.0.2.1");
	/* Nobody has consented to anything. */
	assert_null(json_object_get(seen.after, "control"));
	assert_int_equal(seen.decisions, 1);
	assert_false(seen.decision.given || seen.decision.control || seen.decision.files);
	assert_string_equal(seen.reason, "unknown voice");
	call_free(call);
}

static void
nobody_is_decided_about_who_does_not_wait_or_is_not_meant(void **state)
{
	json_int_t id = id_of(wait_as("998-taro", 1, "192.0.2.1"));
	struct {
		int64_t terminal;
		const char *params;
	} cases[3];
	char other[64], else_who[100], unseen[64];

	(void)state;
	(void)snprintf(other, sizeof(other), "{\"id\": %lld}", (long long)id + 1);
	(void)snprintf(else_who, sizeof(else_who), "{\"id\": %lld, \"account\": \"998-jiro\"}",
		(long long)id);
	(void)snprintf(unseen, sizeof(unseen), "{\"id\": %lld}", (long long)id);
	cases[0].terminal = 0, cases[0].params = other;
	cases[1].terminal = 0, cases[1].params = else_who;
	cases[2].terminal = 2, cases[2].params = unseen;
	for (size_t i = 0; i < 3; i++) {
		struct control_call *call =
			call_as(cases[i].terminal, method_attend_allow, cases[i].params);

		assert_null(seen.job);
		assert_int_equal(seen.refused, METHOD_NOT_FOUND);
		assert_non_null(strstr(seen.message, "nobody waits under"));
		call_free(call);
	}
	assert_int_equal(seen.decisions, 0);
	assert_non_null(attendance_find(&supervisor, (uint64_t)id));
}

static void
two_people_decide_one_after_the_other(void **state)
{
	json_int_t id = id_of(wait_as("998-taro", 1, "192.0.2.1"));
	struct control_call *first = call_as(0, method_attend_allow, about(id, ""));
	struct store_job *job = seen.job;
	struct control_call *second;

	(void)state;
	seen.job = NULL;
	second = call_as(0, method_attend_refuse, about(id, ""));
	assert_null(seen.job);
	assert_int_equal(seen.refused, METHOD_REFUSED);
	call_free(second);
	/* What cannot be written down has not been decided: somebody may decide anew. */
	seen.job = job;
	store_does(-ENOSPC);
	assert_int_equal(seen.refused, -ENOSPC);
	assert_int_equal(seen.decisions, 0);
	call_free(first);
	second = call_as(0, method_attend_refuse, about(id, ""));
	store_does(0);
	assert_int_equal(seen.decisions, 1);
	assert_false(seen.decision.given);
	call_free(second);
}

static void
who_has_left_meanwhile_is_let_in_by_nobody(void **state)
{
	struct waiting *waiting = wait_as("998-taro", 1, "192.0.2.1");
	struct control_call *call = call_as(0, method_attend_allow, about(id_of(waiting), ""));

	(void)state;
	attendance_forget(waiting);
	store_does(0);
	assert_int_equal(seen.decisions, 0);
	assert_int_equal(seen.refused, METHOD_NOT_FOUND);
	assert_null(seen.result);
	call_free(call);
	/* Nor does a failing store find anybody. */
	waiting = wait_as("998-taro", 1, "192.0.2.1");
	call = call_as(0, method_attend_allow, about(id_of(waiting), ""));
	attendance_forget(waiting);
	store_does(-EIO);
	assert_int_equal(seen.refused, -EIO);
	call_free(call);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, attend_setup, attend_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_list_has_those_whom_the_caller_may_see),
		TEST(consent_is_to_control_unless_more_or_less_is_said),
		TEST(a_decision_is_in_the_administration_log),
		TEST(nobody_is_decided_about_who_does_not_wait_or_is_not_meant),
		TEST(two_people_decide_one_after_the_other),
		TEST(who_has_left_meanwhile_is_let_in_by_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
