/* A sign-in screen that has been taken over, in the place of sekisho-greeter: see hostile.h. Its turn is each page. */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

static uint32_t serial; /* of the page that is shown */

static void
answer(uint32_t to, uint8_t action, const char *account, const char *secret)
{
	struct msg_answer message = {.serial = to, .action = action};

	snprintf(message.account, sizeof(message.account), "%s", account);
	message.secret_len = strlen(secret);
	memcpy(message.secret, secret, message.secret_len);
	hostile_send(MSG_ANSWER, &message, -1);
}

static void
shown(uint32_t page)
{
	const struct msg_shown message = {.serial = page};

	hostile_send(MSG_SHOWN, &message, -1);
}

/* Before there is a page */

static void
shown_too_early(void)
{
	hostile_hello(0);
	shown(1);
}

static void
answer_too_early(void)
{
	hostile_hello(0);
	answer(1, 1, "sato", "password");
}

/* When it is shown */

static void
other_serials(void)
{
	answer(serial + 1, 1, "tanaka", "guess");
	answer(serial - 1, 1, "tanaka", "guess");
	answer(0, 1, "tanaka", "guess");
	answer(UINT32_MAX, 1, "tanaka", "guess");
}

static void
unknown_action(void)
{
	answer(serial, 200, "sato", "guess");
}

static void
no_choice(void)
{
	struct msg_answer message = {.serial = serial, .action = 1, .choice = UINT16_MAX};

	hostile_send(MSG_ANSWER, &message, -1);
}

static void
shown_of_no_page(void)
{
	shown(serial + 1);
}

/* A password a moment, of its own. Guessing is counted wherever it comes from. */
static void
guess(void)
{
	char secret[32];

	snprintf(secret, sizeof(secret), "guess-%u", serial);
	answer(serial, 1, "sato", secret);
}

static void
flood(void)
{
	for (unsigned int i = 0; i < 1000000; i++)
		answer(serial + i, 1, "sato", "flood");
}

static const struct hostile_mode modes[] = {
	{"shown-too-early", "SHOWN before SHOW", shown_too_early, NULL, NULL, false},
	{"answer-too-early", "ANSWER before SHOW", answer_too_early, NULL, NULL, false},
	{"other-serials", "ANSWERs to pages that never were", NULL, NULL, other_serials, false},
	{"no-choice", "chooses what is on no list", NULL, NULL, no_choice, false},
	{"shown-of-no-page", "SHOWN of a page that never was", NULL, NULL, shown_of_no_page, false},
	{"unknown-action", "an action that there is not", NULL, NULL, unknown_action, false},
	{"guess", "passwords of its own, one for each page", NULL, NULL, guess, true},
	{"flood", "a million ANSWERs", NULL, NULL, flood, false},
	{NULL, NULL, NULL, NULL, NULL, false},
};

static void
told(struct hostile *greeter, enum message number, const union message_body *body)
{
	if (number == MSG_BEGIN_SCREEN)
		greeter->connection = body->begin_screen.connection;
	if (number == MSG_SHOW)
		serial = body->show.serial;
}

int
main(int argc, char **argv)
{
	struct hostile greeter = {
		.name = "greeter",
		.process = PROCESS_GREETER,
		.begin = MSG_BEGIN_SCREEN,
		.turn = MSG_SHOW,
		.own = MSG_ANSWER,
		.modes = modes,
		.told = told,
	};

	return hostile_main(&greeter, argc, argv);
}
