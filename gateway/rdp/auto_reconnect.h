/* The server's half of automatic reconnection (MS-RDPBCGR 1.3.1.5, 5.5): the Server Auto-Reconnect Packet (2.2.4.2), which comes
 * in a Save Session Info PDU (2.2.10.1). The client's half stands in its Client Info (client_info.h).
 *
 * Pure. `payload` is the user data of a Send Data PDU on the I/O channel, from a share control header on.
 */
#ifndef RDP_AUTO_RECONNECT_H
#define RDP_AUTO_RECONNECT_H

#include <stdbool.h>

#include "rdp/share.h"

enum {
	AUTO_RECONNECT_RANDOM_LEN = 16, /* ArcRandomBits: a secret between server and client */
	AUTO_RECONNECT_HEAD_MAX = 60,   /* auto_reconnect_find needs no more of a payload */
	AUTO_RECONNECT_INFO_LEN = 18 + 4 + 2 + 4 + 4 + 28 + 570,
};

struct auto_reconnect_cookie {
	uint32_t logon_id;
	uint8_t random[AUTO_RECONNECT_RANDOM_LEN];
};

/* What a Save Session Info PDU has for automatic reconnection. */
enum auto_reconnect_find {
	AUTO_RECONNECT_NONE,  /* nothing */
	AUTO_RECONNECT_FOUND, /* a cookie */
	AUTO_RECONNECT_UNCLEAR, /* compressed, or of a wrong form: a client may take it for a cookie all the same */
};

/* pdu: what share_parse said of the PDU at payload, of which the first `have` bytes are there: all, or AUTO_RECONNECT_HEAD_MAX.
 * *ret_at: where in it the cookie's logon id stands. */
enum auto_reconnect_find auto_reconnect_find(
	const uint8_t *payload, size_t have, const struct share_pdu *pdu, size_t *ret_at);

/* The cookie at a place that was found. */
void auto_reconnect_get(const uint8_t *at, struct auto_reconnect_cookie *ret_cookie);
void auto_reconnect_put(uint8_t *at, const struct auto_reconnect_cookie *cookie);

/* A Save Session Info PDU that brings a cookie and nothing else. */
void auto_reconnect_info_write(struct bytes_writer *writer, uint32_t share_id, uint16_t source,
	const struct auto_reconnect_cookie *cookie);

#endif
