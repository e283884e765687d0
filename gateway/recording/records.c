/* See records.h. In the worker, in sekisho-recorder, and in whoever reads recordings. */
#include "recording/records.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/utf_8.h"

#include <errno.h>
#include <string.h>

#define SEGMENT_FORM 1

enum maker {
	NOBODY,
	WORKER,
	RECORDER,
};

struct kind_row {
	const char *name;
	enum maker maker;
};

static const struct kind_row kinds[] = {
#define RECORD(name, number, who, text) [number] = {#name, who},
#include "recording/records.def"
#undef RECORD
};

static const char *const gaps[] = {
#define GAP(name, number, text) [number] = text,
#include "recording/gaps.def"
#undef GAP
};

const char *
recording_kind_name(unsigned int kind)
{
	return kind < ARRAY_SIZE(kinds) ? kinds[kind].name : NULL;
}

bool
recording_kind_is_workers(unsigned int kind)
{
	return kind < ARRAY_SIZE(kinds) && kinds[kind].maker == WORKER;
}

const char *
recording_gap_text(unsigned int why)
{
	return why < ARRAY_SIZE(gaps) && gaps[why] != NULL ? gaps[why] : "it is not known why";
}

void
recording_head_put(
	uint8_t room[RECORDING_HEAD_BYTES], enum recording_kind kind, uint32_t ms, uint32_t len)
{
	room[0] = (uint8_t)kind;
	bytes_put_u32le(room + 1, ms);
	bytes_put_u32le(room + 5, len);
}

int
recording_head_get(
	const uint8_t *bytes, size_t len, struct recording_record *ret_record, const char **ret_why)
{
	struct recording_record record;

	if (len == 0)
		return 0;
	if (recording_kind_name(bytes[0]) == NULL) {
		*ret_why = "a record of an unknown kind";
		return -EPROTO;
	}
	if (len < RECORDING_HEAD_BYTES)
		return 0;
	record = (struct recording_record){.kind = bytes[0],
		.ms = bytes_get_u32le(bytes + 1),
		.bytes = bytes + RECORDING_HEAD_BYTES,
		.len = bytes_get_u32le(bytes + 5)};
	if (record.len > RECORDING_RECORD_MOST) {
		*ret_why = "a record that is too long";
		return -EPROTO;
	}
	if (len - RECORDING_HEAD_BYTES < record.len)
		return 0;
	*ret_record = record;
	return (int)(RECORDING_HEAD_BYTES + record.len);
}

static void
read_channel(struct bytes_reader *reader, struct recording_channel *channel)
{
	const uint8_t *name = bytes_read(reader, RECORDING_CHANNEL_NAME);

	if (name != NULL)
		memcpy(channel->name, name, RECORDING_CHANNEL_NAME);
	channel->options = bytes_read_u32le(reader);
	channel->id = bytes_read_u16le(reader);
	channel->recorded = bytes_read_u8(reader) != 0;
}

int
recording_segment_get(const struct recording_record *record, struct recording_segment *ret_segment)
{
	struct recording_segment segment = {0};
	struct bytes_reader reader;
	uint8_t form;

	bytes_reader_init(&reader, record->bytes, record->len);
	form = bytes_read_u8(&reader);
	segment.mode = bytes_read_u8(&reader);
	segment.width = bytes_read_u16le(&reader);
	segment.height = bytes_read_u16le(&reader);
	segment.bits_per_pixel = bytes_read_u8(&reader);
	segment.user = bytes_read_u16le(&reader);
	segment.server = bytes_read_u16le(&reader);
	segment.io = bytes_read_u16le(&reader);
	segment.message = bytes_read_u16le(&reader);
	segment.channel_count = bytes_read_u8(&reader);
	if (reader.failed || form != SEGMENT_FORM || segment.mode > RECORDING_MEDIATED ||
		segment.channel_count > RECORDING_CHANNELS_MOST)
		return -EPROTO;
	for (size_t i = 0; i < segment.channel_count; i++)
		read_channel(&reader, &segment.channels[i]);
	if (reader.failed || bytes_left(&reader) > 0)
		return -EPROTO;
	*ret_segment = segment;
	return 0;
}

size_t
recording_segment_put(const struct recording_segment *segment, uint8_t *room)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, RECORDING_SEGMENT_MOST);
	bytes_write_u8(&writer, SEGMENT_FORM);
	bytes_write_u8(&writer, (uint8_t)segment->mode);
	bytes_write_u16le(&writer, segment->width);
	bytes_write_u16le(&writer, segment->height);
	bytes_write_u8(&writer, segment->bits_per_pixel);
	bytes_write_u16le(&writer, segment->user);
	bytes_write_u16le(&writer, segment->server);
	bytes_write_u16le(&writer, segment->io);
	bytes_write_u16le(&writer, segment->message);
	bytes_write_u8(&writer, segment->channel_count);
	for (size_t i = 0; i < segment->channel_count; i++) {
		const struct recording_channel *channel = &segment->channels[i];

		bytes_write(&writer, channel->name, RECORDING_CHANNEL_NAME);
		bytes_write_u32le(&writer, channel->options);
		bytes_write_u16le(&writer, channel->id);
		bytes_write_u8(&writer, channel->recorded);
	}
	return writer.len;
}

int
recording_gap_get(const struct recording_record *record, struct recording_gap *ret_gap)
{
	struct bytes_reader reader;

	if (record->len != RECORDING_GAP_BYTES)
		return -EPROTO;
	bytes_reader_init(&reader, record->bytes, record->len);
	ret_gap->why = bytes_read_u8(&reader);
	ret_gap->bytes = bytes_read_u64le(&reader);
	ret_gap->since_ms = bytes_read_u32le(&reader);
	return 0;
}

size_t
recording_gap_put(const struct recording_gap *gap, uint8_t *room)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, RECORDING_GAP_BYTES);
	bytes_write_u8(&writer, (uint8_t)gap->why);
	bytes_write_u64le(&writer, gap->bytes);
	bytes_write_u32le(&writer, gap->since_ms);
	return writer.len;
}

static bool
is_text(const uint8_t *bytes, size_t len)
{
	return len <= RECORDING_TEXT_MOST && memchr(bytes, '\0', len) == NULL &&
	       utf_8_is_valid((const char *)bytes, len);
}

int
recording_note_get(const struct recording_record *record, struct recording_note *ret_note)
{
	if (record->len < 1 || !is_text(record->bytes + 1, record->len - 1))
		return -EPROTO;
	ret_note->about = record->bytes[0];
	memcpy(ret_note->text, record->bytes + 1, record->len - 1);
	ret_note->text[record->len - 1] = '\0';
	return 0;
}

size_t
recording_note_put(enum recording_note_about about, const char *text, uint8_t *room)
{
	size_t len = strnlen(text, RECORDING_TEXT_MOST);

	while (len > 0 && !utf_8_is_valid(text, len))
		len--; /* cut in the middle of a character */
	room[0] = (uint8_t)about;
	memcpy(room + 1, text, len);
	return 1 + len;
}

int
recording_record_check(const struct recording_record *record)
{
	struct recording_segment segment;
	struct recording_note note;
	struct recording_gap gap;

	switch (record->kind) {
	case RECORDING_SEGMENT:
		return recording_segment_get(record, &segment);
	case RECORDING_GAP:
		return recording_gap_get(record, &gap);
	case RECORDING_NOTE:
		return recording_note_get(record, &note);
	case RECORDING_END:
		return is_text(record->bytes, record->len) ? 0 : -EPROTO;
	case RECORDING_FROM_HOST:
	case RECORDING_FROM_CLIENT:
		return record->len > 0 ? 0 : -EPROTO;
	default:
		return -EPROTO;
	}
}
