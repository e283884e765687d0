/* The inside of a player, shared by the files player*.c and their test. */
#ifndef PLAYER_PLAYER_PRIVATE_H
#define PLAYER_PLAYER_PRIVATE_H

#include "picture/tiles.h"
#include "picture/type.h"
#include "player/bar.h"
#include "player/player.h"
#include "player/reel.h"
#include "player/states.h"
#include "player/tempo.h"
#include "player/view.h"

struct player {
	struct player_setup setup;
	char title[257];
	char language[9];
	struct desk *desk;

	/* The recording */
	int fd;
	uint8_t key[RECORDING_KEY_BYTES];
	bool live;
	uint32_t begin_ms; /* where it begins */
	struct reel reel;  /* closed before its header is there */
	struct trail trail;
	uint32_t length_ms;
	int64_t length_asked_us;
	int64_t length_us; /* since when it is so long */

	/* Playing */
	enum play_state state;
	struct tempo tempo;
	bool shortens; /* long pauses are not waited for */
	bool behind;   /* the last step had no time for all of it */
	uint32_t seek_to;
	bool seek_to_end; /* to what the session shows now */
	bool held;        /* was paused before the search, and stands still behind it */
	char why[257];
	enum play_state told;
	int64_t told_us;
	int64_t began_us; /* the first picture was sent; 0: not yet */
	bool on_desktop; /* something was sent, and is seen: a recording may have no picture yet, a window may be minimised */
	int64_t sent_us; /* all of it had left us */

	/* On the watcher's desktop */
	bool drawable;
	struct tiles tiles;
	uint32_t scale;
	PangoContext *letters;
	struct bar bar;
	struct view view;
	bool bar_hidden;
	bool dragging_slider, dragging_picture;
	int pointer_x, pointer_y;
	uint32_t buttons;
	uint32_t drag_ms;
	int64_t painted_us; /* the bar's time */
};

int64_t player_now_us(void);

/* player.c */
uint32_t player_at_ms(const struct player *player); /* what the bar says */
void player_seek(struct player *player, uint32_t to_ms);
void player_seek_end(struct player *player);
void player_toggle(struct player *player);
void player_change_speed(struct player *player, int rows);

/* player_paint.c */
void player_paint(void *owner, cairo_t *cairo);
void player_lay_out(struct player *player); /* all of it is painted again */
void player_damage_bar(struct player *player);
void player_damage_picture(struct player *player, const struct picture_rectangle *part);
int player_warm_words(const char *catalogue);

/* player_input.c */
void player_key(void *owner, uint32_t keysym, uint32_t character, uint32_t modifiers);
void player_text(void *owner, const char *text);
void player_modifiers(void *owner, uint32_t modifiers);
void player_pointer(void *owner, int x, int y, uint32_t buttons, int wheel);

#endif
