/* Records for programs elsewhere; see log_records.h. */
#include "supervisor/log_records.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/logs.h"
#include "settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define FIELDS_MOST 16
#define FIELD_SIZE 600

static const struct {
	const char *kind;
	enum event event;
} ids[] = {
	{"session.start", EV_RECORD_SESSION_START},
	{"session.continued", EV_RECORD_SESSION_CONTINUED},
	{"session.connection", EV_RECORD_SESSION_CONNECTION},
	{"session.end", EV_RECORD_SESSION_END},
	{"session.refused", EV_RECORD_SESSION_REFUSED},
	{"login", EV_RECORD_LOGIN},
	{"file", EV_RECORD_FILE},
	{"admin", EV_RECORD_ADMIN},
	{"log.retention", EV_RECORD_RETENTION},
};

static const struct event_row *
row_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (strcmp(ids[i].kind, kind) == 0)
			return event_row(ids[i].event);
	return NULL;
}

char *
log_record_line(const char *facility, const struct log_record *record)
{
	const struct event_row *row = row_of(record->kind);
	enum log_name log = log_of_event_kind(record->kind);
	char hash[2 * CHAIN_HASH_BYTES + 1], at[CLOCK_TEXT_SIZE];
	json_t *object;
	char *line;

	if (row == NULL || record->payload == NULL)
		return NULL;
	bytes_to_hex(record->hash, sizeof(record->hash), hash);
	clock_format_utc(record->time_us, at);
	object = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s?, s:O}", "id", row->id, "event",
		(json_int_t)record->event, "hash", hash, "time", at, "facility", facility, "kind",
		record->kind, "log", log == LOG_COUNT ? NULL : log_name_text(log), "record",
		record->payload);
	line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	return line;
}

/* "NAME=value" in room of its own. */
struct fields {
	char texts[FIELDS_MOST][FIELD_SIZE];
	struct iovec parts[FIELDS_MOST];
	int count;
};

static void
add_field(struct fields *fields, const char *name, const char *value)
{
	char *text = fields->texts[fields->count];
	int len;

	if (value == NULL || fields->count == FIELDS_MOST)
		return;
	len = snprintf(text, FIELD_SIZE, "%s=%s", name, value);
	fields->parts[fields->count++] = (struct iovec){
		.iov_base = text, .iov_len = len < FIELD_SIZE ? (size_t)len : FIELD_SIZE - 1};
}

/* What is searched for most often stands in fields of its own: journalctl SEKISHO_ACCOUNT=taro. */
static void
send_to_journal(const struct event_row *row, const struct log_record *record, char *line)
{
	static const struct {
		const char *field;
		const char *key;
	} columns[] = {
		{"SEKISHO_ACCOUNT", "account"},
		{"SEKISHO_TERMINAL", "terminal"},
		{"SEKISHO_SOURCE", "source"},
		{"SEKISHO_SESSION", "session"},
		{"SEKISHO_ACTOR", "actor"},
		{"SEKISHO_ACTION", "action"},
	};
	auto_free struct fields *fields = calloc(1, sizeof(*fields));
	auto_free char *message = NULL;
	char number[24], level[4], hash[2 * CHAIN_HASH_BYTES + 1];
	int len;

	if (fields == NULL || (len = asprintf(&message, "MESSAGE=%s", line)) < 0)
		return;
	snprintf(number, sizeof(number), "%lld", (long long)record->event);
	snprintf(level, sizeof(level), "%d", row->level);
	bytes_to_hex(record->hash, sizeof(record->hash), hash);
	fields->parts[fields->count++] =
		(struct iovec){.iov_base = message, .iov_len = (size_t)len};
	add_field(fields, "PRIORITY", level);
	add_field(fields, "SYSLOG_IDENTIFIER", "sekisho");
	add_field(fields, "SEKISHO_ID", row->id);
	add_field(fields, "SEKISHO_KIND", record->kind);
	add_field(fields, "SEKISHO_EVENT", number);
	add_field(fields, "SEKISHO_HASH", hash);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		add_field(fields, columns[i].field,
			json_string_value(json_object_get(record->payload, columns[i].key)));
	(void)sd_journal_sendv(fields->parts, fields->count);
}

static void
send_to_standard_error(const char *line)
{
	auto_free char *whole = NULL;
	int len = asprintf(&whole, "%s\n", line);

	/* One write a line: lines of several processes do not mix. */
	if (len > 0)
		(void)!write(STDERR_FILENO, whole, (size_t)len);
}

void
log_record_send(const struct settings *settings, const struct log_record *record)
{
	const struct event_row *row = row_of(record->kind);
	auto_free char *line = settings->log.records == SETTINGS_RECORDS_OFF
				       ? NULL
				       : log_record_line(settings->facility.id, record);

	if (line == NULL)
		return;
	if (settings->log.records == SETTINGS_RECORDS_SYSLOG)
		syslog(LOG_AUTHPRIV | row->level, "%s", line);
	else if (getenv("JOURNAL_STREAM") != NULL)
		send_to_journal(row, record, line);
	else
		send_to_standard_error(line);
}
