/* How a session's picture lies on a watcher's desktop: as it is where it fits, else made smaller as a whole, or, if the watcher wants
 * it so, as it is and moved about. Pure.
 */
#ifndef PLAYER_VIEW_H
#define PLAYER_VIEW_H

#include "picture/brush.h"
#include "picture/rectangle.h"

struct view {
	int area_width, area_height;       /* what there is on the desktop, from its corner */
	int picture_width, picture_height; /* 0: nothing has been drawn */
	bool own_size;                     /* wanted: never made smaller */
	int pan_x, pan_y; /* where on a picture that is larger than the area its corner is */
};

/* Where the picture lies; parts of it may be beyond the area. */
struct box view_place(const struct view *view);

/* Moves a picture that does not fit, as far as there is some of it. True if it has moved. */
bool view_pan(struct view *view, int right, int down);

/* Where on the desktop a part of the picture lies, with the pixels around it that it shows through to. */
struct box view_box(const struct view *view, const struct picture_rectangle *part);

bool view_is_scaled(const struct view *view);

#endif
