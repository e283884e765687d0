/* gateway/supervisor/control_methods.c */
#include "supervisor/control_methods.h"

#include "policy/methods.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL (CONTROL_ROLE_ADMIN | CONTROL_ROLE_AUDITOR | CONTROL_ROLE_ATTENDANT)

static int
parse(const char *line, uint32_t roles, struct control_request *ret_request, json_t **ret_error)
{
	return control_parse(line, strlen(line), roles, ret_request, ret_error);
}

/* Expects a refusal with this code, and naming this field if that is not NULL. */
static void
refused(const char *line, uint32_t roles, int code, const char *field)
{
	struct control_request request = {0};
	json_t *answer = NULL, *error;

	if (parse(line, roles, &request, &answer) != -EINVAL)
		fail_msg("accepted: %s", line);
	assert_string_equal(json_string_value(json_object_get(answer, "jsonrpc")), "2.0");
	error = json_object_get(answer, "error");
	if (json_integer_value(json_object_get(error, "code")) != code)
		fail_msg("%s: code %d", line,
			(int)json_integer_value(json_object_get(error, "code")));
	if (field != NULL)
		assert_string_equal(
			json_string_value(json_object_get(json_object_get(error, "data"), "field")),
			field);
	json_decref(answer);
}

static void
a_whole_request_is_read(void **state)
{
	struct control_request request;
	json_t *error;

	(void)state;
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"account.lock\","
			       "\"params\":{\"id\":\"taro\",\"because\":\"left\"}}",
				 CONTROL_ROLE_ADMIN, &request, &error),
		0);
	assert_int_equal(request.method, CONTROL_method_account_lock);
	assert_int_equal(json_integer_value(request.id), 7);
	assert_string_equal(json_string_value(json_object_get(request.params, "id")), "taro");
	control_request_done(&request);
}

static void
params_may_be_absent_and_optional_ones_null(void **state)
{
	struct control_request request;
	json_t *error;

	(void)state;
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"gateway.status\"}",
				 ALL, &request, &error),
		0);
	control_request_done(&request);
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.list\","
			       "\"params\":{\"terminal\":null}}",
				 ALL, &request, &error),
		0);
	assert_int_equal(json_object_size(request.params), 0);
	control_request_done(&request);
}

static void
what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *line;
		int code;
	} bad[] = {
		{"", CONTROL_PARSE_ERROR},
		{"{", CONTROL_PARSE_ERROR},
		{"\xff", CONTROL_PARSE_ERROR},
		{"{\"id\":1,\"id\":2}", CONTROL_PARSE_ERROR},
		{"[]", CONTROL_INVALID_REQUEST},
		{"\"text\"", CONTROL_PARSE_ERROR},
		{"{}", CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"gateway.status\"}", CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"gateway.status\"}",
			CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"gateway.status\"}",
			CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"gateway.status\"}",
			CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1}", CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", CONTROL_INVALID_REQUEST},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", CONTROL_NO_SUCH_METHOD},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.status\",\"params\":[]}",
			CONTROL_INVALID_PARAMETERS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i].line, ALL, bad[i].code, NULL);
}

static void
wrong_parameters_are_refused_by_name(void **state)
{
	(void)state;
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.show\"}", ALL,
		CONTROL_INVALID_PARAMETERS, "id");
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.show\",\"params\":{\"id\":7}}",
		ALL, CONTROL_INVALID_PARAMETERS, "id");
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.show\",\"params\":{\"id\":"
		"\"a\\u0000b\"}}",
		ALL, CONTROL_PARSE_ERROR, NULL);
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.show\",\"params\":{\"id\":"
		"\"a\",\"nme\":1}}",
		ALL, CONTROL_INVALID_PARAMETERS, "nme");
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.add\",\"params\":{\"name\":"
		"\"a\","
		"\"address\":\"b\",\"port\":\"3389\"}}",
		ALL, CONTROL_INVALID_PARAMETERS, "port");
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.add\",\"params\":{\"name\":"
		"\"a\","
		"\"address\":\"b\",\"accounts\":[\"x\",7]}}",
		ALL, CONTROL_INVALID_PARAMETERS, "accounts");
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.edit\",\"params\":{\"name\":"
		"\"a\","
		"\"changes\":[]}}",
		ALL, CONTROL_INVALID_PARAMETERS, "changes");
}

#define LOCK(reason)                                                                          \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.lock\",\"params\":{\"id\":\"a\"," \
	"\"because\":\"" reason "\"}}"
#define KILL_BY(reason)                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.kill\",\"params\":{\"id\":" \
	"\"0123456\","                                                                  \
	"\"because\":" reason "}}"
#define KILL(reason) KILL_BY("\"" reason "\"")
#define TEN "理由理由理由理由理由"
#define FIFTY TEN TEN TEN TEN TEN

/* What goes into the logs comes out on terminals and in spreadsheets. */
static void
a_reason_is_one_printable_line(void **state)
{
	static const char *const no_texts[] = {
		KILL_BY("5"), KILL_BY("true"), KILL_BY("[\"left\"]"), KILL_BY("{}")};
	struct control_request request;
	json_t *error;

	(void)state;
	refused(LOCK("a\\u001b[2J"), CONTROL_ROLE_ADMIN, METHOD_REFUSED, "because");
	refused(LOCK("a\\nSK2002 forged"), CONTROL_ROLE_ADMIN, METHOD_REFUSED, "because");
	refused(LOCK("a\\u202eb"), CONTROL_ROLE_ADMIN, METHOD_REFUSED, "because");
	refused(LOCK("a\\u009bb"), CONTROL_ROLE_ADMIN, METHOD_REFUSED, "because");
	refused(LOCK(FIFTY FIFTY FIFTY FIFTY FIFTY "a"), CONTROL_ROLE_ADMIN, METHOD_REFUSED,
		"because");
	assert_int_equal(
		parse(LOCK(FIFTY FIFTY FIFTY FIFTY FIFTY), CONTROL_ROLE_ADMIN, &request, &error),
		0);
	control_request_done(&request);
	/* Where one must be given, blanks are none; where none need be, none is. */
	refused(KILL(""), CONTROL_ROLE_ADMIN, METHOD_REFUSED, "because");
	refused(KILL(" 　"), CONTROL_ROLE_ADMIN, METHOD_REFUSED, "because");
	for (size_t i = 0; i < sizeof(no_texts) / sizeof(no_texts[0]); i++)
		refused(no_texts[i], CONTROL_ROLE_ADMIN, CONTROL_INVALID_PARAMETERS, "because");
	assert_int_equal(parse(LOCK(""), CONTROL_ROLE_ADMIN, &request, &error), 0);
	control_request_done(&request);
}

/* The text of an unknown name comes back in the answer: it must not break it. */
static void
a_strange_parameter_name_is_made_harmless(void **state)
{
	(void)state;
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.status\",\"params\":{"
		"\"\xe5\x90\x8d\":1}}",
		ALL, CONTROL_INVALID_PARAMETERS, "???");
}

static void
a_role_may_call_what_its_rows_say_and_nothing_else(void **state)
{
	const int not_allowed = -32003;

	(void)state;
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.lock\",\"params\":{\"id\":"
		"\"a\"}}",
		CONTROL_ROLE_AUDITOR | CONTROL_ROLE_ATTENDANT, not_allowed, NULL);
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log.verify\"}", CONTROL_ROLE_ATTENDANT,
		not_allowed, NULL);
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.status\"}", 0, not_allowed,
		NULL);
	/* Who may not call it hears nothing about its parameters. */
	refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"account.show\"}",
		CONTROL_ROLE_ATTENDANT, not_allowed, NULL);
}

/* Every row: a role at least, and parameters whose types the checker knows (an unknown one would end the list
 * and leave the rest unchecked: the last name of the row would then be refused as unknown). */
static void
every_row_can_be_read(void **state)
{
	(void)state;
	for (int i = 0; i < CONTROL_METHOD_COUNT; i++) {
		const struct control_method_row *row = control_method_row((enum control_method)i);
		const char *last = strrchr(row->parameters, ':');
		struct control_request request = {0};
		json_t *message, *error = NULL;
		char name[48] = "", *text;
		const char *start;

		assert_true(row->roles != 0);
		if (last == NULL)
			continue;
		for (start = last; start > row->parameters && start[-1] != ' ';)
			start--;
		memcpy(name, start, (size_t)(last - start));
		/* A value of no type of ours, so that the complaint must be about this very name, or about a
		 * required one before it; never that it is unknown. */
		message = json_pack("{s:s, s:i, s:s, s:{s:f}}", "jsonrpc", "2.0", "id", 1, "method",
			row->name, "params", name, 1.5);
		text = json_dumps(message, 0);
		assert_int_equal(parse(text, ALL, &request, &error), -EINVAL);
		if (strstr(json_string_value(
				   json_object_get(json_object_get(error, "error"), "message")),
			    "not a parameter") != NULL)
			fail_msg("%s: %s cannot be read", row->name, row->parameters);
		json_decref(error);
		json_decref(message);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_request_is_read),
		cmocka_unit_test(params_may_be_absent_and_optional_ones_null),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(wrong_parameters_are_refused_by_name),
		cmocka_unit_test(a_reason_is_one_printable_line),
		cmocka_unit_test(a_strange_parameter_name_is_made_harmless),
		cmocka_unit_test(a_role_may_call_what_its_rows_say_and_nothing_else),
		cmocka_unit_test(every_row_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
