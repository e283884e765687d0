/* A recording that is played: sekisho-player itself, between a supervisor and a client that are played here. */
#ifndef TESTS_PLAYER_SHOW_H
#define TESTS_PLAYER_SHOW_H

#include "stage.h"
#include "take.h"
#include "viewer.h"

#include "player/states.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMIT_MS 30000
#define WIDTH 640
#define HEIGHT 480
/* The session is of 320 x 240, and fits: it lies in the middle of what the bar leaves. */
#define SESSION_WIDTH 320
#define SESSION_HEIGHT 240
#define BAR_TOP (HEIGHT - 58)
#define SESSION_LEFT ((WIDTH - SESSION_WIDTH) / 2)
#define SESSION_TOP ((BAR_TOP - SESSION_HEIGHT) / 2)

enum {
	KEY_SPACE = 0x39,
	KEY_S = 0x1f,
	KEY_H = 0x23,
	KEY_Z = 0x2c,
	KEY_HOME = 0x147,
	KEY_END = 0x14f,
	KEY_LEFT = 0x14b,
	KEY_RIGHT = 0x14d,
	KEY_KP_ADD = 0x4e,
	KEY_KP_SUBTRACT = 0x4a,
};

extern const char *show_program; /* sekisho-player's path */

struct show {
	struct stage stage;
	struct viewer *viewer;
	int fd;
};

/* Takes fd. begin_from: with begin_ms, where it begins to play; begin_at: with a key and a size of the desktop. */
void begin(struct show *show, int fd, bool live);
void begin_from(struct show *show, int fd, uint32_t begin_ms);
void begin_at(
	struct show *show, int fd, const uint8_t *key, bool live, uint32_t width, uint32_t height);

/* The watcher goes. Exit 0: nothing of it was killed by the sandbox. */
void end(struct show *show);

void serve(struct show *show);
void wait_state(struct show *show, enum play_state state);
void wait_again(
	struct show *show, enum play_state state); /* something is told anew, and it is this */
void press(struct show *show, uint32_t code);
void keep(struct show *show, const char *name);

/* Waits until the watcher's picture is that of the recording at a time. */
void wait_picture(struct show *show, const struct take *take, uint32_t ms);

#endif
