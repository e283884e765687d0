/* Where on a client's desktop the sign-in screen lies: on its primary monitor, and no larger than one client is worth. Pure. */
#ifndef DESK_AREA_H
#define DESK_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AREA_SIZE_LEAST \
	200 /* of a screen, both ways; MS-RDPBCGR 2.2.1.3.2 has it as a desktop's least */
#define AREA_SIZE_MOST 8192
#define AREA_PIXELS_MOST (16u << 20) /* 64 MB: 4K and 5K desktops are smaller */

/* As the client lists them (2.2.1.3.6): the primary one's corner is 0, 0. */
struct area_monitor {
	int32_t x, y, width, height;
	bool is_primary;
};

struct area {
	uint32_t left, top;               /* of the screen on the desktop */
	uint16_t width, height;           /* of the screen; within its least and most */
	uint32_t seen_width, seen_height; /* as much of it lies on the desktop */
};

/* All of it is the client's to say and may be nonsense: the whole desktop is then the monitor. */
void area_choose(uint32_t desktop_width, uint32_t desktop_height,
	const struct area_monitor *monitors, size_t count, struct area *ret_area);

#endif
