/* See bridge_channels.h. */
#include "relay/bridge_channels.h"

#include "relay/introduction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum close_reason
bridge_bad_channel(enum side from)
{
	return from == SIDE_CLIENT ? CLOSE_CLIENT_BAD_CHANNEL : CLOSE_HOST_BAD_CHANNEL;
}

int
bridge_filter_channel(
	struct bridge *bridge, uint8_t at, const struct gcc_channel *asked, uint32_t rights)
{
	const struct channel_filter_ops *ops = channel_filter_of(asked->name);
	struct channel_filter *filter;

	if (ops == NULL)
		return 0;
	filter = channel_filter_new(ops, rights);
	if (filter == NULL)
		return -ENOMEM;
	filter->shows_header = (asked->options & GCC_CHANNEL_SHOW_PROTOCOL) != 0;
	filter->channels = bridge->channel_names != NULL ? bridge->channel_names : "";
	filter->queue[SIDE_CLIENT] = &bridge->ways[SIDE_HOST].queue;
	filter->queue[SIDE_HOST] = &bridge->ways[SIDE_CLIENT].queue;
	filter->news = &bridge->news;
	filter->gate = &bridge->gate;
	bridge->channels[at].filter = filter;
	return 0;
}

void
bridge_filters_ready(struct bridge *bridge)
{
	for (uint8_t i = 0; i < bridge->channel_count; i++) {
		const struct bridge_channel *channel = &bridge->channels[i];
		struct channel_filter *filter = channel->filter;

		if (filter == NULL)
			continue;
		memcpy(filter->id, channel->id, sizeof(filter->id));
		filter->user[SIDE_HOST] = bridge->user[SIDE_HOST];
		filter->user[SIDE_CLIENT] = INTRODUCTION_SERVER_USER;
	}
}

void
bridge_filters_finish(struct bridge *bridge)
{
	for (uint8_t i = 0; i < bridge->channel_count; i++) {
		struct channel_filter *filter = bridge->channels[i].filter;

		if (filter != NULL && filter->ops->finish != NULL)
			filter->ops->finish(filter);
	}
}

/* The frame is whole. Returns whether it goes on as it is now. */
static bool
settle(struct bridge *bridge, enum side from, uint8_t *frame, struct bridge_result *result)
{
	struct bridge_collecting *collecting = &bridge->ways[from].collecting;
	struct channel_filter *filter = collecting->filter;
	uint16_t at = collecting->chunk_at;

	collecting->filter = NULL;
	switch (channel_filter_chunk(
		filter, from, frame + at, (size_t)collecting->len - at, &result->why)) {
	case FILTER_PASS:
		return true;
	case FILTER_DROP:
		return false;
	default:
		result->reason = bridge_bad_channel(from);
		return false;
	}
}

bool
bridge_collect(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *result)
{
	struct bridge_collecting *collecting = &bridge->ways[from].collecting;

	if (len == collecting->len)
		return settle(bridge, from, bytes, result);
	if (collecting->frame == NULL)
		collecting->frame = malloc(collecting->len);
	if (collecting->frame == NULL) {
		result->reason = CLOSE_OUT_OF_ROOM;
		result->why = "no memory for a channel's frame";
		return false;
	}
	memcpy(collecting->frame + collecting->have, bytes, len);
	collecting->have = (uint16_t)(collecting->have + len);
	if (collecting->have < collecting->len)
		return false;
	if (settle(bridge, from, collecting->frame, result))
		bridge_queue_put(&bridge->ways[from].queue, collecting->frame, collecting->len);
	free(collecting->frame);
	*collecting = (struct bridge_collecting){0};
	return false;
}

void
bridge_scan_capabilities(struct bridge_way *way, enum share_type type, size_t payload_at)
{
	if (type == SHARE_DEMAND_ACTIVE)
		capability_scan_demand(&way->scan);
	else if (type == SHARE_CONFIRM_ACTIVE)
		capability_scan_confirm(&way->scan);
	else
		return;
	way->scan.skip += (uint32_t)payload_at;
}

void
bridge_check_queues(struct bridge *bridge, enum side from, struct bridge_result *result)
{
	const struct bridge_queue *on = &bridge->ways[from].queue;
	const struct bridge_queue *back = &bridge->ways[other_side(from)].queue;

	result->stopped = on->len > 0 || back->len > 0;
	if (result->reason != CLOSE_NONE || (!on->failed && !back->failed))
		return;
	result->reason = bridge_bad_channel(from);
	result->why = "more is to be answered on its channels than it reads";
}

struct bridge_queue *
bridge_queued(struct bridge *bridge, enum side from)
{
	struct bridge_queue *queue = &bridge->ways[from].queue;
	const struct bridge_collecting *collecting = &bridge->ways[from].collecting;

	if (queue->len == 0)
		return NULL;
	/* Of a frame that is being collected nothing has been sent. */
	return collecting->filter != NULL || bridge_to_boundary(bridge, from) == 0 ? queue : NULL;
}

void
bridge_channels_done(struct bridge *bridge)
{
	for (uint8_t i = 0; i < bridge->channel_count; i++)
		channel_filter_free(bridge->channels[i].filter);
	for (size_t i = 0; i < BRIDGE_SIDES; i++) {
		free(bridge->ways[i].collecting.frame);
		bridge_queue_done(&bridge->ways[i].queue);
	}
	file_news_clear(&bridge->news);
	free(bridge->channel_names);
}
