/* Requests of the control socket; see control_methods.h. */
#include "supervisor/control_methods.h"

#include "policy/methods.h"
#include "policy/sessions.h"
#include "policy/store/memory.h"
#include "policy/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PARAMETER_NAME_SIZE 48

#define ADMIN CONTROL_ROLE_ADMIN
#define AUDITOR CONTROL_ROLE_AUDITOR
#define ATTENDANT CONTROL_ROLE_ATTENDANT
static const struct control_method_row rows[CONTROL_METHOD_COUNT] = {
#define METHOD(name_, roles_, where_, function, parameters_) \
	[CONTROL_##function] = {name_, roles_, CONTROL_##where_, parameters_},
#include "supervisor/control_methods.def"
#undef METHOD
};
#undef ADMIN
#undef AUDITOR
#undef ATTENDANT

/* The types of parameters in control_methods.def. */
static bool
is_text(const json_t *value)
{
	/* A NUL inside would end the text early for everybody who reads it as a string. */
	return json_is_string(value) &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool
is_number(const json_t *value)
{
	return json_is_integer(value);
}

static bool
is_flag(const json_t *value)
{
	return json_is_boolean(value);
}

static bool
is_list(const json_t *value)
{
	size_t i;
	const json_t *item;

	if (!json_is_array(value))
		return false;
	json_array_foreach (value, i, item) {
		if (!is_text(item))
			return false;
	}
	return true;
}

static bool
is_objects(const json_t *value)
{
	size_t i;
	const json_t *item;

	if (!json_is_array(value))
		return false;
	json_array_foreach (value, i, item) {
		if (!json_is_object(item))
			return false;
	}
	return true;
}

static bool
is_object(const json_t *value)
{
	return json_is_object(value);
}

/* It goes into the logs, and from there to terminals, spreadsheets and programs elsewhere. */
static bool
is_reason(const json_t *value)
{
	const char *text = json_string_value(value);
	int count = is_text(value) ? text_count(text, strlen(text), TEXT_LINE) : -1;

	return count >= 0 && count <= REASON_CHARACTERS_MOST;
}

/* Of a text. */
static bool
is_blank(const json_t *value)
{
	size_t len = json_string_length(value);

	(void)text_trim(json_string_value(value), &len);
	return len == 0;
}

static const struct {
	const char *name;
	bool (*fits)(const json_t *value);
	const char *rule;
} types[] = {
	{"text", is_text, N_("a string without NUL")},
	{"number", is_number, N_("a whole number")},
	{"flag", is_flag, N_("true or false")},
	{"list", is_list, N_("a list of strings")},
	{"object", is_object, N_("an object")},
	{"objects", is_objects, N_("a list of objects")},
	{"reason", is_reason, N_("at most 250 printable characters, on one line")},
};

struct parameter {
	char name[PARAMETER_NAME_SIZE];
	size_t type;
	bool optional;
};

/* Reads the next "name:type?" of a row; false at its end. The rows are ours: anything else in them is
 * found by the unit test, which walks them all. */
static bool
next_parameter(const char **at, struct parameter *ret_parameter)
{
	char type[16];
	int used = 0;

	if (sscanf(*at, " %47[^: ]:%15[^ ]%n", ret_parameter->name, type, &used) != 2)
		return false;
	*at += used;
	ret_parameter->optional = type[strlen(type) - 1] == '?';
	if (ret_parameter->optional)
		type[strlen(type) - 1] = '\0';
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		ret_parameter->type = i;
		if (strcmp(types[i].name, type) == 0)
			return true;
	}
	return false;
}

const struct control_method_row *
control_method_row(enum control_method method)
{
	return &rows[method];
}

const char *
control_role_name(uint32_t roles)
{
	if (roles & CONTROL_ROLE_ADMIN)
		return "admin";
	if (roles & CONTROL_ROLE_AUDITOR)
		return "auditor";
	return roles & CONTROL_ROLE_ATTENDANT ? "attendant" : "none";
}

json_t *
control_answer(json_t *id, json_t *result)
{
	return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id == NULL ? json_null() : id,
		"result", result);
}

json_t *
control_answer_error(json_t *id, json_t *error)
{
	return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id == NULL ? json_null() : id,
		"error", error);
}

json_t *
control_error(int code, const char *message, const char *field, const char *rule)
{
	if (field == NULL)
		return json_pack("{s:i, s:s}", "code", code, "message", message);
	return json_pack("{s:i, s:s, s:{s:s, s:s?}}", "code", code, "message", message, "data",
		"field", field, "rule", rule);
}

static int
refuse(json_t **ret_error, json_t *id, int code, const char *message)
{
	*ret_error = control_answer_error(id, control_error(code, message, NULL, NULL));
	return *ret_error == NULL ? -ENOMEM : -EINVAL;
}

static int
refuse_parameter(json_t **ret_error, json_t *id, const char *name, const char *rule)
{
	char message[160];

	snprintf(message, sizeof(message), "parameter %s: %s", name, rule);
	*ret_error = control_answer_error(
		id, control_error(CONTROL_INVALID_PARAMETERS, message, name, rule));
	return *ret_error == NULL ? -ENOMEM : -EINVAL;
}

/* A value as people type it: refused as every other one. */
static int
refuse_reason(json_t **ret_error, json_t *id, const char *name, const char *text, const char *rule)
{
	struct field_error error;
	char message[160];

	(void)field_error_set(&error, name, text, rule, "ticket 4711");
	snprintf(message, sizeof(message), "%s is not allowed: %s", name, rule);
	*ret_error = control_answer_error(
		id, json_pack("{s:i, s:s, s:{s:s, s:s, s:s, s:s}}", "code", METHOD_REFUSED,
			    "message", message, "data", "field", error.field, "value", error.value,
			    "rule", error.rule, "example", error.example));
	return *ret_error == NULL ? -ENOMEM : -EINVAL;
}

static bool
row_knows(const struct control_method_row *row, const char *name)
{
	const char *at = row->parameters;
	struct parameter parameter;

	while (next_parameter(&at, &parameter)) {
		if (strcmp(parameter.name, name) == 0)
			return true;
	}
	return false;
}

/* A parameter that is null counts as absent. */
static int
check_parameters(
	const struct control_method_row *row, json_t *id, json_t *params, json_t **ret_error)
{
	const char *at = row->parameters;
	struct parameter parameter;
	const char *name;
	json_t *value;
	void *next;
	bool typed;

	while (next_parameter(&at, &parameter)) {
		value = json_object_get(params, parameter.name);
		if (json_is_null(value)) {
			json_object_del(params, parameter.name);
			value = NULL;
		}
		if (value == NULL && !parameter.optional)
			return refuse_parameter(ret_error, id, parameter.name, N_("is required"));
		typed = value != NULL && types[parameter.type].fits == is_reason && is_text(value);
		if (typed && !is_reason(value))
			return refuse_reason(ret_error, id, parameter.name,
				json_string_value(value), types[parameter.type].rule);
		if (typed && !parameter.optional && is_blank(value))
			return refuse_reason(ret_error, id, parameter.name,
				json_string_value(value),
				N_("1 to 250 printable characters, on one line, not all of them "
				   "blanks"));
		if (value != NULL && !types[parameter.type].fits(value))
			return refuse_parameter(
				ret_error, id, parameter.name, types[parameter.type].rule);
	}
	json_object_foreach_safe(params, next, name, value)
	{
		char shown[PARAMETER_NAME_SIZE];

		if (row_knows(row, name))
			continue;
		/* A name from outside: cut at a whole character, or the answer is no JSON. */
		snprintf(shown, sizeof(shown), "%s", name);
		for (size_t i = 0; shown[i] != '\0'; i++) {
			if ((unsigned char)shown[i] >= 0x80 || (unsigned char)shown[i] < 0x20)
				shown[i] = '?';
		}
		return refuse_parameter(
			ret_error, id, shown, N_("is not a parameter of this method"));
	}
	return 0;
}

static int
find_method(const char *name, enum control_method *ret_method)
{
	for (int i = 0; i < CONTROL_METHOD_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*ret_method = (enum control_method)i;
			return 0;
		}
	}
	return -ENOENT;
}

static int
check_request(json_t *message, json_t *id, uint32_t roles, struct control_request *request,
	json_t **ret_error)
{
	const char *version = json_string_value(json_object_get(message, "jsonrpc"));
	const char *name = json_string_value(json_object_get(message, "method"));
	json_t *params = json_object_get(message, "params");

	if (version == NULL || strcmp(version, "2.0") != 0 || name == NULL)
		return refuse(ret_error, id, CONTROL_INVALID_REQUEST,
			"not a JSON-RPC 2.0 request: jsonrpc, id and method are required");
	if (find_method(name, &request->method) < 0)
		return refuse(ret_error, id, CONTROL_NO_SUCH_METHOD, N_("there is no such method"));
	/* Before the parameters: who may not call it learns nothing about it. */
	if ((rows[request->method].roles & roles) == 0)
		return refuse(ret_error, id, METHOD_NOT_ALLOWED,
			rows[request->method].roles != CONTROL_ROLE_AUDITOR
				? N_("your role may not do this")
				: N_("your role may not do this: it is for auditors alone, who "
				     "need "
				     "not be administrators (roles.auditor in the settings)"));
	if (params != NULL && !json_is_object(params))
		return refuse(
			ret_error, id, CONTROL_INVALID_PARAMETERS, "params must be an object");
	request->params = params == NULL ? json_object() : json_incref(params);
	if (request->params == NULL)
		return -ENOMEM;
	return check_parameters(&rows[request->method], id, request->params, ret_error);
}

static int
parse(const char *line, size_t len, uint32_t roles, struct control_request *ret_request,
	json_t **ret_error)
{
	struct control_request request = {0};
	json_t *message = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *id;
	int r;

	if (message == NULL)
		return refuse(ret_error, NULL, CONTROL_PARSE_ERROR, "the line is not JSON");
	id = json_object_get(message, "id");
	if (!json_is_string(id) && !json_is_integer(id)) {
		r = refuse(ret_error, NULL, CONTROL_INVALID_REQUEST,
			"not a JSON-RPC 2.0 request: id must be a string or a whole number");
		json_decref(message);
		return r;
	}
	request.id = json_incref(id);
	r = check_request(message, id, roles, &request, ret_error);
	json_decref(message);
	if (r < 0) {
		control_request_done(&request);
		return r;
	}
	*ret_request = request;
	return 0;
}

/* A request that memory was too short for is not half understood: a text may lack a letter, an object a member. */
int
control_parse(const char *line, size_t len, uint32_t roles, struct control_request *ret_request,
	json_t **ret_error)
{
	unsigned long failures = memory_failures();
	int r;

	*ret_error = NULL;
	memory_scope_begin();
	r = parse(line, len, roles, ret_request, ret_error);
	memory_scope_end();
	if (memory_failures() == failures)
		return r;
	if (r == 0)
		control_request_done(ret_request);
	json_decref(*ret_error);
	*ret_error = NULL;
	return -ENOMEM;
}

void
control_request_done(struct control_request *request)
{
	json_decref(request->id);
	json_decref(request->params);
	*request = (struct control_request){0};
}
