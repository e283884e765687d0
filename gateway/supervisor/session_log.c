/* session.log; see session_log.h. */
#include "supervisor/session_log.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session_log {
	char *path;
	int fd;
};

static int
open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	return fd < 0 ? -errno : fd;
}

int
session_log_open(const char *path, struct session_log **ret_log)
{
	struct session_log *log = calloc(1, sizeof(*log));
	int r;

	if (log == NULL)
		return -ENOMEM;
	log->fd = -1;
	log->path = strdup(path);
	r = log->path == NULL ? -ENOMEM : open_file(path);
	if (r < 0) {
		session_log_close(log);
		return r;
	}
	log->fd = r;
	*ret_log = log;
	return 0;
}

void
session_log_close(struct session_log *log)
{
	if (log == NULL)
		return;
	cleanup_close(&log->fd);
	free(log->path);
	free(log);
}

int
session_log_reopen(struct session_log *log)
{
	int fd = open_file(log->path);

	if (fd < 0)
		return fd;
	cleanup_close(&log->fd);
	log->fd = fd;
	return 0;
}

#define OF_START (1u << SESSION_LOG_START)
#define OF_END (1u << SESSION_LOG_END)
#define OF_TRANSFER (1u << SESSION_LOG_TRANSFER)
#define OF_SESSION (OF_START | OF_END)

/* The first two words of a line. */
static const struct {
	const char *time; /* key of the instant */
	const char *word;
} kinds[] = {
	[SESSION_LOG_START] = {"start", "start"},
	[SESSION_LOG_END] = {"end", "end"},
	[SESSION_LOG_TRANSFER] = {"time", "file"},
};

/* key=value for each of the row's fields that the kind shows; texts are quoted. */
static const struct {
	const char *key;
	unsigned int kinds;
} fields[] = {
	{"session", OF_SESSION | OF_TRANSFER},
	{"account", OF_SESSION | OF_TRANSFER},
	{"name", OF_SESSION | OF_TRANSFER},
	{"terminal", OF_SESSION | OF_TRANSFER},
	{"source", OF_SESSION},
	{"device", OF_SESSION},
	{"evidence", OF_SESSION},
	{"let_in_by", OF_SESSION},
	{"state", OF_END},
	{"reason", OF_END},
	{"reason_code", OF_END},
	{"by", OF_END},
	{"because", OF_END},
	{"bytes_from_client", OF_END},
	{"bytes_to_client", OF_END},
	{"duration_seconds", OF_END},
	{"direction", OF_TRANSFER},
	{"way", OF_TRANSFER},
	{"path", OF_TRANSFER},
	{"size", OF_TRANSFER},
	{"missed", OF_TRANSFER},
};

struct line {
	char *text;
	size_t len;
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct line *line, const char *format, ...)
{
	size_t room = SESSION_LOG_LINE_SIZE - 1 - line->len; /* one for the newline */
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line->text + line->len, room, format, arguments);
	va_end(arguments);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

static void
add_field(struct line *line, const char *key, const json_t *value)
{
	if (json_is_string(value))
		add(line, " %s='%s'", key, log_quote(json_string_value(value)));
	else if (json_is_integer(value))
		add(line, " %s=%" JSON_INTEGER_FORMAT, key, json_integer_value(value));
}

size_t
session_log_format(enum session_log_kind kind, const json_t *row, char *ret_line)
{
	struct line line = {.text = ret_line};
	const char *at = json_string_value(json_object_get(row, kinds[kind].time));

	add(&line, "%s %s", at == NULL ? "-" : log_quote(at), kinds[kind].word);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if ((fields[i].kinds & 1u << kind) != 0)
			add_field(&line, fields[i].key, json_object_get(row, fields[i].key));
	}
	ret_line[line.len++] = '\n';
	ret_line[line.len] = '\0';
	return line.len;
}

void
session_log_write(struct session_log *log, enum session_log_kind kind, const json_t *row)
{
	char line[SESSION_LOG_LINE_SIZE + 1];
	size_t len = session_log_format(kind, row, line);
	ssize_t written = write(log->fd, line, len);

	if (written != (ssize_t)len)
		log_event(EV_SESSION_LOG_FAILED, "file='%s' why='%s'", log_quote(log->path),
			written < 0 ? strerror(errno) : "the disk is full");
}
