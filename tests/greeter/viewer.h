/* A client of libfreerdp that decodes what a greeter sends, in the test's own process, without TLS. */
#ifndef TESTS_GREETER_VIEWER_H
#define TESTS_GREETER_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct viewer;

struct viewer_setup {
	uint32_t width, height, depth;
	uint32_t scale_percent;
	uint32_t keyboard_layout;
	uint32_t multifrag; /* MultifragMaxRequestSize; 0: as libfreerdp has it */
	bool keep_alpha;    /* not DRAW_ALLOW_SKIP_ALPHA */
	void (*idle)(
		void *owner); /* called while it connects: the rest of the test goes on there. May be NULL. */
	void *owner;
};

/* Takes fd, the worker's end. NULL: it could not connect. */
struct viewer *viewer_new(const struct viewer_setup *setup, int fd);
void viewer_free(struct viewer *viewer);

/* Reads what has come, waiting for it at most so long. False: the connection is over. */
bool viewer_serve(struct viewer *viewer, int wait_ms);

/* The picture, B, G, R, X. */
const uint8_t *viewer_pixels(const struct viewer *viewer, size_t *ret_stride);
unsigned int viewer_updates(const struct viewer *viewer); /* bitmap updates so far */

void viewer_key(struct viewer *viewer, uint32_t scancode, bool down);
void viewer_character(struct viewer *viewer, uint16_t character);
void viewer_synchronize(struct viewer *viewer, uint32_t locks);
void viewer_mouse(struct viewer *viewer, uint16_t flags, uint16_t x, uint16_t y);
void viewer_suppress(struct viewer *viewer, bool suppressed);
void viewer_refresh(struct viewer *viewer);

#endif
