/* log.connections and log.verify (F1, F5, F6): see methods.h. */
#include "policy/method_call.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "policy/audit.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_DEFAULT 1000
#define PAGE_MOST 10000

static int
read_instant(struct method_call *call, const char *name, int64_t *ret_us)
{
	const char *text = param_text(call->params, name);
	struct field_error error;

	if (text == NULL || instant_parse(text, ret_us) == 0)
		return 0;
	(void)field_error_set(
		&error, name, text, "an instant as RFC 3339 writes it", "2026-11-20T08:30:00Z");
	return method_refuse_field(call, &error);
}

static int
read_state(struct method_call *call, struct session_filter *filter)
{
	static const char *const states[] = {"active", "ended", "killed", "lost"};
	struct field_error error;

	filter->state = param_text(call->params, "state");
	if (filter->state == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], filter->state) == 0)
			return 0;
	(void)field_error_set(
		&error, "state", filter->state, "one of active, ended, killed, lost", "killed");
	return method_refuse_field(call, &error);
}

static int
read_account(
	struct store_db *db, struct method_call *call, char *ret_id, struct session_filter *filter)
{
	const char *text = param_text(call->params, "account");
	struct field_error error = {0};

	if (text == NULL)
		return 0;
	if (account_id_parse(&store_db_settings(db)->facility, text, ret_id, &error) < 0)
		return method_refuse_field(call, &error);
	filter->account = ret_id;
	return 0;
}

static int
read_page(struct method_call *call, struct session_filter *filter)
{
	const json_t *most = json_object_get(call->params, "most");
	struct field_error error;

	filter->after = json_integer_value(json_object_get(call->params, "after"));
	if (most == NULL)
		return 0;
	filter->most = json_integer_value(most);
	if (filter->most >= 1 && filter->most <= PAGE_MOST)
		return 0;
	(void)field_error_set(&error, "most", NULL, "1 to 10000 rows", "1000");
	return method_refuse_field(call, &error);
}

int
method_log_connections(struct store_db *db, struct method_call *call)
{
	struct session_filter filter = {
		.from_us = INT64_MIN,
		.until_us = INT64_MAX,
		.terminal = param_text(call->params, "terminal"),
		.most = PAGE_DEFAULT,
	};
	char id[ACCOUNT_ID_SIZE];
	json_t *rows;
	int64_t next;
	int r;

	r = read_instant(call, "from", &filter.from_us);
	if (r == 0)
		r = read_instant(call, "until", &filter.until_us);
	if (r == 0)
		r = read_state(call, &filter);
	if (r == 0)
		r = read_account(db, call, id, &filter);
	if (r == 0)
		r = read_page(call, &filter);
	if (r == 0)
		r = session_page(db, &filter, &rows, &next);
	if (r < 0)
		return r;
	call->result = json_pack(
		"{s:o, s:o}", "rows", rows, "next", next > 0 ? json_integer(next) : json_null());
	return 0;
}

int
method_log_verify(struct store_db *db, struct method_call *call)
{
	struct audit_report report;
	char head[2 * CHAIN_HASH_BYTES + 1];
	int r;

	r = audit_verify(db, &report);
	if (r < 0)
		return r;
	if (report.why != NULL)
		return method_refuse(call, METHOD_REFUSED,
			"the log has been tampered with: event %lld: %s",
			(long long)report.bad_event, report.why);
	bytes_to_hex(report.head, sizeof(report.head), head);
	call->result = json_pack("{s:I, s:I, s:I, s:s}", "events", (json_int_t)report.events,
		"erased", (json_int_t)report.erased, "checkpoints", (json_int_t)report.checkpoints,
		"head", head);
	return 0;
}
