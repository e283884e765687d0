/* A mediator that has been taken over by the jump host whose bytes it reads. Put in the place of sekisho-mediator, it says HELLO as that
 * would, and then does what the word in the file hostile-mediator beside it says (modes below; --help). What it is told it writes
 * to hostile-mediator.heard, one message a line, so that a test can look for what it must not have been told.
 *
 * It acts when it has been given the jump host's socket, or before, where the mode says so; `say NAME` is a message of messages.def that
 * no mediator may say (--messages lists them), whole, with a descriptor where one belongs to it.
 *
 * The supervisor must end it (or, where so noted, not care), log that, and go on.
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "hostile.h"
#include "mediator/outcomes.h"
#include "notice/ends.h"
#include "samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	int worker; /* of MEDIATE_BEGIN */
	int host;   /* of MEDIATE_HOST */
	FILE *heard;
} mediator = {.worker = -1, .host = -1};

static void
result(uint8_t outcome)
{
	const struct msg_mediate_result message = {.outcome = outcome, .why = "\033[31mtaken over"};

	hostile_send(MSG_MEDIATE_RESULT, &message, -1);
}

static void
certificate(void)
{
	const struct msg_mediate_certificate message = {
		.sha256_len = 32, .subject = "\033[31m/CN=x"};

	hostile_send(MSG_MEDIATE_CERTIFICATE, &message, -1);
}

static void
notice_over(uint32_t serial, uint8_t how)
{
	const struct msg_notice_over message = {.serial = serial, .how = how};

	hostile_send(MSG_NOTICE_OVER, &message, -1);
}

/* Before the supervisor has said anything */

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
result_at_start(void)
{
	hostile_hello(0);
	result(MEDIATE_CONNECTED);
}

static void
hang(void)
{
	for (;;)
		pause();
}

/* Behind MEDIATE_BEGIN */

static void
result_too_early(void)
{
	result(MEDIATE_CONNECTED);
}

/* Behind MEDIATE_HOST */

static void
connected_twice(void)
{
	result(MEDIATE_CONNECTED);
	result(MEDIATE_CONNECTED);
}

static void
goes_on_behind_its_end(void)
{
	result(MEDIATE_ENDED);
	result(MEDIATE_HOST_GONE);
}

static void
unknown_outcome(void)
{
	result(MEDIATE_OUTCOME_COUNT);
}

static void
certificate_twice(void)
{
	certificate();
	certificate();
}

static void
notice_of_nobody(void)
{
	notice_over(1, NOTICE_SHOWN);
}

static void
descriptor(void)
{
	const struct msg_mediate_result message = {.outcome = MEDIATE_CONNECTED};

	hostile_send(MSG_MEDIATE_RESULT, &message, mediator.host);
}

static void
unknown_message(void)
{
	static const uint8_t bytes[] = {0xff, 0xff, 1, 2, 3};

	hostile_send_raw(bytes, sizeof(bytes), -1);
}

static void
cut_message(void)
{
	static const uint8_t bytes[] = {MSG_MEDIATE_RESULT, 0, 1};

	hostile_send_raw(bytes, sizeof(bytes), -1);
}

static void
long_message(void)
{
	static uint8_t bytes[200000] = {MSG_MEDIATE_RESULT};

	hostile_send_raw(bytes, sizeof(bytes), -1);
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

	(void)send(mediator.worker, garbage, sizeof(garbage), MSG_NOSIGNAL);
}

/* The words of a host whose session has run well, of one that has not even begun. */
static void
lies_and_leaves(void)
{
	result(MEDIATE_CONNECTED);
	result(MEDIATE_ENDED);
	exit(0);
}

static void
crash(void)
{
	abort();
}

static void
leave(void)
{
	exit(0);
}

static const struct {
	const char *name, *help;
	void (*at_start)(void); /* NULL: HELLO */
	void (*at_begin)(void); /* NULL: nothing */
	void (*at_host)(void);  /* … */
} modes[] = {
	{"silent", "says nothing, not even HELLO", hang, NULL, NULL},
	{"other-build", "HELLO with another hash", other_build, NULL, NULL},
	{"hello-twice", "HELLO twice", hello_twice, NULL, NULL},
	{"result-at-start", "MEDIATE_RESULT before MEDIATE_BEGIN", result_at_start, NULL, NULL},
	{"result-too-early", "MEDIATE_RESULT before MEDIATE_HOST", NULL, result_too_early, NULL},
	{"certificate-too-early", "MEDIATE_CERTIFICATE before MEDIATE_HOST", NULL, certificate,
		NULL},
	{"leaves-early", "exits with 0 before it has the host", NULL, leave, NULL},
	{"listen", "does nothing but write down what it is told", NULL, NULL, NULL},
	{"connected-twice", "says CONNECTED twice", NULL, NULL, connected_twice},
	{"behind-its-end", "says that it has ended, and goes on", NULL, NULL,
		goes_on_behind_its_end},
	{"unknown-outcome", "an outcome that there is not", NULL, NULL, unknown_outcome},
	{"certificate-twice", "MEDIATE_CERTIFICATE twice", NULL, NULL, certificate_twice},
	{"notice-of-nobody", "NOTICE_OVER before NOTICE_SHOW", NULL, NULL, notice_of_nobody},
	{"descriptor", "a descriptor with MEDIATE_RESULT", NULL, NULL, descriptor},
	{"unknown-message", "a message that there is not", NULL, NULL, unknown_message},
	{"cut-message", "half a MEDIATE_RESULT", NULL, NULL, cut_message},
	{"long-message", "200,000 bytes", NULL, NULL, long_message},
	{"pong-of-no-ping", "PONG unasked for", NULL, NULL, pong_of_no_ping},
	{"garbage-to-worker", "no RDP for the worker", NULL, NULL, garbage_to_worker},
	{"lies-and-leaves", "CONNECTED and ENDED without a desktop", NULL, NULL, lies_and_leaves},
	{"crash", "aborts", NULL, NULL, crash},
	{"leave", "exits with 0", NULL, NULL, leave},
	{"hang", "answers no PING any more", NULL, NULL, hang},
};

/* Returns the mode's place, ARRAY_SIZE(modes) for none and for `say`, whose message is in *ret_say then. */
static size_t
read_mode(const struct message_row **ret_say)
{
	FILE *file = hostile_open_beside("hostile-mediator", "re");
	char word[64] = "", name[64] = "";
	size_t i = 0;

	if (file == NULL || fscanf(file, "%63s %63s", word, name) < 1)
		word[0] = '\0';
	if (file != NULL)
		(void)fclose(file);
	*ret_say = strcmp(word, "say") == 0 ? hostile_row_to_say(PROCESS_MEDIATOR, name, 0) : NULL;
	while (i < ARRAY_SIZE(modes) && strcmp(modes[i].name, word) != 0)
		i++;
	return i;
}

static void
say(const struct message_row *row)
{
	static union message_body body;

	sample_fill(row, SAMPLE_SMALL, &body);
	hostile_send(row->number, &body, row->has_fd ? mediator.host : -1);
}

static void
act(enum message came)
{
	const struct message_row *row;
	size_t mode = read_mode(&row);

	if (row != NULL && came == MSG_MEDIATE_HOST)
		say(row);
	if (mode == ARRAY_SIZE(modes))
		return;
	if (came == MSG_MEDIATE_BEGIN && modes[mode].at_begin != NULL)
		modes[mode].at_begin();
	if (came == MSG_MEDIATE_HOST && modes[mode].at_host != NULL)
		modes[mode].at_host();
}

/* Everything of a message that can be read, so that grep finds it. */
static void
write_down(const char *name, const uint8_t *bytes, size_t len)
{
	if (mediator.heard == NULL)
		return;
	fprintf(mediator.heard, "%s ", name);
	for (size_t i = 0; i < len; i++)
		(void)fputc(bytes[i] >= ' ' && bytes[i] != 0x7f ? bytes[i] : '.', mediator.heard);
	(void)fputc('\n', mediator.heard);
	(void)fflush(mediator.heard);
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
	if (row->number == MSG_MEDIATE_BEGIN)
		mediator.worker = fd;
	if (row->number == MSG_MEDIATE_HOST)
		mediator.host = fd;
	act(row->number);
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

static void
list_messages(void)
{
	for (size_t i = 0; hostile_row_of_others(PROCESS_MEDIATOR, i) != NULL; i++)
		puts(hostile_row_of_others(PROCESS_MEDIATOR, i)->name);
}

static void
list_modes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		printf("  %-22s %s\n", modes[i].name, modes[i].help);
}

int
main(int argc, char **argv)
{
	const struct message_row *row;
	size_t mode = read_mode(&row);

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		list_modes();
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--messages") == 0) {
		list_messages();
		return 0;
	}
	if (mode == ARRAY_SIZE(modes) && row == NULL) {
		fprintf(stderr, "hostile_mediator: no mode in the file hostile-mediator\n");
		return 2;
	}
	mediator.heard = hostile_open_beside("hostile-mediator.heard", "ae");
	if (mode < ARRAY_SIZE(modes) && modes[mode].at_start != NULL)
		modes[mode].at_start();
	else
		hostile_hello(0);
	while (receive())
		;
	return 0;
}
