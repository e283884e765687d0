/* gateway/supervisor/log_records.c and log_socket.c: what syslog and journald get, byte by byte, and that a record goes at
 * once or not at all. The daemons are sockets of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "settings/settings.h"
#include "supervisor/log_records.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NOON_US INT64_C(1795143600000000) /* 2026-11-20T12:00:00+09:00 */

static char folder[64], path[100];
static int listener = -1;
static struct settings settings;
static struct log_records records;
static struct log_record record;
static char got[1 << 20];
static int got_fd;

static void
listen_there(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(listener >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void
stop_listening(void)
{
	close(listener);
	unlink(path);
	listener = -1;
}

/* The next datagram's length, its descriptor in got_fd; -1: there is none. */
static ssize_t
receive(void)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = got, .iov_len = sizeof(got) - 1};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(listener, &message, MSG_CMSG_CLOEXEC);

	got_fd = -1;
	if (len < 0)
		return -1;
	got[len] = '\0';
	if (CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&got_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got_fd));
	return len;
}

static void
begin(enum settings_log_records kind)
{
	settings.log.records = kind;
	log_records_init(&records, &settings);
	records.socket.path = path;
}

static int
setup(void **state)
{
	static char facility[] = "998-";

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sekisho-records-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	setenv("JOURNAL_STREAM", "1:1", 1);
	clock_hold(NOON_US, 1);
	settings.facility.id = facility;
	record = (struct log_record){.event = 4711, .time_us = NOON_US, .kind = "admin"};
	memset(record.hash, 0xab, sizeof(record.hash));
	record.payload = json_pack("{s:s, s:s, s:s}", "actor", "unix:sato\nSEKISHO_ID=SK9999\n",
		"action", "account.edit", "because", "佐藤\xe2\x80\xa8\x01\x1b[2J\r\n<0>forged");
	assert_non_null(record.payload);
	listen_there();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_decref(record.payload);
	log_records_done(&records);
	if (listener >= 0)
		stop_listening();
	rmdir(folder);
	clock_release();
	return 0;
}

static json_t *
object_of(const char *text)
{
	json_t *object = json_loads(text, 0, NULL);

	assert_non_null(object);
	return object;
}

static void
syslog_gets_one_line_whatever_is_in_a_value(void **state)
{
	char expected[80];
	json_t *object;
	size_t len;

	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG);
	assert_int_equal(log_record_send(&records, &record), 0);
	len = (size_t)receive();
	/* authpriv (10) and notice (5), as syslog(3) writes it; the day of one digit is padded with a blank. */
	snprintf(expected, sizeof(expected), "<85>Nov 20 12:00:00 sekisho[%d]: ", (int)getpid());
	assert_memory_equal(got, expected, strlen(expected));
	for (size_t i = 0; i < len; i++)
		assert_in_range((unsigned char)got[i], ' ', '~');
	object = object_of(got + strlen(expected));
	assert_string_equal(json_string_value(json_object_get(object, "id")), "SK3008");
	assert_int_equal(json_integer_value(json_object_get(object, "event")), 4711);
	assert_string_equal(json_string_value(json_object_get(object, "facility")), "998-");
	assert_string_equal(json_string_value(json_object_get(object, "kind")), "admin");
	assert_string_equal(json_string_value(json_object_get(object, "log")), "admin");
	assert_string_equal(
		json_string_value(json_object_get(object, "time")), "2026-11-20T03:00:00.000000Z");
	assert_true(json_equal(json_object_get(object, "record"), record.payload));
	assert_null(json_object_get(object, "too_long"));
	json_decref(object);
	assert_int_equal(receive(), -1);
}

/* Reads the next field of the native protocol; the value's length, or -1 at the end. */
static ssize_t
next_field(const char **at, const char *end, char name[64], const char **ret_value)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	uint64_t len;

	if (*at == end)
		return -1;
	assert_non_null(newline);
	assert_true(newline - *at < 64 && memchr(*at, '=', (size_t)(newline - *at)) == NULL);
	memcpy(name, *at, (size_t)(newline - *at));
	name[newline - *at] = '\0';
	memcpy(&len, newline + 1, sizeof(len));
	len = le64toh(len);
	*ret_value = newline + 1 + sizeof(len);
	assert_true(len < (uint64_t)(end - *ret_value));
	assert_int_equal((*ret_value)[len], '\n');
	*at = *ret_value + len + 1;
	return (ssize_t)len;
}

static void
expect_fields(const char *bytes, size_t total)
{
	const char *at = bytes, *value;
	char name[64], seen[400] = "";
	ssize_t len;

	while ((len = next_field(&at, bytes + total, name, &value)) >= 0) {
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", name);
		if (strcmp(name, "SEKISHO_ACTOR") == 0)
			assert_memory_equal(value, "unix:sato\nSEKISHO_ID=SK9999\n", (size_t)len);
		if (strcmp(name, "SEKISHO_ID") == 0)
			assert_memory_equal(value, "SK3008", (size_t)len);
		if (strcmp(name, "PRIORITY") == 0)
			assert_memory_equal(value, "5", (size_t)len);
	}
	assert_string_equal(seen,
		"MESSAGE PRIORITY SYSLOG_IDENTIFIER SEKISHO_ID SEKISHO_KIND SEKISHO_EVENT "
		"SEKISHO_HASH SEKISHO_ACTOR SEKISHO_ACTION ");
}

static void
journald_gets_fields_that_a_newline_does_not_end(void **state)
{
	(void)state;
	begin(SETTINGS_RECORDS_JOURNAL);
	assert_int_equal(log_record_send(&records, &record), 0);
	expect_fields(got, (size_t)receive());
	assert_int_equal(got_fd, -1);
}

/* Longer than any datagram. */
static void
make_long(void)
{
	size_t len = 16 << 20;
	char *text = malloc(len + 1);

	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';
	assert_int_equal(json_object_set_new(record.payload, "because", json_string(text)), 0);
	free(text);
}

static void
a_long_record_goes_to_journald_as_a_sealed_file(void **state)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct stat status;
	char *bytes;

	(void)state;
	make_long();
	begin(SETTINGS_RECORDS_JOURNAL);
	assert_int_equal(log_record_send(&records, &record), 0);
	assert_int_equal(receive(), 0);
	assert_true(got_fd >= 0);
	assert_int_equal(fcntl(got_fd, F_GET_SEALS) & seals, seals);
	assert_int_equal(fstat(got_fd, &status), 0);
	assert_true(status.st_size > 16 << 20);
	bytes = malloc((size_t)status.st_size);
	assert_int_equal(pread(got_fd, bytes, (size_t)status.st_size, 0), status.st_size);
	expect_fields(bytes, (size_t)status.st_size);
	free(bytes);
	close(got_fd);
}

static void
a_long_record_goes_to_syslog_without_its_content(void **state)
{
	json_t *object;

	(void)state;
	make_long();
	begin(SETTINGS_RECORDS_SYSLOG);
	assert_int_equal(log_record_send(&records, &record), 0);
	assert_true(receive() < 2048);
	object = object_of(strchr(got, '{'));
	assert_int_equal(json_integer_value(json_object_get(object, "event")), 4711);
	assert_true(json_is_null(json_object_get(object, "record")));
	assert_true(json_integer_value(json_object_get(object, "too_long")) > 16 << 20);
	json_decref(object);
}

static void
whoever_does_not_read_is_not_waited_for(void **state)
{
	unsigned int sent = 0, received = 0;
	int r;

	(void)state;
	begin(SETTINGS_RECORDS_SYSLOG);
	while ((r = log_record_send(&records, &record)) == 0)
		assert_true(++sent < 1000000);
	assert_int_equal(r, -EAGAIN);
	assert_true(sent > 0);
	assert_true(receive() > 0);
	assert_int_equal(log_record_send(&records, &record), 0);
	while (receive() > 0)
		received++;
	assert_int_equal(received, sent);
}

static void
whoever_is_away_gets_it_when_they_are_back(void **state)
{
	(void)state;
	stop_listening();
	begin(SETTINGS_RECORDS_SYSLOG);
	assert_int_equal(log_record_send(&records, &record), -ENOENT);
	listen_there();
	assert_int_equal(log_record_send(&records, &record), 0);
	assert_true(receive() > 0);
	/* Another daemon at once: the socket of the one before is noticed, and the record is not lost. */
	stop_listening();
	listen_there();
	assert_int_equal(log_record_send(&records, &record), 0);
	assert_true(receive() > 0);
	/* One that has gone and left its socket behind. */
	close(listener);
	listener = -1;
	assert_int_equal(log_record_send(&records, &record), -ECONNREFUSED);
	unlink(path);
}

static void
what_is_erased_or_told_nowhere_is_not_sent(void **state)
{
	(void)state;
	begin(SETTINGS_RECORDS_OFF);
	assert_int_equal(log_record_send(&records, &record), 0);
	begin(SETTINGS_RECORDS_SYSLOG);
	snprintf(record.kind, sizeof(record.kind), "unheard-of");
	assert_int_equal(log_record_send(&records, &record), 0);
	snprintf(record.kind, sizeof(record.kind), "admin");
	json_decref(record.payload);
	record.payload = NULL;
	assert_int_equal(log_record_send(&records, &record), 0);
	assert_int_equal(receive(), -1);
	assert_int_equal(records.socket.fd, -1);
}

/* Stable: what a SIEM was taught stays as it is. */
static void
each_kind_has_its_id(void **state)
{
	static const struct {
		const char *kind, *id;
	} kinds[] = {{"session.start", "SK3001"}, {"session.continued", "SK3002"},
		{"session.connection", "SK3003"}, {"session.end", "SK3004"},
		{"session.refused", "SK3005"}, {"login", "SK3006"}, {"file", "SK3007"},
		{"admin", "SK3008"}, {"log.retention", "SK3009"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char *line, begins[40];

		snprintf(record.kind, sizeof(record.kind), "%s", kinds[i].kind);
		line = log_record_line("998-", &record);
		assert_non_null(line);
		snprintf(begins, sizeof(begins), "{\"id\":\"%s\",\"event\":4711,", kinds[i].id);
		assert_memory_equal(line, begins, strlen(begins));
		free(line);
	}
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(syslog_gets_one_line_whatever_is_in_a_value),
		IN_OUT(journald_gets_fields_that_a_newline_does_not_end),
		IN_OUT(a_long_record_goes_to_journald_as_a_sealed_file),
		IN_OUT(a_long_record_goes_to_syslog_without_its_content),
		IN_OUT(whoever_does_not_read_is_not_waited_for),
		IN_OUT(whoever_is_away_gets_it_when_they_are_back),
		IN_OUT(what_is_erased_or_told_nowhere_is_not_sent),
		IN_OUT(each_kind_has_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
