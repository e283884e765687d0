/* Records for programs elsewhere; see log_records.h. */
#include "supervisor/log_records.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "policy/logs.h"
#include "settings/settings.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* Where both listen on every Linux; journald listens on the first as well. */
#define SYSLOG_SOCKET "/dev/log"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

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
	{"transfer", EV_RECORD_TRANSFER},
	{"admin", EV_RECORD_ADMIN},
	{"recording", EV_RECORD_RECORDING},
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

/* Of a record that is too long (too_long > 0) only what it is, and its length. */
static char *
make_line(const char *facility, const struct log_record *record, size_t too_long)
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
	object = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s?, s:o?, s:o*}", "id", row->id,
		"event", (json_int_t)record->event, "hash", hash, "time", at, "facility", facility,
		"kind", record->kind, "log", log == LOG_COUNT ? NULL : log_name_text(log), "record",
		too_long > 0 ? NULL : json_incref(record->payload), "too_long",
		too_long > 0 ? json_integer((json_int_t)too_long) : NULL);
	line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	return line;
}

char *
log_record_line(const char *facility, const struct log_record *record)
{
	return make_line(facility, record, 0);
}

/* "NAME", a newline, the length as 64 bits little endian, the value, a newline: whatever is in a value, it ends where
 * its length says (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
static void
put_field(FILE *out, const char *name, const char *value)
{
	size_t len = value == NULL ? 0 : strlen(value);
	uint64_t size = htole64(len);

	if (value == NULL)
		return;
	(void)fprintf(out, "%s\n", name);
	(void)fwrite(&size, sizeof(size), 1, out);
	(void)fwrite(value, 1, len, out);
	(void)fputc('\n', out);
}

/* What is searched for most often stands in fields of its own: journalctl SEKISHO_ACCOUNT=taro. */
static void
put_fields(
	FILE *out, const struct event_row *row, const struct log_record *record, const char *line)
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
	char number[24], level[12], hash[2 * CHAIN_HASH_BYTES + 1];

	snprintf(number, sizeof(number), "%lld", (long long)record->event);
	snprintf(level, sizeof(level), "%d", row->level);
	bytes_to_hex(record->hash, sizeof(record->hash), hash);
	put_field(out, "MESSAGE", line);
	put_field(out, "PRIORITY", level);
	put_field(out, "SYSLOG_IDENTIFIER", "sekisho");
	put_field(out, "SEKISHO_ID", row->id);
	put_field(out, "SEKISHO_KIND", record->kind);
	put_field(out, "SEKISHO_EVENT", number);
	put_field(out, "SEKISHO_HASH", hash);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		put_field(out, columns[i].field,
			json_string_value(json_object_get(record->payload, columns[i].key)));
}

static int
send_to_journal(struct log_records *records, const struct log_record *record, const char *line)
{
	auto_free char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	struct iovec part;
	bool failed;
	int r;

	if (out == NULL)
		return -ENOMEM;
	put_fields(out, row_of(record->kind), record, line);
	failed = ferror(out) != 0;
	if (fclose(out) != 0 || failed)
		return -ENOMEM;
	part = (struct iovec){.iov_base = bytes, .iov_len = len};
	r = log_socket_send(&records->socket, &part, 1);
	return r == -EMSGSIZE ? log_socket_send_file(&records->socket, &part, 1) : r;
}

static int
send_line_to_syslog(struct log_records *records, const struct log_record *record, char *line)
{
	time_t now = (time_t)(clock_now() / 1000000);
	char begin[80], when[24];
	struct iovec parts[2];
	struct tm local;

	if (localtime_r(&now, &local) == NULL ||
		strftime(when, sizeof(when), "%b %e %T", &local) == 0)
		return -EINVAL;
	(void)snprintf(begin, sizeof(begin),
		"<%d>%s sekisho[%d]: ", LOG_AUTHPRIV | row_of(record->kind)->level, when,
		(int)getpid());
	parts[0] = (struct iovec){.iov_base = begin, .iov_len = strlen(begin)};
	parts[1] = (struct iovec){.iov_base = line, .iov_len = strlen(line)};
	return log_socket_send(&records->socket, parts, ARRAY_SIZE(parts));
}

static int
send_to_syslog(struct log_records *records, const struct log_record *record, char *line)
{
	auto_free char *brief = NULL;
	int r = send_line_to_syslog(records, record, line);

	if (r != -EMSGSIZE)
		return r;
	brief = make_line(records->settings->facility.id, record, strlen(line));
	if (brief == NULL)
		return -ENOMEM;
	r = send_line_to_syslog(records, record, brief);
	if (r == 0)
		log_event(EV_RECORD_TOO_LONG, "event=%lld bytes=%zu", (long long)record->event,
			strlen(line));
	return r;
}

static int
send_to_standard_error(const char *line)
{
	auto_free char *whole = NULL;
	int len = asprintf(&whole, "%s\n", line);

	if (len < 0)
		return -ENOMEM;
	/* One write a line: lines of several processes do not mix. */
	return write(STDERR_FILENO, whole, (size_t)len) < 0 ? -errno : 0;
}

void
log_records_init(struct log_records *records, const struct settings *settings)
{
	records->settings = settings;
	log_socket_init(&records->socket,
		settings->log.records == SETTINGS_RECORDS_SYSLOG ? SYSLOG_SOCKET : JOURNAL_SOCKET);
}

void
log_records_done(struct log_records *records)
{
	log_socket_done(&records->socket);
}

int
log_record_send(struct log_records *records, const struct log_record *record)
{
	const struct settings *settings = records->settings;
	auto_free char *line = NULL;

	if (settings->log.records == SETTINGS_RECORDS_OFF || record->payload == NULL ||
		row_of(record->kind) == NULL)
		return 0;
	line = log_record_line(settings->facility.id, record);
	if (line == NULL)
		return -ENOMEM;
	if (settings->log.records == SETTINGS_RECORDS_SYSLOG)
		return send_to_syslog(records, record, line);
	return getenv("JOURNAL_STREAM") != NULL ? send_to_journal(records, record, line)
						: send_to_standard_error(line);
}
