/* Optimal string alignment: the few typing mistakes that people make, and no more. */
#include "base/near_miss.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LONGEST 63

static size_t
least(size_t one, size_t two, size_t three)
{
	size_t found = one < two ? one : two;

	return found < three ? found : three;
}

static int
lower(const char *text, size_t at)
{
	return tolower((unsigned char)text[at]);
}

size_t
near_miss_distance(const char *one, const char *other)
{
	size_t rows[3][LONGEST + 1];
	size_t one_len = strlen(one);
	size_t other_len = strlen(other);

	if (one_len > LONGEST || other_len > LONGEST)
		return SIZE_MAX;
	for (size_t j = 0; j <= other_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= one_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= other_len; j++) {
			size_t change = lower(one, i - 1) == lower(other, j - 1) ? 0 : 1;

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
			if (i > 1 && j > 1 && lower(one, i - 1) == lower(other, j - 2) &&
				lower(one, i - 2) == lower(other, j - 1) &&
				two_above[j - 2] + 1 < row[j])
				row[j] = two_above[j - 2] + 1;
		}
	}
	return rows[one_len % 3][other_len];
}

void
near_miss_init(struct near_miss *miss, const char *typed)
{
	size_t len = strlen(typed);

	miss->typed = typed;
	miss->best = NULL;
	/* One mistake for each three characters: more would suggest words that look nothing like it. */
	miss->distance = (len < 3 ? 1 : len / 3 > 3 ? 3 : len / 3) + 1;
}

void
near_miss_try(struct near_miss *miss, const char *candidate)
{
	size_t distance = near_miss_distance(miss->typed, candidate);

	/* A whole word that was cut off in the middle is near, however much is missing. */
	if (strlen(miss->typed) >= 3 && distance > 1 &&
		strncasecmp(candidate, miss->typed, strlen(miss->typed)) == 0)
		distance = 1;
	if (distance < miss->distance) {
		miss->best = candidate;
		miss->distance = distance;
	}
}
