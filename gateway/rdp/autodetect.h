/* Network characteristics detection (MS-RDPBCGR 2.2.14), answered in a client's stead: while a jump host is attached behind the
 * sign-in screen, the client is not there to answer. Pure: no I/O; the time is the caller's.
 *
 * `payload` is the user data of a Send Data PDU: a basic security header with SEC_AUTODETECT_REQ, then the request.
 */
#ifndef RDP_AUTODETECT_H
#define RDP_AUTODETECT_H

#include "rdp/pdu.h"

enum {
	AUTODETECT_RESPONSE_MAX = 4 + 14, /* security header, Bandwidth Measure Results */
};

/* A bandwidth measure under way. Zero: none. */
struct autodetect {
	int64_t began_ms;
	uint32_t bytes; /* of measure payloads, saturating */
};

/* Takes a request and writes the payload of its response, if it has one. Returns 0; -EBADMSG: not a request of 2.2.14.1. */
int autodetect_answer(struct autodetect *autodetect, const uint8_t *payload, size_t len,
	int64_t now_ms, struct bytes_writer *writer);

#endif
