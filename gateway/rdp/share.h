/* What travels on the I/O and the message channel once channels are joined: basic security headers
 * (MS-RDPBCGR 2.2.8.1.1.2.1) and share control and data headers (2.2.8.1.1.1).
 *
 * With TLS a payload begins with *either*: security headers mark Client Info, licensing,
 * auto-detect, heartbeat and multitransport PDUs; all others begin with a share control header.
 * share_kind_of tells.
 *
 * `payload` is the user data of a Send Data PDU (mcs_send_data_parse). */
#ifndef RDP_SHARE_H
#define RDP_SHARE_H

#include <stdbool.h>

#include "rdp/pdu.h"

/* Security header flags, 2.2.8.1.1.2.1. */
enum {
	SEC_EXCHANGE_PKT = 0x0001,
	SEC_TRANSPORT_REQ = 0x0002, /* Initiate Multitransport Request, 2.2.15.1 */
	SEC_TRANSPORT_RSP = 0x0004,
	SEC_ENCRYPT = 0x0008,
	SEC_INFO_PKT = 0x0040,
	SEC_LICENSE_PKT = 0x0080,
	SEC_LICENSE_ENCRYPT = 0x0200,
	SEC_REDIRECTION_PKT = 0x0400, /* 2.2.13.2 */
	SEC_AUTODETECT_REQ = 0x1000,
	SEC_AUTODETECT_RSP = 0x2000,
	SEC_HEARTBEAT = 0x4000,
};

/* pduType, 2.2.8.1.1.1.1, without its version bits. */
enum share_type {
	SHARE_DEMAND_ACTIVE = 0x1,
	SHARE_CONFIRM_ACTIVE = 0x3,
	SHARE_DEACTIVATE_ALL = 0x6,
	SHARE_DATA = 0x7,
	SHARE_REDIRECTION = 0xa, /* 2.2.13.3.1: the form used with TLS */
};

/* pduType2, 2.2.8.1.1.1.2: those the gateway names. */
enum {
	SHARE_DATA_UPDATE = 0x02,
	SHARE_DATA_CONTROL = 0x14,
	SHARE_DATA_INPUT = 0x1c,
	SHARE_DATA_SYNCHRONIZE = 0x1f,
	SHARE_DATA_FONT_LIST = 0x27,
	SHARE_DATA_FONT_MAP = 0x28,
	SHARE_DATA_SAVE_SESSION_INFO = 0x26,
	SHARE_DATA_SET_ERROR_INFO = 0x2f,
	SHARE_DATA_MONITOR_LAYOUT = 0x37,
};

enum {
	SHARE_CONTROL_LEN = 6,
	SHARE_DATA_LEN = 18, /* share control and share data header */
	SHARE_HEAD_MAX = 16, /* share_parse needs no more of a payload: up to compressedType */
	SHARE_ERROR_INFO_LEN = 22,
	SHARE_LICENCE_LEN = 20,
	SHARE_DEACTIVATE_ALL_LEN = 13,
	/* controlAction, 2.2.1.15.1 */
	SHARE_CONTROL_REQUEST = 1,
	SHARE_CONTROL_GRANTED = 2,
	SHARE_CONTROL_DETACH = 3,
	SHARE_CONTROL_COOPERATE = 4,
};

/* What a payload is. */
enum share_kind {
	SHARE_KIND_SHARE,          /* share control header */
	SHARE_KIND_INFO,           /* SEC_INFO_PKT, client to server */
	SHARE_KIND_LICENCE,        /* SEC_LICENSE_PKT, either way */
	SHARE_KIND_AUTODETECT_REQ, /* server to client */
	SHARE_KIND_AUTODETECT_RSP,
	SHARE_KIND_HEARTBEAT,
	SHARE_KIND_TRANSPORT_REQ, /* Initiate Multitransport: a way past the gateway */
	SHARE_KIND_TRANSPORT_RSP,
	SHARE_KIND_REDIRECTION, /* Server Redirection, in either form: would lead the client away */
	SHARE_KIND_UNKNOWN,     /* neither: refuse */
};

/* From the first `have` bytes (4 suffice) of a payload of payload_len. A payload that a client
 * could take for a redirection or a multitransport request counts as such. */
enum share_kind share_kind_of(const uint8_t *payload, size_t have, size_t payload_len);

/* Clears flagsHi of a security header, which nobody may use without SEC_FLAGSHI_VALID. To be
 * done to each PDU that share_kind_of took for one with a security header, before a client sees
 * it: xfreerdp, once it waits for Demand Active, reads the same bytes as a share control header
 * whatever their version bits say, so that flagsHi of 0x2a would make "licensing" a Server
 * Redirection for it. */
void share_clear_high_flags(uint8_t *payload);

/* One PDU behind a share control header. */
struct share_pdu {
	enum share_type type;
	uint16_t total_len; /* from the share control header on; never more than payload_len */
	uint16_t source;    /* pduSource, a user id; 0 if absent (Deactivate All of 4 bytes) */
	bool has_share_id;
	uint32_t share_id; /* at payload + 6. Demand Active, Confirm Active, Data, Deactivate All */
	uint8_t data_type; /* pduType2 of SHARE_DATA, else 0 */
	uint8_t compressed_type; /* of SHARE_DATA, else 0; not 0: the body is compressed */
};

enum {
	SHARE_SOURCE_AT = 4,
	SHARE_ID_AT = 6,
};

/* Reads the headers of the share PDU at the beginning of a payload from its first `have` bytes.
 * Old servers put several PDUs in one payload: if total_len < payload_len, the next one begins
 * at payload + total_len, and must be looked at as well - a client will. PARSE_NEED_MORE: have <
 * min(payload_len, SHARE_HEAD_MAX). PARSE_BAD: unknown type, lengths that do not fit, a flow
 * control PDU (T.128; no RDP host sends one). */
enum parse_result share_parse(const uint8_t *payload, size_t have, size_t payload_len,
	struct share_pdu *ret_pdu, const char **ret_why);

/* Where a user id stands inside a whole, uncompressed share PDU, besides pduSource: targetUser
 * of Synchronize (2.2.1.14), grantId of Control (2.2.1.15; only with action Granted). Returns
 * its offset in the PDU, or 0 if this PDU has none. pdu->total_len bytes must be there. */
size_t share_user_id_at(const uint8_t *payload, const struct share_pdu *pdu);

/* Payloads for the I/O channel; wrap them with mcs_send_data_write.
 * Licensing is done: STATUS_VALID_CLIENT (2.2.1.12). */
void share_licence_valid_write(struct bytes_writer *writer);

/* A client's answer to a licence request: it has none and goes on without (2.2.1.12.1.3). */
void share_licence_none_write(struct bytes_writer *writer);

/* Deactivate All (2.2.3.1): a Demand Active follows. */
void share_deactivate_all_write(struct bytes_writer *writer, uint32_t share_id, uint16_t source);

/* Set Error Info (2.2.5.1.1). share_id of the last Demand Active, 0 before the first. */
void share_error_info_write(
	struct bytes_writer *writer, uint32_t share_id, uint16_t source, uint32_t error_info);

/* Share headers for a PDU of ours; share_end mends the lengths. For SHARE_DATA data_type is
 * used, else 0. begin returns what end wants. */
size_t share_begin(struct bytes_writer *writer, enum share_type type, uint16_t source,
	uint32_t share_id, uint8_t data_type);
void share_end(struct bytes_writer *writer, size_t begin);

#endif
