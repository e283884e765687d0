/* A sign-in screen that has been taken over. Put in the place of sekisho-greeter, it says HELLO as that would, and then does what the
 * word in the file hostile-greeter beside it says (modes below; --help). What it is told it writes to hostile-greeter.heard, one
 * message a line, so that a test can look for what it must not have been told.
 *
 *
 * Modes that act at a page are chosen when the page comes, so that one file serves many; `say NAME` is a message of messages.def that
 * no sign-in screen may say (--messages lists them), whole, with a descriptor where one belongs to it; `say any` is another one for each
 * connection, so that a crowd says them all. What it says is written down, too.
 *
 * The supervisor must end it (or, where so noted, not care), log that, and go on.
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "hostile.h"
#include "messages/messages.h"
#include "samples.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	int client;          /* of BEGIN_SCREEN */
	uint64_t connection; /* of BEGIN_SCREEN */
	uint32_t serial;
	bool shown; /* a SHOW has come */
	FILE *heard;
} greeter = {.client = -1};

static void
answer(uint32_t serial, uint8_t action, const char *account, const char *secret)
{
	struct msg_answer message = {.serial = serial, .action = action};

	snprintf(message.account, sizeof(message.account), "%s", account);
	message.secret_len = strlen(secret);
	memcpy(message.secret, secret, message.secret_len);
	hostile_send(MSG_ANSWER, &message, -1);
}

/* At the start, instead of HELLO or behind it */

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
shown_too_early(void)
{
	const struct msg_shown shown = {.serial = 1};

	hostile_hello(0);
	hostile_send(MSG_SHOWN, &shown, -1);
}

static void
answer_too_early(void)
{
	hostile_hello(0);
	answer(1, 1, "sato", "password");
}

/* When the first SHOW has come */

static void
descriptor(void)
{
	const struct msg_shown shown = {.serial = greeter.serial};

	hostile_send(MSG_SHOWN, &shown, greeter.client);
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
	static const uint8_t bytes[] = {MSG_ANSWER, 0, 1};

	hostile_send_raw(bytes, sizeof(bytes), -1);
}

static void
long_message(void)
{
	static uint8_t bytes[200000] = {MSG_ANSWER};

	hostile_send_raw(bytes, sizeof(bytes), -1);
}

/* Of no page. */
static void
other_serials(void)
{
	answer(greeter.serial + 1, 1, "tanaka", "guess");
	answer(greeter.serial - 1, 1, "tanaka", "guess");
	answer(0, 1, "tanaka", "guess");
	answer(UINT32_MAX, 1, "tanaka", "guess");
}

static void
unknown_action(void)
{
	answer(greeter.serial, 200, "sato", "guess");
}

static void
no_choice(void)
{
	struct msg_answer message = {.serial = greeter.serial, .action = 1, .choice = UINT16_MAX};

	hostile_send(MSG_ANSWER, &message, -1);
}

static void
shown_of_no_page(void)
{
	const struct msg_shown shown = {.serial = greeter.serial + 1};

	hostile_send(MSG_SHOWN, &shown, -1);
}

static void
pong_of_no_ping(void)
{
	const struct msg_pong pong = {.serial = UINT64_MAX};

	hostile_send(MSG_PONG, &pong, -1);
}

/* A password a moment, of its own. Guessing is counted wherever it comes from. */
static void
guess(void)
{
	char secret[32];

	snprintf(secret, sizeof(secret), "guess-%u", greeter.serial);
	answer(greeter.serial, 1, "sato", secret);
}

static void
flood(void)
{
	for (unsigned int i = 0; i < 1000000; i++)
		answer(greeter.serial + i, 1, "sato", "flood");
}

/* Where it stands, bytes that look as if they were for the worker. */
static void
garbage_to_worker(void)
{
	static const uint8_t garbage[] = {0x7f, 0x7e, 0x7d, 0x7c};

	(void)send(greeter.client, garbage, sizeof(garbage), MSG_NOSIGNAL);
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

static void
hang(void)
{
	for (;;)
		pause();
}

static const struct {
	const char *name, *help;
	void (*at_start)(void); /* NULL: HELLO */
	void (*at_show)(void);  /* the first; NULL: nothing */
	bool every_show;
} modes[] = {
	{"listen", "does nothing but write down what it is told", NULL, NULL, false},
	{"silent", "says nothing, not even HELLO", hang, NULL, false},
	{"other-build", "HELLO with another hash", other_build, NULL, false},
	{"hello-twice", "HELLO twice", hello_twice, NULL, false},
	{"shown-too-early", "SHOWN before SHOW", shown_too_early, NULL, false},
	{"answer-too-early", "ANSWER before SHOW", answer_too_early, NULL, false},
	{"descriptor", "a descriptor with SHOWN", NULL, descriptor, false},
	{"unknown-message", "a message that there is not", NULL, unknown_message, false},
	{"cut-message", "half an ANSWER", NULL, cut_message, false},
	{"long-message", "200,000 bytes", NULL, long_message, false},
	{"other-serials", "ANSWERs to pages that never were", NULL, other_serials, false},
	{"no-choice", "chooses what is on no list", NULL, no_choice, false},
	{"shown-of-no-page", "SHOWN of a page that never was", NULL, shown_of_no_page, false},
	{"pong-of-no-ping", "PONG unasked for", NULL, pong_of_no_ping, false},
	{"unknown-action", "an action that there is not", NULL, unknown_action, false},
	{"guess", "passwords of its own, one for each page", NULL, guess, true},
	{"flood", "a million ANSWERs", NULL, flood, false},
	{"garbage-to-worker", "no RDP for the worker", NULL, garbage_to_worker, false},
	{"crash", "aborts", NULL, crash, false},
	{"leave", "exits with 0", NULL, leave, false},
	{"hang", "answers no PING any more", NULL, hang, false},
};

/* Returns the mode's place, ARRAY_SIZE(modes) for none and for `say`, whose message is in *ret_say then. */
static size_t
read_mode(const struct message_row **ret_say)
{
	FILE *file = hostile_open_beside("hostile-greeter", "re");
	char word[64] = "", name[64] = "";
	size_t i = 0;

	if (file == NULL || fscanf(file, "%63s %63s", word, name) < 1)
		word[0] = '\0';
	if (file != NULL)
		(void)fclose(file);
	*ret_say = strcmp(word, "say") == 0
			   ? hostile_row_to_say(PROCESS_GREETER, name, greeter.connection)
			   : NULL;
	while (i < ARRAY_SIZE(modes) && strcmp(modes[i].name, word) != 0)
		i++;
	return i;
}

static void
say(const struct message_row *row)
{
	static union message_body body;

	if (greeter.heard != NULL) {
		fprintf(greeter.heard, "SAYS %s\n", row->name);
		(void)fflush(greeter.heard);
	}
	sample_fill(row, SAMPLE_SMALL, &body);
	hostile_send(row->number, &body, row->has_fd ? greeter.client : -1);
}

static void
act_at_show(bool first)
{
	const struct message_row *row;
	size_t mode = read_mode(&row);

	if (row != NULL)
		say(row);
	else if (mode < ARRAY_SIZE(modes) && modes[mode].at_show != NULL &&
		 (first || modes[mode].every_show))
		modes[mode].at_show();
}

/* Everything of a message that can be read, so that grep finds it. */
static void
write_down(const char *name, const uint8_t *bytes, size_t len)
{
	if (greeter.heard == NULL)
		return;
	fprintf(greeter.heard, "%s ", name);
	for (size_t i = 0; i < len; i++)
		(void)fputc(bytes[i] >= ' ' && bytes[i] != 0x7f ? bytes[i] : '.', greeter.heard);
	(void)fputc('\n', greeter.heard);
	(void)fflush(greeter.heard);
}

static void
take(const uint8_t *bytes, size_t len)
{
	static union message_body body;
	const struct message_row *row = NULL;
	bool first = !greeter.shown;

	if (message_get(bytes, len, &row, &body) < 0)
		return;
	write_down(row->name, bytes, len);
	if (row->number == MSG_PING) {
		const struct msg_pong pong = {.serial = body.ping.serial};

		hostile_send(MSG_PONG, &pong, -1);
	}
	if (row->number == MSG_BEGIN_SCREEN)
		greeter.connection = body.begin_screen.connection;
	if (row->number != MSG_SHOW)
		return;
	greeter.serial = body.show.serial;
	greeter.shown = true;
	act_at_show(first);
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

	if (len <= 0)
		return len < 0 && errno == EINTR;
	if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
		memcpy(&greeter.client, CMSG_DATA(rights), sizeof(int));
	take(bytes, (size_t)len);
	return true;
}

static void
list_messages(void)
{
	for (size_t i = 0; hostile_row_of_others(PROCESS_GREETER, i) != NULL; i++)
		puts(hostile_row_of_others(PROCESS_GREETER, i)->name);
}

static void
list_modes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		printf("  %-18s %s\n", modes[i].name, modes[i].help);
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
		fprintf(stderr, "hostile_greeter: no mode in the file hostile-greeter\n");
		return 2;
	}
	greeter.heard = hostile_open_beside("hostile-greeter.heard", "ae");
	if (mode < ARRAY_SIZE(modes) && modes[mode].at_start != NULL)
		modes[mode].at_start();
	else
		hostile_hello(0);
	while (receive())
		;
	return 0;
}
