/* Bytes that the bridge has to put between two PDUs: what filters of channels make themselves. Bounded. */
#ifndef RELAY_BRIDGE_QUEUE_H
#define RELAY_BRIDGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BRIDGE_QUEUE_MAX (512 * 1024)

struct bridge_queue {
	uint8_t *bytes;
	size_t len;
	size_t size;
	bool failed; /* no memory, or more than BRIDGE_QUEUE_MAX: a peer that asks and does not read */
};

void bridge_queue_put(struct bridge_queue *queue, const void *bytes, size_t len);

/* Empties and frees. */
void bridge_queue_done(struct bridge_queue *queue);

#endif
