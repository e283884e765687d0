/* MCS domain PDUs; see mcs.h. The bytes come from clients and jump hosts. The encodings are fixed
 * bit patterns of aligned PER: six bits of choice, then optional bits and enumerations that run on
 * into the second octet. */
#include "rdp/mcs.h"

#include "rdp/per.h"
#include "rdp/x224.h"

enum {
	CHOICE_SHIFT = 2,
	OPTIONAL_PRESENT = 0x02,    /* the initiator of a confirm, the channel of a join confirm */
	PRIORITY_HIGH_WHOLE = 0x70, /* dataPriority high, segmentation begin and end */
	SEGMENTATION_WHOLE = 0x30,
	LENGTH_AT = 13, /* of a Send Data PDU's payload */
};

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static enum mcs_kind
choice_kind(uint8_t choice)
{
	switch (choice) {
	case MCS_ERECT_DOMAIN_REQUEST:
	case MCS_DISCONNECT_ULTIMATUM:
	case MCS_ATTACH_USER_REQUEST:
	case MCS_ATTACH_USER_CONFIRM:
	case MCS_CHANNEL_JOIN_REQUEST:
	case MCS_CHANNEL_JOIN_CONFIRM:
	case MCS_SEND_DATA_REQUEST:
	case MCS_SEND_DATA_INDICATION:
		return (enum mcs_kind)choice;
	default:
		return MCS_OTHER;
	}
}

enum mcs_kind
mcs_kind_of(const uint8_t *frame, size_t have)
{
	const uint8_t *pdu = frame + X224_DATA_LEN;

	if (!x224_is_data(frame, have) || have == X224_DATA_LEN)
		return MCS_OTHER;
	if (pdu[0] != 0x7f)
		return choice_kind(pdu[0] >> CHOICE_SHIFT);
	if (have > X224_DATA_LEN + 1 && pdu[1] == MCS_CONNECT_INITIAL)
		return MCS_CONNECT_INITIAL;
	if (have > X224_DATA_LEN + 1 && pdu[1] == MCS_CONNECT_RESPONSE)
		return MCS_CONNECT_RESPONSE;
	return MCS_OTHER;
}

/* Payload length, in either form. FreeRDP writes lengths up to 32,767 in 15 bits where PER would
 * fragment; since the length must fill the frame, that reading is unambiguous. */
static bool
payload_fills(const uint8_t *frame, size_t have, uint16_t frame_len, uint16_t *ret_at)
{
	if (have <= LENGTH_AT)
		return false;
	*ret_at = LENGTH_AT + 1;
	if ((frame[LENGTH_AT] & 0x80) == 0)
		return frame[LENGTH_AT] + LENGTH_AT + 1 == frame_len;
	if (have <= LENGTH_AT + 1)
		return false;
	*ret_at = LENGTH_AT + 2;
	return ((frame[LENGTH_AT] & 0x7f) << 8 | frame[LENGTH_AT + 1]) + LENGTH_AT + 2 == frame_len;
}

enum parse_result
mcs_send_data_parse(const uint8_t *frame, size_t have, uint16_t frame_len,
	struct mcs_send_data *ret_data, const char **ret_why)
{
	enum mcs_kind kind = mcs_kind_of(frame, have);
	uint16_t at;
	uint32_t user;

	if (kind != MCS_SEND_DATA_REQUEST && kind != MCS_SEND_DATA_INDICATION)
		return bad(ret_why, "not an MCS Send Data PDU");
	if (have > frame_len)
		have = frame_len;
	if (!payload_fills(frame, have, frame_len, &at))
		return bad(ret_why, "MCS payload length does not fill the frame");
	if ((frame[LENGTH_AT - 1] & SEGMENTATION_WHOLE) != SEGMENTATION_WHOLE)
		return bad(ret_why, "MCS PDU is segmented");
	user = (uint32_t)bytes_get_u16be(frame + MCS_INITIATOR_AT) + MCS_USER_BASE;
	if (user > UINT16_MAX)
		return bad(ret_why, "MCS user id out of range");
	*ret_data = (struct mcs_send_data){
		.kind = kind,
		.initiator = (uint16_t)user,
		.channel = bytes_get_u16be(frame + MCS_CHANNEL_AT),
		.payload_at = at,
		.payload_len = (uint16_t)(frame_len - at),
	};
	return PARSE_OK;
}

void
mcs_put_initiator(uint8_t *frame, uint16_t user)
{
	bytes_put_u16be(frame + MCS_INITIATOR_AT, (uint16_t)(user - MCS_USER_BASE));
}

void
mcs_put_channel(uint8_t *frame, uint16_t channel)
{
	bytes_put_u16be(frame + MCS_CHANNEL_AT, channel);
}

static void
write_user(struct bytes_writer *writer, uint16_t user)
{
	bytes_write_u16be(writer, (uint16_t)(user - MCS_USER_BASE));
}

size_t
mcs_send_data_begin(
	struct bytes_writer *writer, enum mcs_kind kind, uint16_t user, uint16_t channel)
{
	size_t begin = x224_data_begin(writer);

	bytes_write_u8(writer, (uint8_t)(kind << CHOICE_SHIFT));
	write_user(writer, user);
	bytes_write_u16be(writer, channel);
	bytes_write_u8(writer, PRIORITY_HIGH_WHOLE);
	per_write_length(writer, 0);
	return begin;
}

void
mcs_send_data_end(struct bytes_writer *writer, size_t begin)
{
	size_t len = writer->len - begin - MCS_SEND_DATA_HEAD_MAX;

	if (writer->failed || len > PER_LENGTH_MAX) {
		writer->failed = true;
		return;
	}
	per_put_length(writer->start + begin + LENGTH_AT, len);
	x224_data_end(writer, begin);
}

void
mcs_send_data_write(struct bytes_writer *writer, enum mcs_kind kind, uint16_t user,
	uint16_t channel, const void *payload, size_t len)
{
	size_t begin = mcs_send_data_begin(writer, kind, user, channel);

	bytes_write(writer, payload, len);
	mcs_send_data_end(writer, begin);
}

/* Opens a frame that must carry this PDU; the reader stands behind the first octet, which is also
 * returned for the bits in it. */
static enum parse_result
open_pdu(const uint8_t *frame, size_t len, enum mcs_kind kind, struct bytes_reader *ret_reader,
	uint8_t *ret_first)
{
	if (mcs_kind_of(frame, len) != kind || !x224_data_open(frame, len, ret_reader))
		return PARSE_BAD;
	*ret_first = bytes_read_u8(ret_reader);
	return PARSE_OK;
}

static enum parse_result
at_end(const struct bytes_reader *reader)
{
	return reader->failed || bytes_left(reader) > 0 ? PARSE_BAD : PARSE_OK;
}

static uint16_t
read_user(struct bytes_reader *reader)
{
	uint32_t user = (uint32_t)bytes_read_u16be(reader) + MCS_USER_BASE;

	if (user > UINT16_MAX)
		reader->failed = true;
	return (uint16_t)user;
}

/* Result, T.125 7 part 11: four bits, one of them in the first octet. */
static uint8_t
read_result(struct bytes_reader *reader, uint8_t first)
{
	return (uint8_t)((first & 1) << 3 | bytes_read_u8(reader) >> 5);
}

enum parse_result
mcs_erect_domain_parse(const uint8_t *frame, size_t len)
{
	struct bytes_reader reader;
	uint8_t first;

	if (open_pdu(frame, len, MCS_ERECT_DOMAIN_REQUEST, &reader, &first) != PARSE_OK)
		return PARSE_BAD;
	/* Two integers of one to four octets; rdesktop writes them without sense. */
	return bytes_left(&reader) < 4 || bytes_left(&reader) > 10 ? PARSE_BAD : PARSE_OK;
}

static void
write_frame(struct bytes_writer *writer, const void *pdu, size_t len)
{
	size_t begin = x224_data_begin(writer);

	bytes_write(writer, pdu, len);
	x224_data_end(writer, begin);
}

void
mcs_erect_domain_write(struct bytes_writer *writer)
{
	static const uint8_t pdu[] = {MCS_ERECT_DOMAIN_REQUEST << CHOICE_SHIFT, 1, 0, 1, 0};

	write_frame(writer, pdu, sizeof(pdu));
}

enum parse_result
mcs_attach_user_request_parse(const uint8_t *frame, size_t len)
{
	struct bytes_reader reader;
	uint8_t first;

	if (open_pdu(frame, len, MCS_ATTACH_USER_REQUEST, &reader, &first) != PARSE_OK)
		return PARSE_BAD;
	return at_end(&reader);
}

void
mcs_attach_user_request_write(struct bytes_writer *writer)
{
	static const uint8_t pdu[] = {MCS_ATTACH_USER_REQUEST << CHOICE_SHIFT};

	write_frame(writer, pdu, sizeof(pdu));
}

enum parse_result
mcs_attach_user_confirm_parse(const uint8_t *frame, size_t len, uint16_t *ret_user)
{
	struct bytes_reader reader;
	uint8_t first;

	if (open_pdu(frame, len, MCS_ATTACH_USER_CONFIRM, &reader, &first) != PARSE_OK)
		return PARSE_BAD;
	if ((first & OPTIONAL_PRESENT) == 0 || read_result(&reader, first) != 0)
		return PARSE_BAD;
	*ret_user = read_user(&reader);
	return at_end(&reader);
}

void
mcs_attach_user_confirm_write(struct bytes_writer *writer, uint16_t user)
{
	size_t begin = x224_data_begin(writer);

	bytes_write_u8(writer, MCS_ATTACH_USER_CONFIRM << CHOICE_SHIFT | OPTIONAL_PRESENT);
	bytes_write_u8(writer, 0);
	write_user(writer, user);
	x224_data_end(writer, begin);
}

enum parse_result
mcs_channel_join_request_parse(
	const uint8_t *frame, size_t len, uint16_t *ret_user, uint16_t *ret_channel)
{
	struct bytes_reader reader;
	uint8_t first;

	if (open_pdu(frame, len, MCS_CHANNEL_JOIN_REQUEST, &reader, &first) != PARSE_OK)
		return PARSE_BAD;
	*ret_user = read_user(&reader);
	*ret_channel = bytes_read_u16be(&reader);
	return at_end(&reader);
}

void
mcs_channel_join_request_write(struct bytes_writer *writer, uint16_t user, uint16_t channel)
{
	size_t begin = x224_data_begin(writer);

	bytes_write_u8(writer, MCS_CHANNEL_JOIN_REQUEST << CHOICE_SHIFT);
	write_user(writer, user);
	bytes_write_u16be(writer, channel);
	x224_data_end(writer, begin);
}

enum parse_result
mcs_channel_join_confirm_parse(
	const uint8_t *frame, size_t len, struct mcs_channel_join_confirm *ret_confirm)
{
	struct bytes_reader reader;
	uint8_t first;

	if (open_pdu(frame, len, MCS_CHANNEL_JOIN_CONFIRM, &reader, &first) != PARSE_OK)
		return PARSE_BAD;
	ret_confirm->result = read_result(&reader, first);
	ret_confirm->user = read_user(&reader);
	ret_confirm->requested = bytes_read_u16be(&reader);
	ret_confirm->channel = (first & OPTIONAL_PRESENT) != 0 ? bytes_read_u16be(&reader) : 0;
	return at_end(&reader);
}

void
mcs_channel_join_confirm_write(struct bytes_writer *writer, uint16_t user, uint16_t channel)
{
	size_t begin = x224_data_begin(writer);

	bytes_write_u8(writer, MCS_CHANNEL_JOIN_CONFIRM << CHOICE_SHIFT | OPTIONAL_PRESENT);
	bytes_write_u8(writer, 0);
	write_user(writer, user);
	bytes_write_u16be(writer, channel);
	bytes_write_u16be(writer, channel);
	x224_data_end(writer, begin);
}

/* The reason has three bits: two of the first octet, one of the second. */
enum parse_result
mcs_disconnect_parse(const uint8_t *frame, size_t len, enum mcs_reason *ret_reason)
{
	struct bytes_reader reader;
	uint8_t first, reason;

	if (open_pdu(frame, len, MCS_DISCONNECT_ULTIMATUM, &reader, &first) != PARSE_OK)
		return PARSE_BAD;
	reason = (uint8_t)((first & 3) << 1 | bytes_read_u8(&reader) >> 7);
	if (reason > MCS_CHANNEL_PURGED)
		return PARSE_BAD;
	*ret_reason = (enum mcs_reason)reason;
	return at_end(&reader);
}

void
mcs_disconnect_write(struct bytes_writer *writer, enum mcs_reason reason)
{
	const uint8_t pdu[] = {
		(uint8_t)(MCS_DISCONNECT_ULTIMATUM << CHOICE_SHIFT | reason >> 1),
		(uint8_t)(reason << 7),
	};

	write_frame(writer, pdu, sizeof(pdu));
}
