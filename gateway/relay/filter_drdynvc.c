/* The filter of drdynvc (MS-RDPEDYC): a dynamic channel whose name the rights do not open is refused towards the host, and
 * the client never hears of it. What goes through open channels is not looked at, only where it belongs: bytes of a
 * channel that nobody opened are thrown away, and so are, while nobody watches who must (four eyes), the client's on channels
 * that could carry input.
 */
#include "relay/channel_filter.h"

#include "rdp/drdynvc.h"
#include "relay/input_gate.h"

#include <stdlib.h>

/* A real host has about ten at once. */
#define CHANNELS_MOST 128

struct dynamic_channel {
	uint32_t id;
	bool open;
	bool controls;  /* it could carry input */
	uint8_t closes; /* of the host's that the client has not answered */
};

struct dynamic_channels {
	size_t count;
	struct dynamic_channel channels[CHANNELS_MOST];
};

static struct dynamic_channel *
find(struct dynamic_channels *all, uint32_t id)
{
	for (size_t i = 0; all != NULL && i < all->count; i++)
		if (all->channels[i].id == id)
			return &all->channels[i];
	return NULL;
}

static void
forget_if_over(struct dynamic_channels *all, struct dynamic_channel *channel)
{
	if (!channel->open && channel->closes == 0)
		*channel = all->channels[--all->count];
}

/* Room for one more: of those that are closed, one may be forgotten. */
static struct dynamic_channel *
room(struct dynamic_channels *all)
{
	struct dynamic_channel *room = NULL;

	if (all->count < CHANNELS_MOST)
		room = &all->channels[all->count++];
	for (size_t i = 0; i < all->count && room == NULL; i++)
		if (!all->channels[i].open)
			room = &all->channels[i];
	if (room != NULL)
		*room = (struct dynamic_channel){0};
	return room;
}

static bool
open_channel(struct channel_filter *filter, uint32_t id, bool controls)
{
	struct dynamic_channel *channel;

	if (filter->state == NULL)
		filter->state = calloc(1, sizeof(struct dynamic_channels));
	if (filter->state == NULL)
		return false;
	channel = find(filter->state, id);
	if (channel == NULL)
		channel = room(filter->state);
	if (channel == NULL)
		return false;
	channel->id = id;
	channel->open = true;
	channel->controls = controls;
	return true;
}

/* The host may use an id again before the client has answered that it was closed. */
static enum filter_verdict
judge_close(struct channel_filter *filter, const struct filter_pdu *pdu, uint32_t id)
{
	struct dynamic_channel *channel = find(filter->state, id);

	if (channel == NULL)
		return FILTER_DROP;
	if (pdu->from == SIDE_HOST) {
		channel->open = false;
		channel->closes += channel->closes < UINT8_MAX;
		return FILTER_PASS;
	}
	if (channel->closes > 0)
		channel->closes--;
	else
		channel->open = false;
	forget_if_over(filter->state, channel);
	return FILTER_PASS;
}

static bool
is_paused(const struct channel_filter *filter)
{
	return filter->gate != NULL && *filter->gate != NULL && (*filter->gate)->closed;
}

static enum filter_verdict
judge_data(struct channel_filter *filter, const struct filter_pdu *pdu, uint32_t id)
{
	const struct dynamic_channel *channel = find(filter->state, id);

	if (channel == NULL || !channel->open)
		return FILTER_DROP;
	return pdu->from == SIDE_CLIENT && channel->controls && is_paused(filter) ? FILTER_DROP
										  : FILTER_PASS;
}

static enum filter_verdict
judge(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct drdynvc_head head;

	if (drdynvc_head_parse(pdu->bytes, pdu->have, &head, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	switch (head.command) {
	case DRDYNVC_CREATE:
		return FILTER_WHOLE;
	case DRDYNVC_CLOSE:
		return judge_close(filter, pdu, head.channel);
	case DRDYNVC_CAPABILITY:
		return FILTER_PASS;
	case DRDYNVC_SOFT_SYNC_REQUEST:
	case DRDYNVC_SOFT_SYNC_RESPONSE:
		return FILTER_DROP; /* to other transports, which there are none of */
	default:
		return judge_data(filter, pdu, head.channel);
	}
}

static void
refuse(struct channel_filter *filter, uint32_t id)
{
	uint8_t bytes[DRDYNVC_CREATE_RESPONSE_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, bytes, sizeof(bytes));
	drdynvc_create_response_write(&writer, id, DRDYNVC_REFUSED);
	channel_filter_send(filter, SIDE_HOST, bytes, writer.len);
}

static enum filter_verdict
settle_request(
	struct channel_filter *filter, struct filter_pdu *pdu, const struct drdynvc_head *head)
{
	const char *name;
	uint32_t rights;

	if (drdynvc_create_parse(pdu->bytes, pdu->total, head, &name, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	rights = session_rights_of_dynamic(name, filter->channels);
	if (channel_filter_may(filter, rights) &&
		open_channel(filter, head->channel,
			(rights & (session_rights_of_control() | SESSION_TOUCH)) != 0))
		return FILTER_PASS;
	refuse(filter, head->channel);
	return FILTER_DROP;
}

static enum filter_verdict
settle_answer(
	struct channel_filter *filter, struct filter_pdu *pdu, const struct drdynvc_head *head)
{
	struct dynamic_channel *channel = find(filter->state, head->channel);
	uint32_t status;

	if (drdynvc_status_parse(pdu->bytes, pdu->total, head, &status, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	if (channel == NULL)
		return FILTER_DROP;
	if ((int32_t)status < 0) {
		channel->open = false;
		forget_if_over(filter->state, channel);
	}
	return FILTER_PASS;
}

static enum filter_verdict
settle(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct drdynvc_head head;

	if (drdynvc_head_parse(pdu->bytes, pdu->total, &head, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	return pdu->from == SIDE_HOST ? settle_request(filter, pdu, &head)
				      : settle_answer(filter, pdu, &head);
}

const struct channel_filter_ops filter_drdynvc = {
	.head_len = DRDYNVC_HEAD_MAX,
	.whole_max = DRDYNVC_CREATE_MAX,
	.judge = judge,
	.settle = settle,
	.free_state = free,
};
