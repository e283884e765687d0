/* Pages of the four logs, and what log.verify and log.retention answer with (F1-F6): see methods.h. */
#include "policy/method_call.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "policy/audit.h"
#include "policy/logs.h"
#include "policy/store/log_table.h"
#include "policy/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_DEFAULT 1000
#define PAGE_MOST 10000

/* Where the page before ended, as it was given out: "instant.row". */
static int
read_cursor(struct method_call *call, struct log_cursor *ret_after)
{
	const char *text = param_text(call->params, "cursor");
	struct field_error error;
	int used = 0;

	*ret_after = (struct log_cursor){0};
	if (text == NULL || (sscanf(text, "%18" SCNi64 ".%18" SCNi64 "%n", &ret_after->time_us,
				     &ret_after->id, &used) == 2 &&
				    text[used] == '\0'))
		return 0;
	(void)field_error_set(&error, "cursor", text, "what `next` of the page before was",
		"1795143600000000.17");
	return method_refuse_field(call, &error);
}

static json_t *
cursor_json(const struct log_cursor *next)
{
	char text[48];

	if (next->id == 0)
		return json_null();
	snprintf(text, sizeof(text), "%" PRId64 ".%" PRId64, next->time_us, next->id);
	return json_string(text);
}

static int
read_most(struct method_call *call, int64_t *ret_most)
{
	const json_t *most = json_object_get(call->params, "most");
	struct field_error error;

	*ret_most = most == NULL ? PAGE_DEFAULT : json_integer_value(most);
	if (*ret_most >= 1 && *ret_most <= PAGE_MOST)
		return 0;
	(void)field_error_set(&error, "most", NULL, "1 to 10000 rows", "1000");
	return method_refuse_field(call, &error);
}

static int
answer_page(struct store_db *db, struct method_call *call, enum log_name log)
{
	struct field_error error;
	struct log_filter filter;
	struct log_cursor after, next;
	json_t *rows = NULL;
	int64_t most;
	int r;

	if (log_filter_read(log, &store_db_settings(db)->facility, call->params, &filter, &error) <
		0)
		return method_refuse_field(call, &error);
	r = read_cursor(call, &after);
	if (r == 0)
		r = read_most(call, &most);
	if (r == 0)
		r = log_page(db, &filter, &after, most, &rows, &next);
	if (r < 0)
		return r;
	call->result = json_pack("{s:o, s:o}", "rows", rows, "next", cursor_json(&next));
	return 0;
}

int
method_log_connections(struct store_db *db, struct method_call *call)
{
	return answer_page(db, call, LOG_CONNECTIONS);
}

int
method_log_logins(struct store_db *db, struct method_call *call)
{
	return answer_page(db, call, LOG_LOGINS);
}

int
method_log_files(struct store_db *db, struct method_call *call)
{
	return answer_page(db, call, LOG_FILES);
}

int
method_log_transfers(struct store_db *db, struct method_call *call)
{
	return answer_page(db, call, LOG_TRANSFERS);
}

int
method_log_admin(struct store_db *db, struct method_call *call)
{
	return answer_page(db, call, LOG_ADMIN);
}

static json_t *
findings_json(const struct audit_report *report)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < report->found && i < AUDIT_FINDINGS_MOST; i++) {
		const struct audit_finding *finding = &report->findings[i];

		(void)json_array_append_new(
			findings, json_pack("{s:I, s:s, s:s}", "event", (json_int_t)finding->event,
					  "why", finding->why, "detail", finding->detail));
	}
	return findings;
}

json_t *
audit_report_json(const struct audit_report *report)
{
	char head[2 * CHAIN_HASH_BYTES + 1];

	bytes_to_hex(report->head, sizeof(report->head), head);
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:s, s:I, s:o}", "whole", report->found == 0,
		"events", (json_int_t)report->events, "erased", (json_int_t)report->erased,
		"checkpoints", (json_int_t)report->checkpoints, "sessions",
		(json_int_t)report->sessions, "head", head, "found", (json_int_t)report->found,
		"findings", findings_json(report));
}
