/* Copies of bytes that end where readable memory ends: a parser that reads one byte too many dies at
 * once, with or without a sanitizer. */
#ifndef TESTS_RDP_EDGE_H
#define TESTS_RDP_EDGE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
	EDGE_ROOM = 1 << 17,
	EDGE_GUARD = 1 << 16, /* at least one page on every machine */
};

/* One copy at a time: the next one overwrites it. Never freed. */
static inline uint8_t *
edge_copy(const void *bytes, size_t len)
{
	static uint8_t *room;

	if (room == NULL) {
		room = mmap(NULL, EDGE_ROOM + EDGE_GUARD, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert(room != MAP_FAILED);
		assert(mprotect(room + EDGE_ROOM, EDGE_GUARD, PROT_NONE) == 0);
	}
	assert(len <= EDGE_ROOM);
	memcpy(room + EDGE_ROOM - len, bytes, len);
	return room + EDGE_ROOM - len;
}

/* For every beginning of the sample, the whole left out: the parser must not say PARSE_OK. */
#define assert_every_truncation_is_refused(sample, parse_copy)           \
	do {                                                             \
		for (size_t have = 0; have < sizeof(sample); have++) {   \
			const uint8_t *copy = edge_copy((sample), have); \
			assert_int_not_equal((parse_copy), PARSE_OK);    \
		}                                                        \
	} while (0)

#endif
