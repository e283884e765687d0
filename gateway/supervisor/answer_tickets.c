/* ticket.issue: answered after a visit to the store. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/sessions.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/rdp_file.h"
#include "supervisor/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_SIZE 256

struct issue {
	struct ticket_answer answer;
	char host[HOST_SIZE];
	uint16_t port;
};

/* "name", "name:port", "10.0.0.1:3389", "[fd00::1]:3389", "fd00::1". */
static int
parse_host(const char *text, uint16_t default_port, char ret_host[HOST_SIZE], uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	bool one_colon = colon != NULL && strchr(text, ':') == colon;
	const char *end = text + strlen(text);
	unsigned long port = default_port;
	char *rest;

	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -EINVAL;
		colon = end[1] == ':' ? end + 1 : NULL;
	} else if (one_colon) {
		end = colon;
	} else {
		colon = NULL;
	}
	if (colon != NULL) {
		port = strtoul(colon + 1, &rest, 10);
		if (colon[1] < '0' || colon[1] > '9' || *rest != '\0' || port == 0 || port > 65535)
			return -EINVAL;
	}
	if (end == text || end - text >= HOST_SIZE)
		return -EINVAL;
	snprintf(ret_host, HOST_SIZE, "%.*s", (int)(end - text), text);
	*ret_port = (uint16_t)port;
	return 0;
}

static bool
is_wildcard(const struct sockaddr *address)
{
	char text[SOCKET_TEXT_SIZE];

	(void)socket_text_without_port(address, text);
	return strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0;
}

static uint16_t
port_of(const struct sockaddr_storage *address)
{
	return ntohs(((const struct sockaddr_in *)address)->sin_port);
}

/* Where the client is to connect: what was asked for, else the settings' public address, else the first
 * listener's. Returns 0, -EINVAL (the parameter is none) or -EDESTADDRREQ. */
static int
choose_address(const struct control_call *call, struct issue *issue)
{
	const struct settings *settings = call->supervisor->settings;
	const struct sockaddr_storage *listener = &settings->listeners.items[0].address.address;
	const char *asked = control_call_text(call, "address");
	char text[SOCKET_TEXT_SIZE];

	if (asked != NULL)
		return parse_host(asked, port_of(listener), issue->host, &issue->port);
	if (settings->public_address.name != NULL) {
		issue->port = settings->public_address.port;
		return snprintf(issue->host, sizeof(issue->host), "%s",
			       settings->public_address.name) >= (int)sizeof(issue->host)
			       ? -EINVAL
			       : 0;
	}
	if (is_wildcard((const struct sockaddr *)listener))
		return -EDESTADDRREQ;
	(void)socket_text_without_port((const struct sockaddr *)listener, text);
	snprintf(issue->host, sizeof(issue->host), "%s", text);
	issue->port = port_of(listener);
	return 0;
}

static int
issue_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct issue *issue = call->more;
	const struct ticket_request request = {
		.actor = call->actor,
		.account = control_call_text(call, "account"),
		.terminal = control_call_text(call, "terminal"),
		.mac = control_call_text(call, "mac"),
		.source = control_call_text(call, "source"),
	};

	secret_wipe(&issue->answer, sizeof(issue->answer));
	return ticket_issue(db, &request, &issue->answer);
}

static json_t *
ticket_json(const struct issue *issue)
{
	const struct ticket_answer *answer = &issue->answer;
	const struct rdp_file file = {
		.host = issue->host,
		.port = issue->port,
		.handle = answer->handle,
		.secret = answer->secret,
		.rights = answer->rights,
	};
	char text[RDP_FILE_SIZE], expires[CLOCK_TEXT_SIZE];
	json_t *result = NULL;

	clock_format_utc(answer->expires_us, expires);
	if (rdp_file_write(&file, text, sizeof(text)) > 0)
		result = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b}", "handle",
			answer->handle, "secret", answer->secret, "expires", expires, "account",
			answer->account_full, "terminal", answer->terminal, "rdp", text, "closes",
			instant_json(answer->closes_us), "recorded", answer->recorded, "four_eyes",
			answer->four_eyes);
	secret_wipe(text, sizeof(text));
	return result;
}

/* Who has the terminal is for those who may issue tickets. */
static void
refuse_full(struct control_call *call, const char *holders)
{
	(void)method_refuse(&call->method, METHOD_REFUSED,
		N_("the terminal already has as many sessions as it may; it is held by %s"),
		holders);
	call->method.error.field.rule = "terminal-full";
	control_call_fail(call, -EEXIST);
}

static void
refuse_by_rule(struct control_call *call, enum close_reason reason, const char *rule)
{
	control_call_refuse(
		call, METHOD_REFUSED, event_row(close_reason_row(reason)->event)->text, NULL, rule);
}

/* What control_call_fail says then. */
static void
set_wrong_parameter(struct control_call *call, const struct field_error *error)
{
	call->method.error.code = CONTROL_INVALID_PARAMETERS;
	call->method.error.field = *error;
	snprintf(call->method.error.message, sizeof(call->method.error.message), "parameter %s: %s",
		error->field, error->rule);
}

static void
refuse_address(struct control_call *call, int status)
{
	struct field_error error = {0};

	if (status == -EDESTADDRREQ) {
		control_call_refuse(call, CONTROL_INVALID_PARAMETERS,
			"the gateway listens on every address: say which one the client is to use, "
			"or set public_address",
			NULL, NULL);
		return;
	}
	(void)field_error_set(&error, "address", control_call_text(call, "address"),
		"a name or address, with or without port", "gateway.hospital.example:3389");
	set_wrong_parameter(call, &error);
	control_call_fail(call, -EINVAL);
}

static void
issue_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct issue *issue = call->more;
	enum close_reason reason = issue->answer.reason;
	const char *rule = issue->answer.rule;
	char holders[SESSION_HOLDERS_SIZE];
	json_t *result = NULL;

	memcpy(holders, issue->answer.holders, sizeof(holders));

	if (status == 0 && reason == CLOSE_NONE)
		result = ticket_json(issue);
	if (status == -EINVAL && issue->answer.error.field != NULL)
		set_wrong_parameter(call, &issue->answer.error);
	secret_wipe(issue, sizeof(*issue));
	free(issue);
	if (status < 0)
		control_call_fail(call, status);
	else if (holders[0] != '\0')
		refuse_full(call, holders);
	else if (reason != CLOSE_NONE)
		refuse_by_rule(call, reason, rule);
	else
		control_call_answer(call, result);
}

void
method_ticket_issue(struct control_call *call)
{
	struct issue *issue = calloc(1, sizeof(*issue));
	int r;

	if (issue == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	r = choose_address(call, issue);
	if (r < 0) {
		free(issue);
		refuse_address(call, r);
		return;
	}
	call->more = issue;
	call->job.work = issue_work;
	call->job.done = issue_done;
	store_write(call->supervisor->store, &call->job);
}
