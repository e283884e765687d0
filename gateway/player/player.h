/* One recording for one watcher: what is played when (player.c), what keys and clicks do (player_input.c), what it looks like
 * (player_paint.c). The watcher's client is served by desk/desk.h, the recording decoded by playback/playback.h.
 */
#ifndef PLAYER_PLAYER_H
#define PLAYER_PLAYER_H

#include "desk/desk.h"
#include "messages/messages.h"

#include <stdbool.h>
#include <stdint.h>

struct player;
struct keyboard;

struct player_setup {
	const char *title;
	const char *language;
	struct keyboard *keyboard; /* borrowed; lives longer */
	void (*told)(void *owner, const struct msg_play_state *state);
	void *owner;
};

/* Fonts, words and codecs, once in the life of the process, before the sandbox closes. Returns 0 or a negative errno; *ret_why is then a fixed
 * text. catalogue: path of the Japanese .mo file; NULL: the project's own. */
int player_warm_up(const char *catalogue, const char **ret_why);

/* Returns 0 or a negative errno. */
int player_new(struct player **ret_player);
void player_free(struct player *player); /* wipes the key; accepts NULL */

/* Takes *fd; nothing of it is read yet. at_ms: where it begins to play; live: 0. */
void player_take_file(
	struct player *player, int *fd, const uint8_t *key, bool live, uint32_t at_ms);

/* The watcher has come: takes *fd. Returns 0 or a negative errno. */
int player_begin(struct player *player, const struct player_setup *setup, int *fd);

/* What serves the client (desk_fd, desk_events, desk_serve). Borrowed. */
struct desk *player_desk(struct player *player);

/* Plays for a while: at most about 130 ms. Returns in how many milliseconds it wants to be called again, whatever the client does. */
int player_step(struct player *player);

/* How long pictures have been on the watcher's screen. */
uint64_t player_watched_ms(const struct player *player);

#endif
