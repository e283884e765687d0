/* Who is fetching which file, piece by piece: that a client began to is in the administration log, and the pieces
 * that follow need not be. The loop's.
 */
#ifndef SUPERVISOR_FETCHES_H
#define SUPERVISOR_FETCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETCHES_MOST 64
#define FETCH_NAME_SIZE 32

/* {0} is empty. When it is full, the oldest goes, whose next piece is recorded like a first one. */
struct fetches {
	struct {
		uint64_t client; /* 0: none */
		char name[FETCH_NAME_SIZE];
	} items[FETCHES_MOST];
	size_t next;
};

/* Whether a piece from this offset is one that follows. `name` has fewer than FETCH_NAME_SIZE bytes. */
bool fetches_goes_on(
	const struct fetches *fetches, uint64_t client, const char *name, int64_t offset);

/* It is recorded that this client began. */
void fetches_add(struct fetches *fetches, uint64_t client, const char *name);

#endif
