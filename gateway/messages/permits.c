/* Which message may come now; see permits.h. */
#include "messages/permits.h"

#include <assert.h>
#include <errno.h>

#define BITS 64 /* of one number of permits_seen */

static bool
is_marked(const struct permits_seen *seen, const struct message_row *row)
{
	size_t index = message_row_index(row);

	return (seen->bits[index / BITS] >> index % BITS & 1) != 0;
}

void
permits_mark(struct permits_seen *seen, const struct message_row *row)
{
	size_t index = message_row_index(row);

	seen->bits[index / BITS] |= (uint64_t)1 << index % BITS;
}

bool
permits_has(const struct permits_seen *seen, enum message number)
{
	const struct message_row *row = message_row(number);

	return row != NULL && is_marked(seen, row);
}

static int
refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EPROTO;
}

/* Is `after` a row whose occurrence is remembered with the connection? */
static bool
after_is_of_connection(const struct message_row *row)
{
	const struct message_row *after = message_row(row->after);

	return after != NULL && after->at_most == AT_MOST_PER_CONNECTION;
}

int
permits_check(const struct permits *permits, const struct message_row *row, size_t descriptors,
	const char **ret_why)
{
	if ((row->from & permits->peer) == 0)
		return refuse(ret_why, "this process may not send such a message");
	if ((row->to & permits->self) == 0)
		return refuse(ret_why, "such a message is not for this process");
	if (descriptors > (row->has_fd ? 1u : 0u))
		return refuse(ret_why, "a descriptor came that was not expected");
	if (descriptors == 0 && row->has_fd)
		return refuse(ret_why, "the descriptor is missing");
	if (row->at_most == AT_MOST_ONCE && is_marked(&permits->seen, row))
		return refuse(ret_why, "the message came before and may come once only");
	if (row->after != MSG_NOTHING && !after_is_of_connection(row) &&
		!permits_has(&permits->seen, row->after))
		return refuse(ret_why, "the message came too early");
	return 0;
}

int
permits_check_connection(
	const struct permits_seen *seen, const struct message_row *row, const char **ret_why)
{
	assert(row->has_connection);
	if (row->at_most == AT_MOST_PER_CONNECTION && is_marked(seen, row))
		return refuse(ret_why, "the message came before for this connection");
	if (after_is_of_connection(row) && !permits_has(seen, row->after))
		return refuse(ret_why, "the message came too early for this connection");
	return 0;
}
