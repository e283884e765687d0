/* MCS (T.125) as RDP uses it: domain PDUs in PER, and the two BER Connect PDUs around the GCC data
 * of gcc.h (MS-RDPBCGR 2.2.1.3 to 2.2.1.9, 2.2.2.3).
 *
 * Every `frame` here is one whole TPKT frame as frame_parse has delimited it: never
 * PARSE_NEED_MORE. */
#ifndef RDP_MCS_H
#define RDP_MCS_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	MCS_USER_BASE = 1001,  /* T.125 7 part 3: UserId is coded as the difference to this */
	MCS_IO_CHANNEL = 1003, /* the I/O channel of our own Connect-Response */
	MCS_FIRST_CHANNEL = 1004,
	MCS_CONNECT_MAX =
		16384, /* longest Connect-Initial or -Response read; real ones have < 1,000 bytes */
	/* Places in the frame of a Send Data PDU. */
	MCS_INITIATOR_AT = 8,
	MCS_CHANNEL_AT = 10,
	MCS_SEND_DATA_HEAD_MAX = 15, /* the payload begins here or one before */
	MCS_DOMAIN_PDU_MAX = 15,     /* the longest of the PDUs without payload */
};

enum mcs_kind {
	MCS_ERECT_DOMAIN_REQUEST = 1,
	MCS_DISCONNECT_ULTIMATUM = 8,
	MCS_ATTACH_USER_REQUEST = 10,
	MCS_ATTACH_USER_CONFIRM = 11,
	MCS_CHANNEL_JOIN_REQUEST = 14,
	MCS_CHANNEL_JOIN_CONFIRM = 15,
	MCS_SEND_DATA_REQUEST = 25,
	MCS_SEND_DATA_INDICATION = 26,
	MCS_CONNECT_INITIAL = 101, /* BER application tags, outside PER's choice */
	MCS_CONNECT_RESPONSE = 102,
	MCS_OTHER = 255,
};

/* T.125 7 part 10, Reason. */
enum mcs_reason {
	MCS_DOMAIN_DISCONNECTED = 0,
	MCS_PROVIDER_INITIATED = 1, /* what an administrator's cut looks like */
	MCS_TOKEN_PURGED = 2,
	MCS_USER_REQUESTED = 3, /* log-off */
	MCS_CHANNEL_PURGED = 4,
};

/* What the PDU in a frame is, from its first bytes (have may be less than the frame; 9 suffice).
 * MCS_OTHER: not X.224 Data, too short, or a PDU that RDP has no use for. */
enum mcs_kind mcs_kind_of(const uint8_t *frame, size_t have);

/* Send Data Request ('d') or Indication ('h'), T.125 11.32, 11.33. */
struct mcs_send_data {
	enum mcs_kind kind; /* MCS_SEND_DATA_REQUEST or _INDICATION */
	uint16_t initiator; /* user id, base already added */
	uint16_t channel;
	uint16_t payload_at; /* in the frame: 14 or 15 */
	uint16_t payload_len;
};

/* Reads the header from the first `have` bytes (MCS_SEND_DATA_HEAD_MAX suffice) of a frame of
 * frame_len bytes. The payload's own length must fill the frame exactly; fragmented PDUs are
 * bad. */
enum parse_result mcs_send_data_parse(const uint8_t *frame, size_t have, uint16_t frame_len,
	struct mcs_send_data *ret_data, const char **ret_why);

/* Rewrite in place: the frame's header must have been accepted by mcs_send_data_parse. */
void mcs_put_initiator(uint8_t *frame, uint16_t user);
void mcs_put_channel(uint8_t *frame, uint16_t channel);

/* A whole frame around a payload; len at most 16,383. */
void mcs_send_data_write(struct bytes_writer *writer, enum mcs_kind kind, uint16_t user,
	uint16_t channel, const void *payload, size_t len);

/* The same in two steps, for payloads written in place: always the two-octet length form. begin
 * returns what end wants. */
size_t mcs_send_data_begin(
	struct bytes_writer *writer, enum mcs_kind kind, uint16_t user, uint16_t channel);
void mcs_send_data_end(struct bytes_writer *writer, size_t begin);

/* PDUs of the set-up, whole frames in and out. Any encoding of Erect Domain's two integers is read
 * and ignored; written is `04 01 00 01 00`, which every server takes. */
enum parse_result mcs_erect_domain_parse(const uint8_t *frame, size_t len);
void mcs_erect_domain_write(struct bytes_writer *writer);

enum parse_result mcs_attach_user_request_parse(const uint8_t *frame, size_t len);
void mcs_attach_user_request_write(struct bytes_writer *writer);

/* PARSE_OK only for a confirm with result rt-successful and a user id. */
enum parse_result mcs_attach_user_confirm_parse(
	const uint8_t *frame, size_t len, uint16_t *ret_user);
void mcs_attach_user_confirm_write(struct bytes_writer *writer, uint16_t user);

enum parse_result mcs_channel_join_request_parse(
	const uint8_t *frame, size_t len, uint16_t *ret_user, uint16_t *ret_channel);
void mcs_channel_join_request_write(struct bytes_writer *writer, uint16_t user, uint16_t channel);

struct mcs_channel_join_confirm {
	uint8_t result; /* T.125 Result: 0 successful; anything else: not joined */
	uint16_t user;
	uint16_t requested;
	uint16_t channel; /* 0 if absent, which it is in a refusal */
};

enum parse_result mcs_channel_join_confirm_parse(
	const uint8_t *frame, size_t len, struct mcs_channel_join_confirm *ret_confirm);
/* Successful, for the channel that was asked for. */
void mcs_channel_join_confirm_write(struct bytes_writer *writer, uint16_t user, uint16_t channel);

enum parse_result mcs_disconnect_parse(
	const uint8_t *frame, size_t len, enum mcs_reason *ret_reason);
void mcs_disconnect_write(struct bytes_writer *writer, enum mcs_reason reason);

/* T.125 7 part 2, DomainParameters. */
struct mcs_domain_parameters {
	uint32_t max_channel_ids;
	uint32_t max_user_ids;
	uint32_t max_token_ids;
	uint32_t num_priorities;
	uint32_t min_throughput;
	uint32_t max_height;
	uint32_t max_mcs_pdu_size;
	uint32_t protocol_version;
};

/* Connect-Initial (7f 65). user_data is the GCC Conference Create Request. */
struct mcs_connect_initial {
	struct mcs_domain_parameters target;
	struct mcs_domain_parameters minimum;
	struct mcs_domain_parameters maximum;
	struct pdu_bytes user_data;
};

enum parse_result mcs_connect_initial_parse(const uint8_t *frame, size_t len,
	struct mcs_connect_initial *ret_initial, const char **ret_why);
/* A whole frame. */
void mcs_connect_initial_write(
	struct bytes_writer *writer, const struct mcs_connect_initial *initial);

/* Connect-Response (7f 66). user_data is the GCC Conference Create Response. */
struct mcs_connect_response {
	uint32_t result; /* T.125 Result: 0 is rt-successful */
	struct mcs_domain_parameters parameters;
	struct pdu_bytes user_data;
};

enum parse_result mcs_connect_response_parse(const uint8_t *frame, size_t len,
	struct mcs_connect_response *ret_response, const char **ret_why);
void mcs_connect_response_write(
	struct bytes_writer *writer, const struct mcs_connect_response *response);

/* What Windows, FreeRDP and xrdp agree on in a response. */
extern const struct mcs_domain_parameters mcs_usual_parameters;

#endif
