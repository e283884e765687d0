/* Where pixels lie in a picture, counted from its upper left corner. */
#ifndef PICTURE_RECTANGLE_H
#define PICTURE_RECTANGLE_H

#include <stdint.h>

struct picture_rectangle {
	uint16_t x, y, width, height;
};

#endif
