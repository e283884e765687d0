/* A mediator that has been taken over by the jump host whose bytes it reads, in the place of sekisho-mediator: see hostile.h. Its turn comes
 * when it has been given the jump host's socket. */
#include "hostile.h"
#include "mediator/outcomes.h"
#include "notice/ends.h"

#include <stddef.h>

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

/* Before the supervisor has said anything */

static void
result_at_start(void)
{
	hostile_hello(0);
	result(MEDIATE_CONNECTED);
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
	const struct msg_notice_over message = {.serial = 1, .how = NOTICE_SHOWN};

	hostile_send(MSG_NOTICE_OVER, &message, -1);
}

/* The words of a host whose session has run well, of one that has not even begun. */
static void
lies_and_leaves(void)
{
	result(MEDIATE_CONNECTED);
	result(MEDIATE_ENDED);
	hostile_leave();
}

static const struct hostile_mode modes[] = {
	{"result-at-start", "MEDIATE_RESULT before MEDIATE_BEGIN", result_at_start, NULL, NULL,
		false},
	{"result-too-early", "MEDIATE_RESULT before MEDIATE_HOST", NULL, result_too_early, NULL,
		false},
	{"certificate-too-early", "MEDIATE_CERTIFICATE before MEDIATE_HOST", NULL, certificate,
		NULL, false},
	{"leaves-early", "exits with 0 before it has the host", NULL, hostile_leave, NULL, false},
	{"connected-twice", "says CONNECTED twice", NULL, NULL, connected_twice, false},
	{"behind-its-end", "says that it has ended, and goes on", NULL, NULL,
		goes_on_behind_its_end, false},
	{"unknown-outcome", "an outcome that there is not", NULL, NULL, unknown_outcome, false},
	{"certificate-twice", "MEDIATE_CERTIFICATE twice", NULL, NULL, certificate_twice, false},
	{"notice-of-nobody", "NOTICE_OVER before NOTICE_SHOW", NULL, NULL, notice_of_nobody, false},
	{"lies-and-leaves", "CONNECTED and ENDED without a desktop", NULL, NULL, lies_and_leaves,
		false},
	{NULL, NULL, NULL, NULL, NULL, false},
};

int
main(int argc, char **argv)
{
	struct hostile mediator = {
		.name = "mediator",
		.process = PROCESS_MEDIATOR,
		.begin = MSG_MEDIATE_BEGIN,
		.turn = MSG_MEDIATE_HOST,
		.own = MSG_MEDIATE_RESULT,
		.modes = modes,
	};

	return hostile_main(&mediator, argc, argv);
}
