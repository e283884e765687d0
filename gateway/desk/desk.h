/* An RDP server for one client: libfreerdp's peer on a socketpair, whose other end is the relay worker's. TLS is the worker's; here
 * a client is always already inside. Pictures go out as bitmap updates of 64 x 64 tiles, keys and clicks go to
 * whoever is behind the desk: the sign-in screen, or a recording that is played.
 */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include "desk/input.h"
#include "picture/rectangle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct desk;
struct keyboard;
struct running;

struct desk_size {
	uint16_t width, height; /* pixels, 200-8192 each, as the client said */
	uint16_t scale_percent; /* 100-500: how large the client's user has things drawn */
};

/* Who is behind the desk. All of it is set, and all of it gets the owner; nothing but `begin` is called before `begin` was. */
struct desk_user {
	/* The client is ready for pictures, for the first time. Returns 0 or a negative errno: it is over. */
	int (*begin)(void *owner, const struct desk_size *size);

	/* As screen_key, screen_text, screen_modifiers, screen_pointer of greeter/screen.h. */
	void (*key)(void *owner, uint32_t keysym, uint32_t character, uint32_t modifiers);
	void (*text)(void *owner, const char *text);
	void (*modifiers)(void *owner, uint32_t modifiers);
	void (*pointer)(void *owner, int x, int y, uint32_t buttons, int wheel);

	/* Draws what has changed and says where: rectangles of at most 64 x 64, at most `most` of them (the rest with the next
	 * call). Asked only when the client can be sent something: who is slow misses pictures and holds nothing up. */
	size_t (*draw)(void *owner, struct picture_rectangle *ret_tiles, size_t most);
	void (*redraw)(
		void *owner); /* all of it is to be drawn again: the client has forgotten it */
	const uint8_t *(*pixels)(void *owner, size_t *ret_stride); /* B, G, R, unused */
	void (*sent)(void *owner); /* all that was drawn has left us, or nobody looks */
	int (*tick)(void *owner);  /* ms until something is to be drawn by time; -1: never */
};

/* What of libfreerdp takes time or opens files: once, before the sandbox closes. Returns 0 or a negative errno. */
int desk_warm_up(void);

/* libfreerdp's server, ready for a client: made while nobody waits. Returns 0 or a negative errno. */
int desk_new(const struct desk_user *user, void *owner, struct desk **ret_desk);

/* The client has come: takes *fd, once in the life of a desk. keyboard: borrowed; lives longer. Returns 0 or a negative errno. */
int desk_begin(struct desk *desk, struct keyboard *keyboard, int *fd);
void desk_free(struct desk *desk); /* accepts NULL */

/* What poll(2) is to wait for. */
int desk_fd(const struct desk *desk);
short desk_events(const struct desk *desk);

/* After poll, or when desk_wait_ms is over. Returns 0, or a negative errno: it is over (-ECONNRESET: the client has gone). */
int desk_serve(struct desk *desk, short revents);
int desk_wait_ms(const struct desk *desk); /* -1: nothing is to be done by time */

/* A turn of a program that serves one desk: waits for its client and the supervisor, for at most `most_ms` (-1: no limit), and serves
 * who came. desk: NULL: there is no client, or it is left waiting. Returns what struct program's turn returns. */
int desk_turn(struct running *running, struct desk *desk, int most_ms);

/* The client shows nothing of what it is sent: its window is minimised (Suppress Output, MS-RDPBCGR 2.2.11.3). */
bool desk_is_hidden(const struct desk *desk);

/* Every callback of libfreerdp that is relied on is set: a missing Logon means "authenticated". For the unit test, and asserted at
 * each start. */
bool desk_callbacks_are_set(const struct desk *desk);

#endif
