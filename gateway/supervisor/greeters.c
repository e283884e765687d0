/* Greeters as the supervisor uses them; see greeters.h. Their processes are children.c's.
 *
 * What a greeter says comes from a process that a client's bytes reach: it is an answer to a page that it was shown, in
 * the form which that page allows, or it is the greeter's end. One thing is forgiven, because it happens to honest
 * ones: an answer to a page that was replaced while the answer was on its way.
 */
#include "supervisor/greeters.h"

#include "base/cleanup.h"
#include "greeter/screens.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/greeter_messages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LANGUAGE_JAPANESE 0x0411 /* low half of a keyboard layout: its language, MS-LCID */

struct greeter {
	struct child *child; /* NULL once it is gone */
	const struct greeter_events *events;
	void *owner;
	uint32_t serial;          /* of the newest SHOW; 0: none yet */
	uint32_t shown_serial;    /* of the newest SHOWN */
	uint32_t answered_serial; /* of the newest ANSWER */
	uint8_t screen;           /* of the newest SHOW */
	uint16_t choices;         /* announced for the next SHOW */
	uint16_t shown_choices;   /* of the newest one */
};

static int
on_shown(struct channel *channel, union message_body *message)
{
	struct greeter *greeter = child_tag(channel_owner(channel));
	uint32_t serial = message->shown.serial;

	if (greeter == NULL)
		return 0;
	if (serial > greeter->serial || serial <= greeter->shown_serial)
		return -EPROTO;
	greeter->shown_serial = serial;
	greeter->events->shown(greeter->owner, serial);
	return 0;
}

/* A form is sent with both of its fields: the button waits for them. */
static bool
is_half_a_form(const struct greeter *greeter, const struct msg_answer *answer)
{
	return greeter->screen == SCREEN_SIGN_IN && answer->action == SCREEN_SUBMIT &&
	       (answer->account[0] == '\0' || answer->secret_len == 0);
}

/* Nothing is filled in that the page has no field for, and nothing is chosen that is not on the list. */
static bool
fits_screen(const struct greeter *greeter, const struct msg_answer *answer)
{
	const struct screen_row *row = screen_row(greeter->screen);
	bool is_list = (row->fields & SCREEN_HAS_CHOICES) != 0;
	bool has_secret = greeter->screen == SCREEN_SIGN_IN || greeter->screen == SCREEN_PROMPT ||
			  greeter->screen == SCREEN_ENROL || greeter->screen == SCREEN_NUMBER;

	if ((answer->action != SCREEN_SUBMIT && answer->action != SCREEN_CANCEL) ||
		(row->answers & answer->action) == 0 || is_half_a_form(greeter, answer))
		return false;
	if (answer->account[0] != '\0' && (row->fields & SCREEN_HAS_ACCOUNT) == 0)
		return false;
	if (answer->secret_len > 0 &&
		(!has_secret || memchr(answer->secret, '\0', answer->secret_len) != NULL))
		return false;
	if (is_list && answer->action == SCREEN_SUBMIT)
		return answer->choice < greeter->shown_choices;
	return answer->choice == 0;
}

static int
on_answer(struct channel *channel, union message_body *message)
{
	struct greeter *greeter = child_tag(channel_owner(channel));
	const struct msg_answer *answer = &message->answer;

	if (greeter == NULL)
		return 0;
	if (answer->serial > greeter->serial || answer->serial <= greeter->answered_serial)
		return -EPROTO;
	greeter->answered_serial = answer->serial;
	if (answer->serial < greeter->serial)
		return 0;
	if (!fits_screen(greeter, answer))
		return -EPROTO;
	greeter->events->answered(greeter->owner, answer);
	return 0;
}

const struct channel_handler greeter_messages[] = {
	{MSG_SHOWN, on_shown},
	{MSG_ANSWER, on_answer},
	{MSG_NOTHING, NULL},
};

void
greeter_died(void *owner, struct child *child)
{
	struct greeter *greeter = child_tag(child);

	(void)owner;
	if (greeter == NULL)
		return;
	greeter->child = NULL;
	greeter->events->died(greeter->owner);
}

/* Both ends: the greeter's and the worker's. */
static int
make_pair(int ret_ends[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_ends) < 0
		       ? -errno
		       : 0;
}

static int
begin(struct greeter *greeter, struct connection *connection, uint32_t keyboard_layout)
{
	const struct settings *settings = connection->supervisor->settings;
	struct msg_begin_screen screen = {
		.connection = connection->id, .keyboard_layout = keyboard_layout};
	const struct msg_greet greet = {.connection = connection->id};
	auto_fd int greeters = -1, workers = -1;
	int ends[2];
	int r = make_pair(ends);

	if (r < 0)
		return r;
	greeters = ends[0];
	workers = ends[1];
	(void)snprintf(screen.facility, sizeof(screen.facility), "%s", settings->facility.name);
	(void)snprintf(screen.language, sizeof(screen.language), "%s",
		(keyboard_layout & 0xffff) == LANGUAGE_JAPANESE ? "ja" : "en");
	r = children_send(greeter->child, MSG_BEGIN_SCREEN, &screen, greeters);
	return r < 0 ? r : children_send(connection->worker, MSG_GREET, &greet, workers);
}

int
greeter_begin(struct connection *connection, uint32_t keyboard_layout,
	const struct greeter_events *events, void *owner, struct greeter **ret_greeter)
{
	struct greeter *greeter = calloc(1, sizeof(*greeter));
	int r;

	if (greeter == NULL)
		return -ENOMEM;
	greeter->events = events;
	greeter->owner = owner;
	r = children_take(
		connection->supervisor->children, CHILD_GREETER, greeter, &greeter->child);
	if (r == 0)
		r = begin(greeter, connection, keyboard_layout);
	if (r < 0) {
		greeter_end(greeter);
		return r;
	}
	*ret_greeter = greeter;
	return 0;
}

int
greeter_choice(struct greeter *greeter, struct msg_choice *choice)
{
	if (greeter->child == NULL)
		return -ENOTCONN;
	if (greeter->choices >= SCREEN_CHOICES_MAX)
		return -E2BIG;
	choice->serial = greeter->serial + 1;
	choice->index = greeter->choices++;
	return children_send(greeter->child, MSG_CHOICE, choice, -1);
}

int
greeter_show(struct greeter *greeter, struct msg_show *show)
{
	if (greeter->child == NULL)
		return -ENOTCONN;
	show->serial = ++greeter->serial;
	greeter->screen = show->screen;
	greeter->shown_choices = greeter->choices;
	greeter->choices = 0;
	return children_send(greeter->child, MSG_SHOW, show, -1);
}

void
greeter_end(struct greeter *greeter)
{
	if (greeter == NULL)
		return;
	if (greeter->child != NULL)
		children_end_taken(greeter->child);
	free(greeter);
}

uint32_t
greeters_warm(const struct supervisor *supervisor)
{
	return children_warm(supervisor->children, CHILD_GREETER);
}

uint32_t
greeters_busy(const struct supervisor *supervisor)
{
	return children_taken(supervisor->children, CHILD_GREETER);
}
