/* The gateway's end of one PAM conversation, for tests and benchmarks of sekisho-pam behind its socket.
 *
 *	pam_driver [--hash HASH | --unknown HASH] SOCKET USER ANSWER...
 *
 * Answers questions in their order, PAM_ASK with an account that has this hash (or with none, and this decoy), every report
 * with yes. Prints what is asked and told, and how it ended, as lines of tab-separated fields; the last one is
 *
 *	result	STEP	CODE	USER	MICROSECONDS from the first answer to the end
 */
#include "messages/channel.h"
#include "pam/steps.h"

#include <poll.h>
#include <security/_pam_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

struct driver {
	const char *hash;
	bool unknown;
	char **answers;
	int64_t answered_us;
	bool is_over;
};

static const char *const step_names[] = {
#define STEP(name, text) [PAM_STEP_##name] = text,
#include "pam/steps.def"
#undef STEP
};

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int
on_prompt(struct channel *channel, union message_body *message)
{
	struct driver *driver = channel_owner(channel);
	const struct msg_pam_prompt *prompt = &message->pam_prompt;
	struct msg_pam_answer answer = {.serial = prompt->serial};

	printf("%s\t%s\n", prompt->style <= PAM_PROMPT_ECHO_ON ? "asked" : "told", prompt->text);
	if (prompt->style > PAM_PROMPT_ECHO_ON)
		return 0;
	if (*driver->answers == NULL) {
		printf("no answer is left\n");
		exit(1);
	}
	answer.answer_len = (uint32_t)strnlen(*driver->answers, sizeof(answer.answer) - 1);
	memcpy(answer.answer, *driver->answers++, answer.answer_len);
	if (driver->answered_us == 0)
		driver->answered_us = now_us();
	return channel_send(channel, MSG_PAM_ANSWER, &answer, -1);
}

static int
on_ask(struct channel *channel, union message_body *message)
{
	const struct driver *driver = channel_owner(channel);
	struct msg_pam_account account = {
		.known = !driver->unknown, .issuer = "Sekisho", .account = "taro"};

	(void)message;
	account.hash_len = (uint32_t)strnlen(driver->hash, sizeof(account.hash) - 1);
	memcpy(account.hash, driver->hash, account.hash_len);
	return channel_send(channel, MSG_PAM_ACCOUNT, &account, -1);
}

static int
on_report(struct channel *channel, union message_body *message)
{
	const struct msg_pam_kept kept = {.accepted = 1};

	printf("report\t%d\n", message->pam_report.what);
	return channel_send(channel, MSG_PAM_KEPT, &kept, -1);
}

static int
on_result(struct channel *channel, union message_body *message)
{
	struct driver *driver = channel_owner(channel);
	const struct msg_pam_result *result = &message->pam_result;

	printf("result\t%s\t%u\t%s\t%lld\n",
		result->step < PAM_STEP_COUNT ? step_names[result->step] : "?", result->code,
		result->user,
		(long long)(driver->answered_us == 0 ? 0 : now_us() - driver->answered_us));
	driver->is_over = true;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_PAM_PROMPT, on_prompt},
	{MSG_PAM_ASK, on_ask},
	{MSG_PAM_REPORT, on_report},
	{MSG_PAM_RESULT, on_result},
	{0},
};

static int
reach(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static int
converse(struct driver *driver, const char *path, const char *user)
{
	const struct channel_setup setup = {.self = PROCESS_SUPERVISOR,
		.peer = PROCESS_PAM,
		.handlers = handlers,
		.owner = driver};
	struct msg_pam_begin begin = {
		.build_hash = messages_build_hash(), .host = "10.2.3.4", .deadline_ms = 30000};
	struct channel *channel;
	const char *why = "";
	int fd = reach(path);
	int r = channel_new(&setup, &fd, &channel);

	snprintf(begin.user, sizeof(begin.user), "%s", user);
	if (r == 0)
		r = channel_send(channel, MSG_PAM_BEGIN, &begin, -1);
	while (r == 0 && !driver->is_over) {
		struct pollfd poller = {.fd = channel_fd(channel), .events = POLLIN};

		(void)poll(&poller, 1, -1);
		r = channel_receive(channel, 1, &why);
	}
	if (!driver->is_over)
		printf("ended\t%s\n", why);
	channel_free(channel);
	return driver->is_over ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct driver driver = {.hash = "*"};

	if (argc > 3 && (strcmp(argv[1], "--hash") == 0 || strcmp(argv[1], "--unknown") == 0)) {
		driver.unknown = argv[1][2] == 'u';
		driver.hash = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 3) {
		fprintf(stderr,
			"pam_driver [--hash HASH | --unknown HASH] SOCKET USER ANSWER...\n");
		return 2;
	}
	driver.answers = argv + 3;
	return converse(&driver, argv[1], argv[2]);
}
