/* Server Auto-Reconnect Packets; see auto_reconnect.h. The bytes come from jump hosts. */
#include "rdp/auto_reconnect.h"

#include <string.h>

enum {
	INFO_TYPE_EXTENDED = 3,    /* INFOTYPE_LOGON_EXTENDED_INFO, 2.2.10.1.1 */
	FIELD_COOKIE = 0x00000001, /* LOGON_EX_AUTORECONNECTCOOKIE, 2.2.10.1.1.4 */
	PACKET_LEN = 28,           /* cbLen of ARC_SC_PRIVATE_PACKET, 2.2.4.2 */
	PACKET_VERSION = 1,
	PAD_LEN = 570,
	EXTENDED_LEN = 2 + 4 + 4 + PACKET_LEN + PAD_LEN,
};

enum auto_reconnect_find
auto_reconnect_find(
	const uint8_t *payload, size_t have, const struct share_pdu *pdu, size_t *ret_at)
{
	struct bytes_reader reader;

	if (pdu->type != SHARE_DATA || pdu->data_type != SHARE_DATA_SAVE_SESSION_INFO)
		return AUTO_RECONNECT_NONE;
	if (pdu->compressed_type != 0)
		return AUTO_RECONNECT_UNCLEAR;
	bytes_reader_init(&reader, payload, have < pdu->total_len ? have : pdu->total_len);
	(void)bytes_read(&reader, SHARE_DATA_LEN);
	if (bytes_read_u32le(&reader) != INFO_TYPE_EXTENDED && !reader.failed)
		return AUTO_RECONNECT_NONE;
	(void)bytes_read_u16le(&reader); /* Length: clients go by what is there */
	if ((bytes_read_u32le(&reader) & FIELD_COOKIE) == 0 && !reader.failed)
		return AUTO_RECONNECT_NONE;
	if (bytes_read_u32le(&reader) != PACKET_LEN || bytes_read_u32le(&reader) != PACKET_LEN ||
		bytes_read_u32le(&reader) != PACKET_VERSION)
		return AUTO_RECONNECT_UNCLEAR;
	*ret_at = (size_t)(reader.at - payload);
	(void)bytes_read(&reader, 4 + AUTO_RECONNECT_RANDOM_LEN);
	return reader.failed ? AUTO_RECONNECT_UNCLEAR : AUTO_RECONNECT_FOUND;
}

void
auto_reconnect_get(const uint8_t *at, struct auto_reconnect_cookie *ret_cookie)
{
	ret_cookie->logon_id = bytes_get_u32le(at);
	memcpy(ret_cookie->random, at + 4, sizeof(ret_cookie->random));
}

void
auto_reconnect_put(uint8_t *at, const struct auto_reconnect_cookie *cookie)
{
	bytes_put_u32le(at, cookie->logon_id);
	memcpy(at + 4, cookie->random, sizeof(cookie->random));
}

void
auto_reconnect_info_write(struct bytes_writer *writer, uint32_t share_id, uint16_t source,
	const struct auto_reconnect_cookie *cookie)
{
	size_t begin =
		share_begin(writer, SHARE_DATA, source, share_id, SHARE_DATA_SAVE_SESSION_INFO);

	bytes_write_u32le(writer, INFO_TYPE_EXTENDED);
	bytes_write_u16le(writer, EXTENDED_LEN);
	bytes_write_u32le(writer, FIELD_COOKIE);
	bytes_write_u32le(writer, PACKET_LEN); /* cbFieldData */
	bytes_write_u32le(writer, PACKET_LEN);
	bytes_write_u32le(writer, PACKET_VERSION);
	bytes_write_u32le(writer, cookie->logon_id);
	bytes_write(writer, cookie->random, sizeof(cookie->random));
	bytes_write_zeros(writer, PAD_LEN);
	share_end(writer, begin);
}
