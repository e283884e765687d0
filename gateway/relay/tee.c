/* See tee.h. */
#include "relay/tee.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "rdp/auto_reconnect.h"
#include "rdp/mcs.h"
#include "rdp/share.h"
#include "relay/introduction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROOM_LEAST (64u << 10)
/* What record_link.c gathers, and the PDU that makes it enough. */
#define ROOM_KEPT (2 * ROOM_LEAST)
#define SAME_RECORD_MS 50 /* PDUs within so many ms share a record */
#define NO_RECORD SIZE_MAX

/* PDUs that came in part. */
struct tee_way {
	uint8_t *frame; /* FRAME_LEN_MAX, once it was needed */
	size_t have;
};

struct tee {
	struct tee_setup setup;
	uint16_t io[BRIDGE_SIDES];
	uint16_t user;     /* the client's, as it knows itself */
	uint16_t graphics; /* drdynvc's id; 0: none */
	struct tee_way ways[BRIDGE_SIDES];

	uint8_t *bytes;
	size_t at, len, size; /* at: those before are gone */
	size_t record_at;     /* the last record, or NO_RECORD */
	uint32_t record_ms;
	bool has_gap; /* something is being left out */
	struct recording_gap gap;
	bool gap_written; /* … and tee_take_gap has not told it yet */
	struct recording_gap written;
};

static bool
is_graphics(const struct gcc_channel *channel)
{
	return strcasecmp(channel->name, "drdynvc") == 0;
}

static void
fill_in_channels(struct recording_segment *segment, const struct gcc_client *client,
	const struct bridge *bridge)
{
	segment->channel_count = bridge->channel_count;
	for (size_t i = 0; i < bridge->channel_count; i++) {
		struct recording_channel *channel = &segment->channels[i];

		memcpy(channel->name, client->channels[i].name, RECORDING_CHANNEL_NAME);
		channel->options = client->channels[i].options;
		channel->id = bridge->channels[i].id[SIDE_CLIENT];
		channel->recorded =
			is_graphics(&client->channels[i]) && !bridge->channels[i].denied;
	}
}

/* Room for so many bytes behind what there is. Returns 0 or -ENOMEM. */
static int
make_room(struct tee *tee, size_t len)
{
	size_t size = tee->size < ROOM_LEAST ? ROOM_LEAST : tee->size;
	uint8_t *bytes;

	if (tee->len + len <= tee->size)
		return 0;
	if (tee->at > 0 && tee->len - tee->at + len <= tee->size) {
		memmove(tee->bytes, tee->bytes + tee->at, tee->len - tee->at);
		tee->record_at = tee->record_at != NO_RECORD && tee->record_at >= tee->at
					 ? tee->record_at - tee->at
					 : NO_RECORD;
		tee->len -= tee->at;
		tee->at = 0;
		return 0;
	}
	while (size < tee->len + len)
		size *= 2;
	bytes = malloc(size);
	if (bytes == NULL)
		return -ENOMEM;
	if (tee->len > 0)
		memcpy(bytes, tee->bytes, tee->len);
	if (tee->bytes != NULL)
		secret_wipe(tee->bytes, tee->len);
	free(tee->bytes);
	tee->bytes = bytes;
	tee->size = size;
	return 0;
}

static uint8_t *
put_record(struct tee *tee, enum recording_kind kind, const void *bytes, size_t len, uint32_t ms)
{
	uint8_t *at = tee->bytes + tee->len;

	tee->record_at = tee->len;
	tee->record_ms = ms;
	recording_head_put(at, kind, ms, (uint32_t)len);
	memcpy(at + RECORDING_HEAD_BYTES, bytes, len);
	tee->len += RECORDING_HEAD_BYTES + len;
	return at + RECORDING_HEAD_BYTES;
}

int
tee_new(const struct tee_setup *setup, const struct introduction *introduction,
	const struct bridge *bridge, uint32_t ms, struct tee **ret_tee)
{
	struct recording_segment segment = {
		.mode = setup->mediated ? RECORDING_MEDIATED : RECORDING_TRANSPARENT,
		.width = introduction->client.desktop_width,
		.height = introduction->client.desktop_height,
		.bits_per_pixel = (uint8_t)introduction->client.color_depth,
		.user = introduction->user,
		.server = INTRODUCTION_SERVER_USER,
		.io = bridge->io[SIDE_CLIENT],
		.message = bridge->message[SIDE_CLIENT],
	};
	struct tee *tee = calloc(1, sizeof(*tee));
	uint8_t room[RECORDING_SEGMENT_MOST];

	if (tee == NULL)
		return -ENOMEM;
	tee->setup = *setup;
	memcpy(tee->io, bridge->io, sizeof(tee->io));
	tee->user = introduction->user;
	tee->record_at = NO_RECORD;
	fill_in_channels(&segment, &introduction->client, bridge);
	for (size_t i = 0; i < segment.channel_count; i++)
		if (segment.channels[i].recorded)
			tee->graphics = segment.channels[i].id;
	if (make_room(tee, RECORDING_HEAD_BYTES + sizeof(room)) < 0) {
		tee_free(tee);
		return -ENOMEM;
	}
	(void)put_record(tee, RECORDING_SEGMENT, room, recording_segment_put(&segment, room), ms);
	*ret_tee = tee;
	return 0;
}

static void
drop_bytes(struct tee *tee)
{
	if (tee->bytes != NULL)
		secret_wipe(tee->bytes, tee->len);
	free(take_pointer(&tee->bytes));
	tee->at = tee->len = tee->size = 0;
	tee->record_at = NO_RECORD;
}

void
tee_free(struct tee *tee)
{
	if (tee == NULL)
		return;
	drop_bytes(tee);
	for (size_t i = 0; i < BRIDGE_SIDES; i++) {
		if (tee->ways[i].frame != NULL)
			secret_wipe(tee->ways[i].frame, FRAME_LEN_MAX);
		free(tee->ways[i].frame);
	}
	free(tee);
}

const uint8_t *
tee_waiting(const struct tee *tee, size_t *ret_len)
{
	*ret_len = tee->len - tee->at;
	return *ret_len == 0 ? NULL : tee->bytes + tee->at;
}

void
tee_gone(struct tee *tee, size_t len)
{
	tee->at += len;
	/* What a moment without a recorder needed is given back. */
	if (tee->at == tee->len && tee->size > ROOM_KEPT)
		drop_bytes(tee);
	else if (tee->at == tee->len)
		tee->at = tee->len = 0, tee->record_at = NO_RECORD;
}

bool
tee_is_full(const struct tee *tee)
{
	return tee->len - tee->at > TEE_MOST;
}

bool
tee_take_gap(struct tee *tee, struct recording_gap *ret_gap)
{
	bool written = tee->gap_written;

	*ret_gap = tee->written;
	tee->gap_written = false;
	return written;
}

static int
put_gap(struct tee *tee, uint32_t ms)
{
	uint8_t room[RECORDING_GAP_BYTES];

	if (!tee->has_gap)
		return 0;
	if (make_room(tee, RECORDING_HEAD_BYTES + sizeof(room)) < 0)
		return -ENOMEM;
	(void)put_record(tee, RECORDING_GAP, room, recording_gap_put(&tee->gap, room), ms);
	tee->written = tee->gap;
	tee->gap_written = true;
	tee->has_gap = false;
	return 0;
}

void
tee_finish(struct tee *tee, uint32_t ms)
{
	(void)put_gap(tee, ms);
}

static int
leave_out(struct tee *tee, size_t len, uint32_t ms)
{
	if (tee->setup.required)
		return -ENOMEM;
	if (!tee->has_gap)
		tee->gap = (struct recording_gap){.why = RECORDING_GAP_RELAY_FULL, .since_ms = ms};
	tee->has_gap = true;
	tee->gap.bytes += len;
	return 0;
}

/* After a gap, half of what may wait must be gone first: else there would be a gap for each PDU. */
static bool
has_room(const struct tee *tee)
{
	size_t waiting = tee->len - tee->at;

	return tee->setup.required || waiting <= (tee->has_gap ? TEE_MOST / 2 : TEE_MOST);
}

/* Returns where the PDU stands now, NULL if it was left out. */
static uint8_t *
append(struct tee *tee, enum recording_kind kind, const uint8_t *pdu, size_t len, uint32_t ms)
{
	struct recording_record last;
	const char *why;
	uint8_t *at;

	if (!has_room(tee) || put_gap(tee, ms) < 0 ||
		make_room(tee, RECORDING_HEAD_BYTES + len) < 0)
		return NULL;
	if (tee->record_at != NO_RECORD && tee->record_at >= tee->at &&
		ms - tee->record_ms < SAME_RECORD_MS &&
		recording_head_get(
			tee->bytes + tee->record_at, tee->len - tee->record_at, &last, &why) > 0 &&
		last.kind == kind && last.len + len <= RECORDING_RECORD_MOST) {
		recording_head_put(
			tee->bytes + tee->record_at, kind, last.ms, last.len + (uint32_t)len);
		at = tee->bytes + tee->len;
		memcpy(at, pdu, len);
		tee->len += len;
		return at;
	}
	return put_record(tee, kind, pdu, len, ms);
}

/* Who has the cookie may take the session over. */
static void
blank_cookies(uint8_t *frame, const struct mcs_send_data *data)
{
	uint8_t *payload = frame + data->payload_at;
	struct share_pdu pdu;
	const char *why;
	size_t at;

	for (size_t left = data->payload_len; left > 0;
		payload += pdu.total_len, left -= pdu.total_len) {
		if (share_kind_of(payload, left, left) != SHARE_KIND_SHARE ||
			share_parse(payload, left, left, &pdu, &why) != PARSE_OK)
			return;
		if (pdu.type == SHARE_DATA &&
			auto_reconnect_find(payload, left, &pdu, &at) == AUTO_RECONNECT_FOUND)
			auto_reconnect_put(payload + at, &(const struct auto_reconnect_cookie){0});
	}
}

static bool
is_input(const uint8_t *frame, const struct mcs_send_data *data)
{
	const uint8_t *payload = frame + data->payload_at;
	struct share_pdu pdu;
	const char *why;

	return share_kind_of(payload, data->payload_len, data->payload_len) == SHARE_KIND_SHARE &&
	       share_parse(payload, data->payload_len, data->payload_len, &pdu, &why) == PARSE_OK &&
	       pdu.type == SHARE_DATA && pdu.data_type == SHARE_DATA_INPUT;
}

static bool
is_recorded(const struct tee *tee, enum side from, const uint8_t *frame,
	const struct mcs_send_data *data)
{
	if (from == SIDE_CLIENT)
		return data->channel == tee->io[SIDE_HOST] && is_input(frame, data);
	return data->channel == tee->io[SIDE_CLIENT] ||
	       (data->channel == tee->graphics && tee->graphics != 0);
}

static int
take_slow(struct tee *tee, enum side from, const uint8_t *frame, size_t len, uint32_t ms)
{
	enum recording_kind kind =
		from == SIDE_CLIENT ? RECORDING_FROM_CLIENT : RECORDING_FROM_HOST;
	struct mcs_send_data data;
	const char *why;
	uint8_t *kept;

	/* The last PDU of a session is none of these, and nothing that a picture needs. */
	if (mcs_send_data_parse(frame, len, (uint16_t)len, &data, &why) != PARSE_OK ||
		!is_recorded(tee, from, frame, &data))
		return 0;
	kept = append(tee, kind, frame, len, ms);
	if (kept == NULL)
		return leave_out(tee, len, ms);
	if (from == SIDE_CLIENT) {
		mcs_put_channel(kept, tee->io[SIDE_CLIENT]);
		mcs_put_initiator(kept, tee->user);
	} else if (data.channel == tee->io[SIDE_CLIENT]) {
		blank_cookies(kept, &data);
	}
	return 0;
}

static int
take_pdu(struct tee *tee, enum side from, const uint8_t *frame, const struct frame *head,
	uint32_t ms)
{
	enum recording_kind kind =
		from == SIDE_CLIENT ? RECORDING_FROM_CLIENT : RECORDING_FROM_HOST;

	if (head->kind != FRAME_FAST_PATH)
		return take_slow(tee, from, frame, head->len, ms);
	if (append(tee, kind, frame, head->len, ms) == NULL)
		return leave_out(tee, head->len, ms);
	return 0;
}

/* Goes on with a PDU that came in part. Returns how many bytes belong to it, or -ENOMEM. */
static ssize_t
collect(struct tee *tee, enum side from, const uint8_t *bytes, size_t len, uint32_t ms)
{
	struct tee_way *way = &tee->ways[from];
	struct frame head;
	size_t take = 1;

	if (way->frame == NULL)
		way->frame = malloc(FRAME_LEN_MAX);
	if (way->frame == NULL)
		return -ENOMEM;
	/* Until its length is known, byte by byte. */
	if (frame_parse(way->frame, way->have, &head) == PARSE_OK)
		take = head.len - way->have < len ? head.len - way->have : len;
	memcpy(way->frame + way->have, bytes, take);
	way->have += take;
	switch (frame_parse(way->frame, way->have, &head)) {
	case PARSE_NEED_MORE:
		return (ssize_t)take;
	case PARSE_BAD: /* which passes no bridge */
		way->have = 0;
		return (ssize_t)take;
	case PARSE_OK:
		break;
	}
	if (way->have < head.len)
		return (ssize_t)take;
	way->have = 0;
	return take_pdu(tee, from, way->frame, &head, ms) < 0 ? -ENOMEM : (ssize_t)take;
}

int
tee_take(struct tee *tee, enum side from, const uint8_t *bytes, size_t len, uint32_t ms)
{
	struct tee_way *way = &tee->ways[from];
	struct frame head;
	ssize_t taken;

	if (from == SIDE_CLIENT && !tee->setup.with_input)
		return 0;
	while (len > 0) {
		if (way->have == 0 && frame_parse(bytes, len, &head) == PARSE_OK && head.len <= len)
			taken = take_pdu(tee, from, bytes, &head, ms) < 0 ? -ENOMEM : head.len;
		else
			taken = collect(tee, from, bytes, len, ms);
		if (taken < 0)
			return (int)taken;
		bytes += taken;
		len -= (size_t)taken;
	}
	return 0;
}
