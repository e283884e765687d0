/* What can be asked over control.sock, from control_methods.def: which methods there are, who may call
 * them, and whether a line is a well-formed call of one (JSON-RPC 2.0, one message a line). Pure but for
 * allocation: no I/O, no log.
 */
#ifndef SUPERVISOR_CONTROL_METHODS_H
#define SUPERVISOR_CONTROL_METHODS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The longest request line, its newline not counted. Longer: the connection is closed. */
#define CONTROL_LINE_MAX (1u << 20)

enum control_role {
	CONTROL_ROLE_ADMIN = 1u << 0,
	CONTROL_ROLE_AUDITOR = 1u << 1,
	CONTROL_ROLE_ATTENDANT = 1u << 2,
};

enum control_where {
	CONTROL_READ,
	CONTROL_WRITE,
	CONTROL_LOOP,
};

/* JSON-RPC 2.0, section 5.1; ours are in policy/methods.h. */
enum control_error_code {
	CONTROL_PARSE_ERROR = -32700,
	CONTROL_INVALID_REQUEST = -32600,
	CONTROL_NO_SUCH_METHOD = -32601,
	CONTROL_INVALID_PARAMETERS = -32602,
	CONTROL_INTERNAL_ERROR = -32603,
};

/* The rows, dense: control_calls.c has a function for each. */
enum control_method {
#define METHOD(name, roles, where, function, parameters) CONTROL_##function,
#include "supervisor/control_methods.def"
#undef METHOD
	CONTROL_METHOD_COUNT
};

struct control_method_row {
	const char *name; /* "account.add" */
	uint32_t roles;   /* bits of enum control_role */
	enum control_where where;
	const char *parameters; /* "id:text valid_from:text?" */
};

const struct control_method_row *control_method_row(enum control_method method);

/* "admin", "auditor" or "attendant": the strongest of a set; "none" for 0. */
const char *control_role_name(uint32_t roles);

struct control_request {
	json_t *id;     /* string, number or null; owned */
	json_t *params; /* object; owned */
	enum control_method method;
};

/* Reads one line (without its newline) of a caller with these roles. Returns 0 with *ret_request, or
 * -EINVAL with *ret_error a whole answer to be sent, both the caller's; -ENOMEM. A call without an id
 * (a notification) is refused: everything here has an answer. */
int control_parse(const char *line, size_t len, uint32_t roles, struct control_request *ret_request,
	json_t **ret_error);
void control_request_done(struct control_request *request);

/* {"jsonrpc": "2.0", "id": …, "result": …}. Takes `result`, borrows `id` (NULL: null). NULL without memory. */
json_t *control_answer(json_t *id, json_t *result);

/* {"jsonrpc": "2.0", "id": …, "error": …}. Takes `error`. */
json_t *control_answer_error(json_t *id, json_t *error);

/* {"code", "message"} and, if `field` is not NULL, {"data": {"field", "rule"}}. */
json_t *control_error(int code, const char *message, const char *field, const char *rule);

#endif
