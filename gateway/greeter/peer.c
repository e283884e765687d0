/* What of a client concerns the sign-in screen; see peer.h. In the greeter, sandboxed. The client itself is desk/desk.c's. */
#include "greeter/peer_private.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "desk/keyboard.h"
#include "greeter/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Showing */

static int
apply_show(struct peer *peer)
{
	int r = 0;

	if (peer->screen == NULL || peer->show == NULL)
		return 0;
	for (size_t i = 0; i < peer->choice_count && r == 0; i++)
		r = screen_add_choice(peer->screen, &peer->choices[i]);
	if (r == 0)
		r = screen_show(peer->screen, peer->show);
	free(take_pointer(&peer->choices));
	peer->choice_count = 0;
	secret_free(take_pointer(&peer->show));
	return r;
}

int
peer_choice(struct peer *peer, const struct msg_choice *choice)
{
	struct msg_choice *more;

	if (peer->screen != NULL)
		return screen_add_choice(peer->screen, choice);
	if (peer->choice_count > 0 && peer->choices[0].serial != choice->serial)
		peer->choice_count = 0; /* of a list that was never shown */
	if (peer->choice_count >= SCREEN_CHOICES_MAX)
		return -E2BIG;
	more = reallocarray(peer->choices, peer->choice_count + 1, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	peer->choices = more;
	peer->choices[peer->choice_count++] = *choice;
	return 0;
}

int
peer_show(struct peer *peer, const struct msg_show *show)
{
	if (peer->screen != NULL)
		return screen_show(peer->screen, show);
	if (peer->show == NULL)
		peer->show = malloc(sizeof(*peer->show));
	if (peer->show == NULL)
		return -ENOMEM;
	*peer->show = *show;
	return 0;
}

static void
screen_answered(void *owner, const struct msg_answer *answer)
{
	struct peer *peer = owner;

	peer->setup.answered(peer->setup.owner, answer);
}

/* Who is behind the desk */

static int
on_begin(void *owner, const struct desk_size *size)
{
	struct peer *peer = owner;
	const struct screen_setup setup = {
		.width = size->width,
		.height = size->height,
		.scale_percent = size->scale_percent,
		.facility = peer->facility,
		.language = peer->language,
		.now_ms = peer->setup.now_ms,
		.answered = screen_answered,
		.owner = peer,
	};
	int r = screen_new(&setup, &peer->screen);

	return r < 0 ? r : apply_show(peer);
}

static void
on_key(void *owner, uint32_t keysym, uint32_t character, uint32_t modifiers)
{
	screen_key(((struct peer *)owner)->screen, keysym, character, modifiers);
}

static void
on_text(void *owner, const char *text)
{
	screen_text(((struct peer *)owner)->screen, text);
}

static void
on_modifiers(void *owner, uint32_t modifiers)
{
	screen_modifiers(((struct peer *)owner)->screen, modifiers);
}

static void
on_pointer(void *owner, int x, int y, uint32_t buttons, int wheel)
{
	screen_pointer(((struct peer *)owner)->screen, x, y, buttons, wheel);
}

static size_t
on_draw(void *owner, struct picture_rectangle *ret_tiles, size_t most)
{
	return screen_draw(((struct peer *)owner)->screen, ret_tiles, most);
}

static void
on_redraw(void *owner)
{
	screen_redraw(((struct peer *)owner)->screen);
}

static const uint8_t *
on_pixels(void *owner, size_t *ret_stride)
{
	return screen_pixels(((struct peer *)owner)->screen, ret_stride);
}

/* Told when it has left us: then the worker may cut, and nothing of it is missing. */
static void
on_sent(void *owner)
{
	struct peer *peer = owner;
	uint32_t serial = screen_serial(peer->screen);

	if (serial == peer->shown)
		return;
	peer->shown = serial;
	peer->setup.shown(peer->setup.owner, serial);
}

static int
on_tick(void *owner)
{
	return screen_tick(((struct peer *)owner)->screen);
}

static const struct desk_user screen_user = {
	.begin = on_begin,
	.key = on_key,
	.text = on_text,
	.modifiers = on_modifiers,
	.pointer = on_pointer,
	.draw = on_draw,
	.redraw = on_redraw,
	.pixels = on_pixels,
	.sent = on_sent,
	.tick = on_tick,
};

/* Beginning and end */

int
peer_new(struct peer **ret_peer)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int r = peer != NULL ? desk_new(&screen_user, peer, &peer->desk) : -ENOMEM;

	if (r < 0) {
		free(peer);
		return r;
	}
	*ret_peer = peer;
	return 0;
}

int
peer_begin(struct peer *peer, const struct peer_setup *setup, int *fd)
{
	peer->setup = *setup;
	snprintf(peer->facility, sizeof(peer->facility), "%s", setup->facility);
	snprintf(peer->language, sizeof(peer->language), "%s", setup->language);
	return desk_begin(peer->desk, setup->keyboard, fd);
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	desk_free(peer->desk);
	screen_free(peer->screen);
	free(peer->choices);
	secret_free(peer->show);
	free(peer);
}

struct desk *
peer_desk(struct peer *peer)
{
	return peer->desk;
}
