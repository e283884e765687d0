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
#include "supervisor/ticket_address.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct issue {
	struct ticket_answer answer;
	struct ticket_address address;
};

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
		.host = issue->address.host,
		.port = issue->address.port,
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
		ticket_set_wrong_parameter(call, &issue->answer.error);
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
	r = ticket_address_choose(call, &issue->address);
	if (r < 0) {
		free(issue);
		ticket_address_refuse(call, r);
		return;
	}
	call->more = issue;
	call->job.work = issue_work;
	call->job.done = issue_done;
	store_write(call->supervisor->store, &call->job);
}
