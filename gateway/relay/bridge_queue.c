/* See bridge_queue.h. */
#include "relay/bridge_queue.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

static bool
make_room(struct bridge_queue *queue, size_t len)
{
	size_t size = queue->size == 0 ? FIRST_SIZE : queue->size;
	uint8_t *bytes;

	if (len > BRIDGE_QUEUE_MAX - queue->len)
		return false;
	while (size - queue->len < len)
		size *= 2;
	if (size == queue->size)
		return true;
	bytes = realloc(queue->bytes, size);
	if (bytes == NULL)
		return false;
	queue->bytes = bytes;
	queue->size = size;
	return true;
}

void
bridge_queue_put(struct bridge_queue *queue, const void *bytes, size_t len)
{
	if (queue->failed || len == 0)
		return;
	if (!make_room(queue, len)) {
		queue->failed = true;
		return;
	}
	memcpy(queue->bytes + queue->len, bytes, len);
	queue->len += len;
}

void
bridge_queue_done(struct bridge_queue *queue)
{
	free(queue->bytes);
	*queue = (struct bridge_queue){.failed = queue->failed};
}
