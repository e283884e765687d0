/* The bar below a recording that is watched: where its parts stand, and which place in the recording a pixel of its slider is. Pure.
 */
#ifndef PLAYER_BAR_H
#define PLAYER_BAR_H

#include "picture/brush.h"

#include <stdint.h>

enum bar_part {
#define BAR(NAME, units) BAR_##NAME,
#include "player/bar_parts.def"
#undef BAR
	BAR_SLIDER, /* a row of its own, above the others */
	BAR_PART_COUNT,
	BAR_NOTHING = BAR_PART_COUNT,
};

struct bar {
	struct box whole;
	struct box parts[BAR_PART_COUNT]; /* width 0: there was no room */
};

/* At the lower edge of a desktop. scale: percent. */
void bar_lay_out(struct bar *bar, int width, int height, uint32_t scale);

/* The slider is easier to hit than it looks. */
enum bar_part bar_hit(const struct bar *bar, int x, int y);

uint32_t bar_ms_at(const struct bar *bar, int x, uint32_t length_ms);
int bar_x_of(const struct bar *bar, uint32_t ms, uint32_t length_ms);

#endif
