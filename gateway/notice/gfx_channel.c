/* See gfx_channel.h. Numbers in brackets are sections of MS-RDPEDYC, and of MS-RDPEGFX where that is said. */
#include "notice/gfx_channel.h"

#include "rdp/channel_chunk.h"
#include "rdp/drdynvc.h"

#include <errno.h>
#include <freerdp/codec/zgfx.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PDU_MOST 65536     /* of drdynvc from a host that does not cut where others do */
#define SEGMENT_MOST 65535 /* MS-RDPEGFX 2.2.5.1 */
#define SEGMENT_ONE 0xe0   /* … */
#define SEGMENT_SEVERAL 0xe1
#define SEGMENT_RDP8 0x04 /* 2.2.5.3: of this kind, and not compressed */

enum passing {
	PASSING_NOTHING, /* no PDU is under way */
	PASSING_ON,      /* one that is none of ours: chunks pass */
	PASSING_HELD,    /* one that is, in several chunks: they are collected */
};

struct gfx_channel {
	gfx_channel_send *send;
	void *owner;
	pthread_mutex_t lock; /* around everything */
	struct gfx_overlay *overlay;
	ZGFX_CONTEXT *zgfx;
	bool is_open;
	bool is_lost; /* it cannot be followed */
	bool is_ours; /* something of ours was sent: the host's compression is of no use any more */
	uint32_t id;

	enum passing passing;
	struct gfx_bytes pdu; /* in several chunks */

	bool in_message, holds; /* … and its PDUs wait until it is whole */
	size_t total;           /* of the message */
	struct gfx_bytes message;
};

struct gfx_channel *
gfx_channel_new(gfx_channel_send *send, void *owner)
{
	struct gfx_channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		return NULL;
	channel->send = send;
	channel->owner = owner;
	(void)pthread_mutex_init(&channel->lock, NULL);
	channel->overlay = gfx_overlay_new();
	channel->zgfx = zgfx_context_new(FALSE);
	if (channel->overlay == NULL || channel->zgfx == NULL) {
		gfx_channel_free(channel);
		return NULL;
	}
	return channel;
}

void
gfx_channel_free(struct gfx_channel *channel)
{
	if (channel == NULL)
		return;
	gfx_overlay_free(channel->overlay);
	zgfx_context_free(channel->zgfx);
	free(channel->pdu.bytes);
	free(channel->message.bytes);
	(void)pthread_mutex_destroy(&channel->lock);
	free(channel);
}

/* What a large picture needed is not kept for the next small one. */
static void
empty(struct gfx_bytes *out)
{
	if (out->size > PDU_MOST) {
		free(out->bytes);
		*out = (struct gfx_bytes){0};
	}
	out->len = 0;
}

/* To the client */

static uint8_t
length_code(uint32_t value)
{
	return value <= 0xff ? 0 : value <= 0xffff ? 1 : 2;
}

static void
write_coded(struct bytes_writer *writer, uint8_t code, uint32_t value)
{
	if (code == 0)
		bytes_write_u8(writer, (uint8_t)value);
	else if (code == 1)
		bytes_write_u16le(writer, (uint16_t)value);
	else
		bytes_write_u32le(writer, value);
}

/* A message of `total` bytes, or the first `len` of it, in PDUs (2.2.3.1, 2.2.3.2): one of them says its length, if it takes
 * several. */
static int
send_part(struct gfx_channel *channel, const uint8_t *bytes, size_t len, size_t total)
{
	uint8_t id_code = length_code(channel->id), len_code = length_code((uint32_t)total);
	uint8_t pdu[CHUNK_DATA_MAX];
	size_t at = 0;

	do {
		bool first = at == 0 && (len < total || len + DRDYNVC_HEAD_MAX > sizeof(pdu));
		struct bytes_writer writer;
		size_t part;

		bytes_writer_init(&writer, pdu, sizeof(pdu));
		bytes_write_u8(&writer, (uint8_t)((first ? DRDYNVC_DATA_FIRST << 4 | len_code << 2
							 : DRDYNVC_DATA << 4) |
						  id_code));
		write_coded(&writer, id_code, channel->id);
		if (first)
			write_coded(&writer, len_code, (uint32_t)total);
		part = sizeof(pdu) - writer.len;
		part = part < len - at ? part : len - at;
		bytes_write(&writer, bytes + at, part);
		at += part;
		if (!channel->send(channel->owner, pdu, writer.len))
			return -ECONNRESET;
	} while (at < len);
	return 0;
}

static int
send_message(struct gfx_channel *channel, const uint8_t *bytes, size_t len)
{
	return send_part(channel, bytes, len, len);
}

static int
add_segment(struct gfx_bytes *out, const uint8_t *bytes, size_t len, bool is_one)
{
	uint8_t room[8];
	struct bytes_writer writer;
	int r;

	bytes_writer_init(&writer, room, sizeof(room));
	if (!is_one)
		bytes_write_u32le(&writer, (uint32_t)len + 1);
	bytes_write_u8(&writer, SEGMENT_RDP8);
	r = gfx_bytes_add(out, room, writer.len);
	return r < 0 ? r : gfx_bytes_add(out, bytes, len);
}

/* Graphics PDUs in segments (MS-RDPEGFX 2.2.5), none of them compressed. */
static int
send_graphics(struct gfx_channel *channel, const struct gfx_bytes *graphics)
{
	size_t count = (graphics->len + SEGMENT_MOST - 1) / SEGMENT_MOST;
	struct gfx_bytes message = {0};
	uint8_t room[8];
	struct bytes_writer writer;
	int r;

	if (count == 0)
		return 0;
	if (count > UINT16_MAX)
		return -EMSGSIZE;
	bytes_writer_init(&writer, room, sizeof(room));
	bytes_write_u8(&writer, count <= 1 ? SEGMENT_ONE : SEGMENT_SEVERAL);
	if (count > 1) {
		bytes_write_u16le(&writer, (uint16_t)count);
		bytes_write_u32le(&writer, (uint32_t)graphics->len);
	}
	r = gfx_bytes_add(&message, room, writer.len);
	for (size_t at = 0; at < graphics->len && r == 0; at += SEGMENT_MOST) {
		size_t left = graphics->len - at;

		r = add_segment(&message, graphics->bytes + at,
			left < SEGMENT_MOST ? left : SEGMENT_MOST, count == 1);
	}
	channel->is_ours = true;
	if (r == 0)
		r = send_message(channel, message.bytes, message.len);
	free(message.bytes);
	return r;
}

/* Between two messages, and not between the chunks of a PDU that pass. */
static int
take_turn(struct gfx_channel *channel)
{
	struct gfx_bytes ours = {0};
	int r;

	if (!channel->is_open || channel->is_lost || channel->in_message ||
		channel->passing == PASSING_ON)
		return 0;
	r = gfx_overlay_turn(channel->overlay, &ours);
	if (r == 0 && ours.len > 0)
		r = send_graphics(channel, &ours);
	free(ours.bytes);
	return r;
}

/* From the host */

/* It goes on as it is, if what the client has is still what the host thinks; with what was held of a message that is under way. */
static int
lose(struct gfx_channel *channel)
{
	int r = 0;

	channel->is_lost = true;
	if (channel->is_ours)
		return -EPROTO;
	if (channel->in_message && channel->holds && channel->message.len > 0)
		r = send_part(
			channel, channel->message.bytes, channel->message.len, channel->total);
	channel->in_message = false;
	empty(&channel->message);
	return r;
}

/* Segments become up to some thousand times as many bytes (MS-RDPEGFX 2.2.5.1): how many they say they are, before they do. */
static bool
is_too_large(const struct gfx_bytes *message)
{
	struct bytes_reader reader;
	uint32_t size;

	if (message->len == 0 || message->bytes[0] != SEGMENT_SEVERAL)
		return false;
	bytes_reader_init(&reader, message->bytes + 1, message->len - 1);
	(void)bytes_read_u16le(&reader);
	size = bytes_read_u32le(&reader);
	return reader.failed || size > GFX_CHANNEL_MESSAGE_MOST;
}

/* Of a message that has passed already there is nothing to be sent. */
static int
hear_graphics(struct gfx_channel *channel, const uint8_t *graphics, size_t len)
{
	struct gfx_bytes out = {0};
	int r = gfx_overlay_from_host(channel->overlay, graphics, len, &out);

	if (r == 0 && channel->holds) {
		if (channel->is_ours || out.len != len)
			r = send_graphics(channel, &out);
		else
			r = send_message(channel, channel->message.bytes, channel->message.len);
	}
	free(out.bytes);
	return r;
}

static int
hear_message(struct gfx_channel *channel)
{
	BYTE *graphics = NULL;
	UINT32 len = 0;
	int r;

	if (is_too_large(&channel->message) ||
		zgfx_decompress(channel->zgfx, channel->message.bytes, (UINT32)channel->message.len,
			&graphics, &len, 0) < 0)
		r = lose(channel);
	else
		r = hear_graphics(channel, graphics, len);
	free(graphics);
	channel->in_message = false;
	empty(&channel->message);
	return r < 0 ? r : take_turn(channel);
}

static int
begin_message(struct gfx_channel *channel, size_t total)
{
	if (channel->in_message || total > GFX_CHANNEL_MESSAGE_MOST)
		return lose(channel);
	channel->in_message = true;
	channel->holds = channel->is_ours || gfx_overlay_is_wanted(channel->overlay);
	channel->total = total;
	return 0;
}

/* The data of one PDU; several may be a message. Returns as gfx_channel_from_host. */
static int
hear_data(struct gfx_channel *channel, const uint8_t *pdu, size_t len,
	const struct drdynvc_head *head)
{
	struct bytes_reader reader;
	bool held;
	int r = 0;

	bytes_reader_init(&reader, pdu, len);
	(void)bytes_read(&reader, head->len);
	if (head->command == DRDYNVC_DATA_FIRST) {
		uint8_t code = pdu[0] >> 2 & 3;
		uint32_t total = code == 0   ? bytes_read_u8(&reader)
				 : code == 1 ? bytes_read_u16le(&reader)
					     : bytes_read_u32le(&reader);

		r = begin_message(channel, total);
	} else if (!channel->in_message) {
		r = begin_message(channel, bytes_left(&reader));
	}
	if (r == 0 && !channel->is_lost &&
		(reader.failed || channel->message.len + bytes_left(&reader) > channel->total))
		r = lose(channel);
	if (r < 0 || channel->is_lost)
		return r < 0 ? r : 1;
	held = channel->holds;
	r = gfx_bytes_add(&channel->message, reader.at, bytes_left(&reader));
	if (r < 0 || channel->message.len < channel->total)
		return r < 0 ? r : held ? 0 : 1;
	if (!held && gfx_overlay_is_wanted(channel->overlay)) {
		/* Since this message began: what is ours comes behind its end. */
		if (!channel->send(channel->owner, pdu, len))
			return -ECONNRESET;
		held = true;
	}
	r = hear_message(channel);
	return r < 0 ? r : held ? 0 : 1;
}

static void
open_channel(struct gfx_channel *channel, uint32_t id)
{
	gfx_overlay_restart(channel->overlay);
	zgfx_context_reset(channel->zgfx, TRUE);
	channel->is_open = true;
	channel->is_lost = channel->is_ours = channel->in_message = false;
	channel->id = id;
	empty(&channel->message);
}

/* A whole PDU. */
static int
hear_pdu(struct gfx_channel *channel, const uint8_t *pdu, size_t len)
{
	struct drdynvc_head head;
	const char *name;

	if (drdynvc_head_parse(pdu, len, &head, NULL) != PARSE_OK)
		return 1;
	if (head.command == DRDYNVC_CREATE) {
		if (drdynvc_create_parse(pdu, len, &head, &name, NULL) == PARSE_OK &&
			strcmp(name, GFX_CHANNEL) == 0)
			open_channel(channel, head.channel);
		return 1;
	}
	if (!channel->is_open || channel->is_lost || head.channel != channel->id)
		return 1;
	switch (head.command) {
	case DRDYNVC_DATA_FIRST:
	case DRDYNVC_DATA:
		return hear_data(channel, pdu, len, &head);
	case DRDYNVC_DATA_FIRST_COMPRESSED:
	case DRDYNVC_DATA_COMPRESSED:
		return lose(channel) < 0 ? -EPROTO : 1;
	case DRDYNVC_CLOSE:
		channel->is_open = false;
		gfx_overlay_restart(channel->overlay);
		return 1;
	default:
		return 1;
	}
}

/* Of a PDU that comes in several chunks those of our channel are collected: the first one says whose it is. */
static int
hear_chunk(struct gfx_channel *channel, uint32_t flags, const uint8_t *bytes, size_t len)
{
	struct drdynvc_head head;
	int r;

	if ((flags & CHUNK_FIRST) != 0 && channel->passing == PASSING_ON) {
		channel->passing = PASSING_NOTHING;
		r = take_turn(channel);
		if (r < 0)
			return r;
	}
	if ((flags & (CHUNK_FIRST | CHUNK_LAST)) == (CHUNK_FIRST | CHUNK_LAST))
		return hear_pdu(channel, bytes, len);
	if ((flags & CHUNK_FIRST) != 0) {
		bool is_gfx = channel->is_open && !channel->is_lost &&
			      drdynvc_head_parse(bytes, len, &head, NULL) == PARSE_OK &&
			      head.channel == channel->id &&
			      (head.command == DRDYNVC_DATA_FIRST || head.command == DRDYNVC_DATA);

		channel->passing = is_gfx ? PASSING_HELD : PASSING_ON;
		channel->pdu.len = 0;
	}
	if (channel->passing != PASSING_HELD)
		return 1;
	if (len > PDU_MOST - channel->pdu.len)
		return -EPROTO;
	r = gfx_bytes_add(&channel->pdu, bytes, len);
	if (r < 0 || (flags & CHUNK_LAST) == 0)
		return r;
	channel->passing = PASSING_NOTHING;
	r = hear_pdu(channel, channel->pdu.bytes, channel->pdu.len);
	if (r == 1)
		r = channel->send(channel->owner, channel->pdu.bytes, channel->pdu.len)
			    ? 0
			    : -ECONNRESET;
	return r;
}

int
gfx_channel_from_host(struct gfx_channel *channel, uint32_t flags, const uint8_t *bytes, size_t len)
{
	int r;

	(void)pthread_mutex_lock(&channel->lock);
	r = hear_chunk(channel, flags, bytes, len);
	(void)pthread_mutex_unlock(&channel->lock);
	return r;
}

/* Only what fits in one PDU: acknowledgements do. */
static int
hear_client(struct gfx_channel *channel, uint32_t flags, uint8_t *bytes, size_t *len)
{
	struct drdynvc_head head;
	size_t before;

	if (!channel->is_ours || channel->is_lost ||
		(flags & (CHUNK_FIRST | CHUNK_LAST)) != (CHUNK_FIRST | CHUNK_LAST) ||
		drdynvc_head_parse(bytes, *len, &head, NULL) != PARSE_OK ||
		head.command != DRDYNVC_DATA || head.channel != channel->id)
		return 1;
	before = *len - head.len;
	*len = gfx_overlay_from_client(channel->overlay, bytes + head.len, before);
	if (*len == 0 && before > 0)
		return 0;
	*len += head.len;
	return 1;
}

int
gfx_channel_from_client(struct gfx_channel *channel, uint32_t flags, uint8_t *bytes, size_t *len)
{
	int r;

	(void)pthread_mutex_lock(&channel->lock);
	r = hear_client(channel, flags, bytes, len);
	(void)pthread_mutex_unlock(&channel->lock);
	return r;
}

/* The picture */

int
gfx_channel_show(struct gfx_channel *channel, const uint8_t *pixels, uint16_t width,
	uint16_t height, uint32_t x, uint32_t y)
{
	int r;

	(void)pthread_mutex_lock(&channel->lock);
	r = gfx_overlay_show(channel->overlay, pixels, width, height, x, y);
	if (r == 0)
		r = take_turn(channel);
	(void)pthread_mutex_unlock(&channel->lock);
	return r;
}

int
gfx_channel_hide(struct gfx_channel *channel)
{
	int r;

	(void)pthread_mutex_lock(&channel->lock);
	gfx_overlay_hide(channel->overlay);
	r = take_turn(channel);
	(void)pthread_mutex_unlock(&channel->lock);
	return r;
}

static enum gfx_use
use_of(const struct gfx_channel *channel)
{
	if (!channel->is_open)
		return GFX_UNUSED;
	if (channel->is_lost || gfx_overlay_is_lost(channel->overlay))
		return GFX_UNFOLLOWED;
	return gfx_overlay_is_used(channel->overlay) ? GFX_USED : GFX_BEGINS;
}

enum gfx_use
gfx_channel_use(struct gfx_channel *channel)
{
	enum gfx_use use;

	(void)pthread_mutex_lock(&channel->lock);
	use = use_of(channel);
	(void)pthread_mutex_unlock(&channel->lock);
	return use;
}

bool
gfx_channel_is_shown(struct gfx_channel *channel)
{
	bool is_shown;

	(void)pthread_mutex_lock(&channel->lock);
	is_shown = gfx_overlay_is_shown(channel->overlay);
	(void)pthread_mutex_unlock(&channel->lock);
	return is_shown;
}

/* Of the thread that hears the host: it alone changes what this says. */
void
gfx_channel_desktop(struct gfx_channel *channel, struct gfx_desktop *ret_desktop)
{
	gfx_overlay_desktop(channel->overlay, ret_desktop);
}
