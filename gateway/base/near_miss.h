/* "Did you mean …": the word of a list that was most likely meant. */
#ifndef BASE_NEAR_MISS_H
#define BASE_NEAR_MISS_H

#include <stddef.h>

/* How many characters must be put in, left out, changed or swapped with their neighbour to turn one text
 * into the other, without regard to case. Texts of more than 63 bytes: SIZE_MAX. */
size_t near_miss_distance(const char *one, const char *other);

/* Feed every candidate to the same struct, then ask for best: NULL when none is near enough. */
struct near_miss {
	const char *typed;
	const char *best; /* borrowed from the candidates */
	size_t distance;
};

void near_miss_init(struct near_miss *miss, const char *typed);
void near_miss_try(struct near_miss *miss, const char *candidate);

#endif
