/* Security and share headers; see share.h. The bytes come from clients and from jump hosts. */
#include "rdp/share.h"

#include "rdp/per.h"

enum {
	TYPE_MASK = 0x000f,
	VERSION = 0x0010,      /* the version bits of pduType; the upper octet is zero */
	SHORT_CONTROL_LEN = 4, /* Windows XP's Deactivate All ends before pduSource */
	SHARE_ID_END = 10,
	HIGH_FLAGS_AT = 2,
	DATA_TYPE_AT = 14,
	COMPRESSED_TYPE_AT = 15,
	UNCOMPRESSED_LENGTH_AT = 12,
	STREAM_LOW = 1,
	BODY_AT = SHARE_DATA_LEN,
};

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

/* The shortest PDU of each type. */
static const struct type_row {
	enum share_type type;
	uint16_t len_min;
} type_rows[] = {
	{SHARE_DEMAND_ACTIVE, SHARE_ID_END},
	{SHARE_CONFIRM_ACTIVE, SHARE_ID_END},
	{SHARE_DEACTIVATE_ALL, SHORT_CONTROL_LEN},
	{SHARE_DATA, SHARE_DATA_LEN},
	{SHARE_REDIRECTION, SHARE_CONTROL_LEN},
};

static const struct type_row *
find_type(uint16_t word)
{
	if ((word & ~TYPE_MASK) != VERSION)
		return NULL;
	for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++) {
		if (type_rows[i].type == (word & TYPE_MASK))
			return &type_rows[i];
	}
	return NULL;
}

/* Security headers: these flags and no others. */
static const struct {
	uint16_t flags;
	uint16_t ignored;
	enum share_kind kind;
} security_rows[] = {
	{SEC_INFO_PKT, 0, SHARE_KIND_INFO},
	{SEC_LICENSE_PKT, SEC_LICENSE_ENCRYPT, SHARE_KIND_LICENCE},
	{SEC_AUTODETECT_REQ, 0, SHARE_KIND_AUTODETECT_REQ},
	{SEC_AUTODETECT_RSP, 0, SHARE_KIND_AUTODETECT_RSP},
	{SEC_HEARTBEAT, 0, SHARE_KIND_HEARTBEAT},
	{SEC_TRANSPORT_RSP, 0, SHARE_KIND_TRANSPORT_RSP},
};

static enum share_kind
security_kind(uint16_t flags)
{
	for (size_t i = 0; i < sizeof(security_rows) / sizeof(security_rows[0]); i++) {
		if ((flags & ~security_rows[i].ignored) == security_rows[i].flags)
			return security_rows[i].kind;
	}
	/* Clients test single bits: whatever else is set, these two are the dangerous ones. */
	if ((flags & SEC_REDIRECTION_PKT) != 0)
		return SHARE_KIND_REDIRECTION;
	if ((flags & SEC_TRANSPORT_REQ) != 0)
		return SHARE_KIND_TRANSPORT_REQ;
	return SHARE_KIND_UNKNOWN;
}

enum share_kind
share_kind_of(const uint8_t *payload, size_t have, size_t payload_len)
{
	const struct type_row *row;
	uint16_t first;

	if (have < SHORT_CONTROL_LEN || payload_len < SHORT_CONTROL_LEN)
		return SHARE_KIND_UNKNOWN;
	first = bytes_get_u16le(payload);
	row = find_type(bytes_get_u16le(payload + 2));
	if (row == NULL || first < row->len_min || first > payload_len)
		return security_kind(first);
	return row->type == SHARE_REDIRECTION ? SHARE_KIND_REDIRECTION : SHARE_KIND_SHARE;
}

void
share_clear_high_flags(uint8_t *payload)
{
	bytes_put_u16le(payload + HIGH_FLAGS_AT, 0);
}

enum parse_result
share_parse(const uint8_t *payload, size_t have, size_t payload_len, struct share_pdu *ret_pdu,
	const char **ret_why)
{
	const struct type_row *row;
	uint16_t total;

	if (payload_len < SHORT_CONTROL_LEN)
		return bad(ret_why, "no room for a share control header");
	if (have < payload_len && have < SHARE_HEAD_MAX)
		return PARSE_NEED_MORE;
	total = bytes_get_u16le(payload);
	row = find_type(bytes_get_u16le(payload + 2));
	if (row == NULL)
		return bad(ret_why, "unknown share control PDU");
	if (total < row->len_min || total > payload_len)
		return bad(ret_why, "share control length does not fit");
	*ret_pdu = (struct share_pdu){.type = row->type, .total_len = total};
	if (total >= SHARE_CONTROL_LEN)
		ret_pdu->source = bytes_get_u16le(payload + SHARE_SOURCE_AT);
	ret_pdu->has_share_id = row->type != SHARE_REDIRECTION && total >= SHARE_ID_END;
	if (ret_pdu->has_share_id)
		ret_pdu->share_id = bytes_get_u32le(payload + SHARE_ID_AT);
	if (row->type == SHARE_DATA) {
		ret_pdu->data_type = payload[DATA_TYPE_AT];
		ret_pdu->compressed_type = payload[COMPRESSED_TYPE_AT];
	}
	return PARSE_OK;
}

size_t
share_user_id_at(const uint8_t *payload, const struct share_pdu *pdu)
{
	uint16_t first;

	if (pdu->type != SHARE_DATA || pdu->compressed_type != 0 || pdu->total_len < BODY_AT + 4)
		return 0;
	first = bytes_get_u16le(payload + BODY_AT);
	if (pdu->data_type == SHARE_DATA_SYNCHRONIZE)
		return BODY_AT + 2;
	if (pdu->data_type == SHARE_DATA_CONTROL && first == SHARE_CONTROL_GRANTED)
		return BODY_AT + 2;
	return 0;
}

/* ERROR_ALERT, version 3, 16 bytes, with an empty BB_ERROR_BLOB. */
static void
licence_alert_write(struct bytes_writer *writer, uint8_t code, uint8_t transition)
{
	const uint8_t payload[SHARE_LICENCE_LEN] = {SEC_LICENSE_PKT, 0, 0, 0, 0xff, 0x03, 0x10, 0,
		code, 0, 0, 0, transition, 0, 0, 0, 0x04, 0, 0, 0};

	bytes_write(writer, payload, sizeof(payload));
}

void
share_licence_valid_write(struct bytes_writer *writer)
{
	licence_alert_write(writer, 0x07, 0x02); /* STATUS_VALID_CLIENT, ST_NO_TRANSITION */
}

void
share_licence_none_write(struct bytes_writer *writer)
{
	licence_alert_write(writer, 0x02, 0x01); /* ERR_NO_LICENSE, ST_TOTAL_ABORT */
}

size_t
share_begin(struct bytes_writer *writer, enum share_type type, uint16_t source, uint32_t share_id,
	uint8_t data_type)
{
	size_t begin = writer->len;

	bytes_write_u16le(writer, 0);
	bytes_write_u16le(writer, (uint16_t)(VERSION | type));
	bytes_write_u16le(writer, source);
	if (type == SHARE_REDIRECTION)
		return begin; /* the one without a share id */
	bytes_write_u32le(writer, share_id);
	if (type != SHARE_DATA)
		return begin;
	bytes_write_u8(writer, 0);
	bytes_write_u8(writer, STREAM_LOW);
	bytes_write_u16le(writer, 0);
	bytes_write_u8(writer, data_type);
	bytes_write_u8(writer, 0);
	bytes_write_u16le(writer, 0);
	return begin;
}

void
share_end(struct bytes_writer *writer, size_t begin)
{
	size_t len = writer->len - begin;
	uint8_t *pdu = writer->start + begin;

	if (len > PER_LENGTH_MAX)
		writer->failed = true;
	if (writer->failed)
		return;
	bytes_put_u16le(pdu, (uint16_t)len);
	/* uncompressedLength counts from pduType2 on. */
	if ((pdu[2] & TYPE_MASK) == SHARE_DATA)
		bytes_put_u16le(pdu + UNCOMPRESSED_LENGTH_AT, (uint16_t)(len - DATA_TYPE_AT));
}

void
share_error_info_write(
	struct bytes_writer *writer, uint32_t share_id, uint16_t source, uint32_t error_info)
{
	size_t begin = share_begin(writer, SHARE_DATA, source, share_id, SHARE_DATA_SET_ERROR_INFO);

	bytes_write_u32le(writer, error_info);
	share_end(writer, begin);
}

void
share_deactivate_all_write(struct bytes_writer *writer, uint32_t share_id, uint16_t source)
{
	size_t begin = share_begin(writer, SHARE_DEACTIVATE_ALL, source, share_id, 0);

	bytes_write_u16le(writer, 1); /* lengthSourceDescriptor */
	bytes_write_u8(writer, 0);
	share_end(writer, begin);
}
