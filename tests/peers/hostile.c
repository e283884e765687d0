/* See hostile.h. */
#include "hostile.h"

#include "base/cleanup.h"
#include "base/lock_down.h"
#include "samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hostile *self;
static FILE *heard;
static int worker = -1; /* the descriptor that comes with self->begin */

static void
send_raw(const void *bytes, size_t len, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		header.msg_control = control.room;
		header.msg_controllen = sizeof(control.room);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	(void)sendmsg(CHILD_FD_CHANNEL, &header, MSG_NOSIGNAL);
}

void
hostile_send(enum message number, const void *body, int fd)
{
	static uint8_t room[MESSAGE_MOST_BYTES];
	int len = message_put(number, body, room, sizeof(room));

	if (len > 0)
		send_raw(room, (size_t)len, fd);
}

/* Modes that all have */

void
hostile_hello(uint64_t change)
{
	const struct msg_hello hello = {.build_hash = messages_build_hash() + change};

	hostile_send(MSG_HELLO, &hello, -1);
}

static void
other_build(void)
{
	hostile_hello(1);
}

static void
hello_twice(void)
{
	hostile_hello(0);
	hostile_hello(0);
}

static void
descriptor(void)
{
	static const union message_body empty;

	hostile_send(self->own, &empty, worker);
}

static void
unknown_message(void)
{
	static const uint8_t bytes[] = {0xff, 0xff, 1, 2, 3};

	send_raw(bytes, sizeof(bytes), -1);
}

static void
cut_message(void)
{
	const uint8_t bytes[] = {(uint8_t)self->own, 0, 1};

	send_raw(bytes, sizeof(bytes), -1);
}

static void
long_message(void)
{
	static uint8_t bytes[200000];

	bytes[0] = (uint8_t)self->own;
	send_raw(bytes, sizeof(bytes), -1);
}

static void
pong_of_no_ping(void)
{
	const struct msg_pong pong = {.serial = UINT64_MAX};

	hostile_send(MSG_PONG, &pong, -1);
}

static void
garbage_to_worker(void)
{
	static const uint8_t garbage[] = {0x7f, 0x7e, 0x7d, 0x7c};

	(void)send(worker, garbage, sizeof(garbage), MSG_NOSIGNAL);
}

static void
crash(void)
{
	abort();
}

void
hostile_leave(void)
{
	exit(0);
}

static void
hang(void)
{
	for (;;)
		pause();
}

static const struct hostile_mode modes_of_all[] = {
	{"listen", "does nothing but write down what it is told", NULL, NULL, NULL, false},
	{"silent", "says nothing, not even HELLO", hang, NULL, NULL, false},
	{"other-build", "HELLO with another hash", other_build, NULL, NULL, false},
	{"hello-twice", "HELLO twice", hello_twice, NULL, NULL, false},
	{"descriptor", "a descriptor with a message that has none", NULL, NULL, descriptor, false},
	{"unknown-message", "a message that there is not", NULL, NULL, unknown_message, false},
	{"cut-message", "half a message", NULL, NULL, cut_message, false},
	{"long-message", "200,000 bytes", NULL, NULL, long_message, false},
	{"pong-of-no-ping", "PONG unasked for", NULL, NULL, pong_of_no_ping, false},
	{"garbage-to-worker", "no RDP for the worker", NULL, NULL, garbage_to_worker, false},
	{"crash", "aborts", NULL, NULL, crash, false},
	{"leave", "exits with 0", NULL, NULL, hostile_leave, false},
	{"hang", "answers no PING any more", NULL, NULL, hang, false},
};

/* NULL behind the last. */
static const struct hostile_mode *
mode_at(size_t at)
{
	const struct hostile_mode *mode = at < ARRAY_SIZE(modes_of_all)
						  ? &modes_of_all[at]
						  : &self->modes[at - ARRAY_SIZE(modes_of_all)];

	return mode->name != NULL ? mode : NULL;
}

static FILE *
open_beside(const char *ending, const char *how)
{
	char path[512];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash + 1, 64, "hostile-%s%s", self->name, ending);
	return fopen(path, how);
}

/* What it may not send: the row at this place among those, NULL behind the last. */
static const struct message_row *
row_of_others(size_t at)
{
	for (size_t i = 0; message_row_at(i) != NULL; i++)
		if ((message_row_at(i)->from & self->process) == 0 && at-- == 0)
			return message_row_at(i);
	return NULL;
}

/* NULL: it may send that, or there is none. */
static const struct message_row *
row_to_say(const char *name)
{
	size_t count = 0;

	while (row_of_others(count) != NULL)
		count++;
	if (strcmp(name, "any") == 0)
		return row_of_others(self->connection % count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(row_of_others(i)->name, name) == 0)
			return row_of_others(i);
	return NULL;
}

/* Returns NULL for none and for `say`, whose message is in *ret_say then. */
static const struct hostile_mode *
read_mode(const struct message_row **ret_say)
{
	FILE *file = open_beside("", "re");
	char word[64] = "", name[64] = "";
	size_t i = 0;

	if (file == NULL || fscanf(file, "%63s %63s", word, name) < 1)
		word[0] = '\0';
	if (file != NULL)
		(void)fclose(file);
	*ret_say = strcmp(word, "say") == 0 ? row_to_say(name) : NULL;
	while (mode_at(i) != NULL && strcmp(mode_at(i)->name, word) != 0)
		i++;
	return mode_at(i);
}

/* Everything of it that can be read, so that grep finds it. */
static void
write_down(const char *name, const uint8_t *bytes, size_t len)
{
	if (heard == NULL)
		return;
	fprintf(heard, "%s ", name);
	for (size_t i = 0; i < len; i++)
		(void)fputc(bytes[i] >= ' ' && bytes[i] != 0x7f ? bytes[i] : '.', heard);
	(void)fputc('\n', heard);
	(void)fflush(heard);
}

static void
say(const struct message_row *row)
{
	static union message_body body;

	write_down("SAYS", (const uint8_t *)row->name, strlen(row->name));
	sample_fill(row, SAMPLE_SMALL, &body);
	hostile_send(row->number, &body, row->has_fd ? worker : -1);
}

static void
act_at_begin(void)
{
	const struct message_row *row;
	const struct hostile_mode *mode = read_mode(&row);

	if (mode != NULL && mode->at_begin != NULL)
		mode->at_begin();
}

static void
act_at_turn(void)
{
	static bool had_turn;
	const struct message_row *row;
	const struct hostile_mode *mode = read_mode(&row);
	bool first = !had_turn;

	had_turn = true;
	if (row != NULL)
		say(row);
	else if (mode != NULL && mode->at_turn != NULL && (first || mode->every_turn))
		mode->at_turn();
}

static void
take(const uint8_t *bytes, size_t len, int fd)
{
	static union message_body body;
	const struct message_row *row = NULL;

	if (message_get(bytes, len, &row, &body) < 0)
		return;
	write_down(row->name, bytes, len);
	if (row->number == MSG_PING) {
		const struct msg_pong pong = {.serial = body.ping.serial};

		hostile_send(MSG_PONG, &pong, -1);
	}
	if (self->told != NULL)
		self->told(self, row->number, &body);
	if (row->number == self->begin) {
		worker = fd;
		act_at_begin();
	}
	if (row->number == self->turn)
		act_at_turn();
}

/* Returns false when the supervisor has gone. */
static bool
receive(void)
{
	static uint8_t bytes[MESSAGE_MOST_BYTES];
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	ssize_t len = recvmsg(CHILD_FD_CHANNEL, &header, MSG_CMSG_CLOEXEC);
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	int fd = -1;

	if (len <= 0)
		return len < 0 && errno == EINTR;
	if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(rights), sizeof(int));
	take(bytes, (size_t)len, fd);
	return true;
}

int
hostile_main(struct hostile *hostile, int argc, char **argv)
{
	const struct hostile_mode *mode;
	const struct message_row *row;

	self = hostile;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		for (size_t i = 0; mode_at(i) != NULL; i++)
			printf("  %-22s %s\n", mode_at(i)->name, mode_at(i)->help);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--messages") == 0) {
		for (size_t i = 0; row_of_others(i) != NULL; i++)
			puts(row_of_others(i)->name);
		return 0;
	}
	mode = read_mode(&row);
	if (mode == NULL && row == NULL) {
		fprintf(stderr, "no mode in the file hostile-%s\n", self->name);
		return 2;
	}
	heard = open_beside(".heard", "ae");
	if (mode != NULL && mode->at_start != NULL)
		mode->at_start();
	else
		hostile_hello(0);
	while (receive())
		;
	return 0;
}
