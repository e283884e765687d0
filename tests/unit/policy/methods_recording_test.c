/* policy/methods_recording.c: recordings are listed, named, held and released by people. */
#include "recorded.h"

#include <stdio.h>

static const char *
id_of(const struct step *step)
{
	static char params[2][RECORDING_ID_SIZE + 80];
	static int next;
	char id[RECORDING_ID_SIZE];

	recording_id(step->session, step->part, id);
	next = !next;
	snprintf(params[next], sizeof(params[0]), "{\"id\":\"%.8s\",\"because\":\"police\"}", id);
	return params[next];
}

static void
hold_says_who_and_why_and_is_released_by_a_person(void **state)
{
	struct step step = recorded(91, 1000), night = {.keep_days = 90};
	const char *params = id_of(&step);
	char id[RECORDING_ID_SIZE];

	(void)state;
	recording_id(step.session, step.part, id);
	expect_ok(method_recording_hold, params);
	assert_string_equal(answer_text("held_by"), "unix:yamada");
	assert_string_equal(answer_text("held_because"), "police");
	expect_event("recording.hold", id, NULL,
		"{\"held_because\":\"police\",\"held_by\":\"unix:yamada\",\"account\":\"taro\","
		"\"terminal\":\"pacs-01\",\"started\":\"2026-11-29T03:00:00.000000Z\"}");
	expect_refused(method_recording_hold, params, METHOD_REFUSED, NULL, "held already");
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 0);
	expect_ok(method_recording_release, params);
	assert_true(json_is_null(json_object_get(call.result, "held_by")));
	expect_event("recording.release", id,
		"{\"held_because\":\"police\",\"held_by\":\"unix:yamada\"}", NULL);
	expect_refused(method_recording_release, params, METHOD_REFUSED, NULL, "nobody holds");
	assert_int_equal(fixture_write(&fixture, do_erase_due, &night), 0);
	assert_int_equal(night.count, 1);
	expect_refused(method_recording_hold, params, METHOD_REFUSED, NULL, "has been erased");
}

/* Auditors come and go, so that another one may; but not in silence. */
static void
hold_of_another_is_released_with_a_reason_and_names_both(void **state)
{
	struct step step = recorded(1, 1000);
	const char *params = id_of(&step);
	char id[RECORDING_ID_SIZE], silent[RECORDING_ID_SIZE + 20], blank[RECORDING_ID_SIZE + 40];

	(void)state;
	recording_id(step.session, step.part, id);
	snprintf(silent, sizeof(silent), "{\"id\":\"%s\"}", id);
	expect_ok(method_recording_hold, params);
	fixture_sql(&fixture, "UPDATE recording SET held_by = 'unix:sato'");
	expect_refused(method_recording_release, silent, METHOD_REFUSED, NULL,
		"held by unix:sato (police): say why");
	snprintf(blank, sizeof(blank), "{\"id\":\"%s\",\"because\":\" \"}", id);
	expect_refused(method_recording_release, blank, METHOD_REFUSED, NULL, "say why");
	expect_ok(method_recording_show, silent);
	assert_string_equal(answer_text("held_by"), "unix:sato");
	expect_ok(method_recording_release, params);
	expect_event("recording.release", id,
		"{\"held_because\":\"police\",\"held_by\":\"unix:sato\"}",
		"{\"account\":\"taro\",\"terminal\":\"pacs-01\","
		"\"started\":\"2027-02-27T03:00:00.000000Z\"}");
	/* One's own needs no reason. */
	expect_ok(method_recording_hold, params);
	expect_ok(method_recording_release, silent);
}

static void
recording_is_named_by_its_first_digits(void **state)
{
	struct step step = recorded(0, 1000);

	(void)state;
	expect_ok(method_recording_show, id_of(&step));
	assert_string_equal(answer_text("account"), "taro");
	expect_refused(
		method_recording_show, "{\"id\":\"012345\"}", METHOD_REFUSED, "id", "7 or more");
	expect_refused(
		method_recording_show, "{\"id\":\"../../etc/passwd\"}", METHOD_REFUSED, "id", "");
	expect_refused(method_recording_show, "{\"id\":\"0000000-2\"}", METHOD_NOT_FOUND, NULL,
		"no recording");
	expect_refused(method_recording_show, "{\"id\":\"0000000-0\"}", METHOD_REFUSED, "id", "");
}

static void
list_is_filtered_and_paged(void **state)
{
	struct step held = recorded(5, 1000), old = recorded(4, 1000), running = recorded(3, 0);
	char params[80];

	(void)state;
	(void)old;
	(void)running;
	assert_int_equal(fixture_write(&fixture, do_hold, &held), 0);
	expect_ok(method_recording_list, "{}");
	assert_int_equal(list_length("recordings"), 3);
	assert_true(json_is_null(json_object_get(call.result, "next")));
	expect_ok(method_recording_list, "{\"state\":\"running\"}");
	assert_int_equal(list_length("recordings"), 1);
	expect_ok(method_recording_list, "{\"held\":true}");
	assert_int_equal(list_length("recordings"), 1);
	expect_ok(method_recording_list,
		"{\"account\":\"998-TARO@example.jp\",\"terminal\":\"pacs-01\"}");
	assert_int_equal(list_length("recordings"), 3);
	expect_ok(method_recording_list, "{\"account\":\"hanako\"}");
	assert_int_equal(list_length("recordings"), 0);
	expect_ok(method_recording_list,
		"{\"from\":\"2027-02-24T00:00:00Z\",\"until\":\"2027-02-25T00:00:00Z\"}");
	assert_int_equal(list_length("recordings"), 1);
	expect_ok(method_recording_list, "{\"most\":2}");
	assert_int_equal(list_length("recordings"), 2);
	snprintf(params, sizeof(params), "{\"most\":2,\"cursor\":%lld}",
		(long long)json_integer_value(json_object_get(call.result, "next")));
	expect_ok(method_recording_list, params);
	assert_int_equal(list_length("recordings"), 1);
	assert_true(json_is_null(json_object_get(call.result, "next")));
	expect_refused(
		method_recording_list, "{\"state\":\"gone\"}", METHOD_REFUSED, "state", "running");
	expect_refused(
		method_recording_list, "{\"from\":\"noon\"}", METHOD_REFUSED, "from", "instant");
	expect_refused(method_recording_list, "{\"most\":0}", METHOD_REFUSED, "most", "1 to 2000");
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, session_setup, session_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(hold_says_who_and_why_and_is_released_by_a_person),
		IN_OUT(hold_of_another_is_released_with_a_reason_and_names_both),
		IN_OUT(recording_is_named_by_its_first_digits),
		IN_OUT(list_is_filtered_and_paged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
