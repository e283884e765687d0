/* A screen that is typed into, clicked on and drawn. After warming up, everything runs under a filter that ends the process
 * when it opens a file or starts a thread, as the greeter's sandbox does.
 */
#ifndef UNIT_GREETER_SCREEN_FIXTURE_H
#define UNIT_GREETER_SCREEN_FIXTURE_H

#include "greeter/screen_private.h"

#include <stdbool.h>

extern struct screen_answers {
	struct msg_answer answer;
	size_t count;
} got;

void note_answer(void *owner, const struct msg_answer *answer);

/* The only argument of a test is the catalogue of words. */
bool warm_up(int argc, char **argv);
int close_sandbox(void **state); /* of the group */

struct screen *new_screen(uint16_t width, uint16_t height, uint16_t scale, const char *language);
void show_page(struct screen *screen, enum greeter_screen page);

void press(struct screen *screen, uint32_t keysym, uint32_t modifiers);
void click(struct screen *screen, int x, int y);
void click_part(struct screen *screen, enum part part);

/* How many tiles had to be drawn. */
size_t draw(struct screen *screen);

#endif
