/* See channel_filter.h. */
#include "relay/channel_filter.h"

#include "base/cleanup.h"
#include "rdp/mcs.h"
#include "relay/introduction.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *channel;
	const struct channel_filter_ops *ops;
} filters[] = {
	{"cliprdr", &filter_cliprdr},
	{"drdynvc", &filter_drdynvc},
	{"rdpdr", &filter_rdpdr},
	{"rdpsnd", &filter_rdpsnd},
};

const struct channel_filter_ops *
channel_filter_of(const char *channel)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (strcasecmp(filters[i].channel, channel) == 0)
			return filters[i].ops;
	return NULL;
}

struct channel_filter *
channel_filter_new(const struct channel_filter_ops *ops, uint32_t rights)
{
	struct channel_filter *filter = calloc(1, sizeof(*filter));

	assert(ops->head_len <= FILTER_HEAD_MAX);
	if (filter == NULL)
		return NULL;
	filter->ops = ops;
	filter->rights = rights;
	return filter;
}

static void
let_go(struct filter_way *way)
{
	free(way->held);
	way->held = NULL;
	way->held_len = 0;
	way->judged = false;
}

void
channel_filter_free(struct channel_filter *filter)
{
	if (filter == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(filter->ways); i++)
		let_go(&filter->ways[i]);
	if (filter->ops->free_state != NULL && filter->state != NULL)
		filter->ops->free_state(filter->state);
	free(filter);
}

/* One chunk, as a frame of its own. */
static void
send_chunk(struct channel_filter *filter, enum side to, const uint8_t *data, size_t len,
	uint32_t total, bool first, bool last)
{
	uint8_t room[MCS_SEND_DATA_HEAD_MAX + CHUNK_HEADER_LEN + CHUNK_DATA_MAX];
	struct bytes_writer writer;
	size_t begin;

	bytes_writer_init(&writer, room, sizeof(room));
	begin = mcs_send_data_begin(&writer,
		to == SIDE_HOST ? MCS_SEND_DATA_REQUEST : MCS_SEND_DATA_INDICATION,
		filter->user[to], filter->id[to]);
	chunk_header_write(&writer, total,
		(filter->shows_header ? CHUNK_SHOW_PROTOCOL : 0u) | (first ? CHUNK_FIRST : 0u) |
			(last ? CHUNK_LAST : 0u));
	bytes_write(&writer, data, len);
	mcs_send_data_end(&writer, begin);
	assert(!writer.failed);
	bridge_queue_put(filter->queue[to], room, writer.len);
}

/* The first `len` bytes of a PDU, which may be all. */
static void
send_beginning(
	struct channel_filter *filter, enum side to, const uint8_t *bytes, size_t len, size_t total)
{
	size_t at = 0;

	do {
		size_t take = len - at < CHUNK_DATA_MAX ? len - at : CHUNK_DATA_MAX;

		send_chunk(
			filter, to, bytes + at, take, (uint32_t)total, at == 0, at + take == total);
		at += take;
	} while (at < len);
}

void
channel_filter_send(struct channel_filter *filter, enum side to, const void *bytes, size_t len)
{
	send_beginning(filter, to, bytes, len, len);
}

/* Holds back what is not known yet. */
static bool
hold(struct filter_way *way, const uint8_t *data, size_t len)
{
	uint8_t *held = realloc(way->held, way->held_len + len);

	if (held == NULL)
		return false;
	memcpy(held + way->held_len, data, len);
	way->held = held;
	way->held_len += len;
	return true;
}

static bool
passes(enum filter_verdict fate)
{
	return fate == FILTER_PASS || fate == FILTER_WATCH;
}

static void
watch(struct channel_filter *filter, enum side from, const uint8_t *bytes, size_t len)
{
	if (filter->ways[from].fate == FILTER_WATCH)
		filter->ops->watch(filter, from, bytes, len);
}

enum filter_verdict
channel_filter_peek(struct channel_filter *filter, enum side from, uint8_t *chunk, size_t have,
	size_t len, const char **ret_why)
{
	struct filter_way *way = &filter->ways[from];
	struct chunk_order order = way->order;
	struct channel_chunk head;
	enum filter_verdict fate = way->fate;

	if (have < CHUNK_HEADER_LEN && have < len)
		return FILTER_WHOLE;
	if (chunk_next(&order, chunk, len, &head, ret_why) != PARSE_OK)
		return FILTER_BAD;
	if (head.first && filter->ops->watch != NULL)
		return FILTER_WHOLE;
	if (head.first) {
		struct filter_pdu pdu = {
			.from = from,
			.bytes = chunk + CHUNK_HEADER_LEN,
			.have = have - CHUNK_HEADER_LEN,
			.total = head.total,
		};

		if (pdu.have < filter->ops->head_len && pdu.have < pdu.total)
			return FILTER_WHOLE;
		fate = filter->ops->judge(filter, &pdu);
		*ret_why = pdu.why;
	}
	if (fate != FILTER_PASS && fate != FILTER_DROP)
		return fate == FILTER_BAD ? FILTER_BAD : FILTER_WHOLE;
	way->order = order;
	way->fate = fate;
	return fate;
}

/* The PDU is whole, and held or in the chunk itself. */
static enum filter_verdict
settle(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct filter_way *way = &filter->ways[pdu->from];
	enum filter_verdict verdict = filter->ops->settle(filter, pdu);

	if (verdict == FILTER_PASS && way->held != NULL) {
		send_beginning(filter, other_side(pdu->from), pdu->bytes, pdu->total, pdu->total);
		verdict = FILTER_DROP;
	}
	let_go(way);
	return verdict;
}

/* The beginning is there: what becomes of the PDU? Returns what becomes of the chunk. */
static enum filter_verdict
judge(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct filter_way *way = &filter->ways[pdu->from];

	if (!way->judged)
		way->fate = filter->ops->judge(filter, pdu);
	way->judged = true;
	if (way->fate == FILTER_BAD)
		return FILTER_BAD;
	if (way->fate == FILTER_WHOLE) {
		if (pdu->total > filter->ops->whole_max) {
			pdu->why = "a PDU of a filtered channel that is too long";
			return FILTER_BAD;
		}
		if (pdu->have == pdu->total)
			return settle(filter, pdu);
		if (way->held != NULL || hold(way, pdu->bytes, pdu->have))
			return FILTER_DROP;
		pdu->why = "no memory for a PDU of a filtered channel";
		return FILTER_BAD;
	}
	watch(filter, pdu->from, pdu->bytes, pdu->have);
	if (passes(way->fate) && way->held != NULL)
		send_beginning(filter, other_side(pdu->from), pdu->bytes, pdu->have, pdu->total);
	else if (passes(way->fate)) {
		way->judged = false;
		return FILTER_PASS;
	}
	let_go(way);
	return FILTER_DROP;
}

/* More of a PDU of which nothing has gone on yet. */
static enum filter_verdict
collect(struct channel_filter *filter, enum side from, const struct channel_chunk *head,
	uint8_t *data, const char **ret_why)
{
	struct filter_way *way = &filter->ways[from];
	struct filter_pdu pdu = {
		.from = from, .bytes = data, .have = head->data_len, .total = head->total};
	enum filter_verdict verdict;

	if (!head->first) {
		if (!hold(way, data, head->data_len)) {
			*ret_why = "no memory for a PDU of a filtered channel";
			return FILTER_BAD;
		}
		pdu.bytes = way->held;
		pdu.have = way->held_len;
	}
	if (pdu.have < filter->ops->head_len && pdu.have < pdu.total) {
		if (head->first && !hold(way, data, head->data_len))
			return FILTER_BAD;
		return FILTER_DROP;
	}
	verdict = judge(filter, &pdu);
	*ret_why = pdu.why;
	return verdict;
}

enum filter_verdict
channel_filter_chunk(struct channel_filter *filter, enum side from, uint8_t *chunk, size_t len,
	const char **ret_why)
{
	struct filter_way *way = &filter->ways[from];
	struct channel_chunk head;

	*ret_why = NULL;
	if (chunk_next(&way->order, chunk, len, &head, ret_why) != PARSE_OK)
		return FILTER_BAD;
	if (head.first) {
		let_go(way);
		way->fate = FILTER_WHOLE;
	}
	if (way->fate == FILTER_WHOLE)
		return collect(filter, from, &head, chunk + CHUNK_HEADER_LEN, ret_why);
	watch(filter, from, chunk + CHUNK_HEADER_LEN, head.data_len);
	return passes(way->fate) ? FILTER_PASS : FILTER_DROP;
}
