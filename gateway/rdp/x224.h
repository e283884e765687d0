/* X.224 class 0 in TPKT frames: the first packet of a client, its answer, and the header that all
 * later slow-path PDUs carry (MS-RDPBCGR 2.2.1.1, 2.2.1.2; X.224 13.3, 13.4, 13.7). */
#ifndef RDP_X224_H
#define RDP_X224_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	/* The X.224 length indicator is one octet (254 at most): TPKT + indicator + what it
	 * counts. */
	X224_REQUEST_MAX = 4 + 1 + 254,
	X224_TOKEN_MAX = 246, /* all that fits behind the fixed header, without the CRLF */
	X224_CONFIRM_MAX = 19,
	X224_DATA_LEN = 7, /* TPKT header and X.224 Data header together */
};

/* requestedProtocols and selectedProtocol, 2.2.1.1.1 and 2.2.1.2.1. */
enum {
	RDP_PROTOCOL_RDP = 0,
	RDP_PROTOCOL_SSL = 0x01,
	RDP_PROTOCOL_HYBRID = 0x02,
	RDP_PROTOCOL_RDSTLS = 0x04,
	RDP_PROTOCOL_HYBRID_EX = 0x08,
	RDP_PROTOCOL_RDSAAD = 0x10,
};

/* RDP_NEG_REQ flags, 2.2.1.1.1. */
enum {
	RDP_REQUEST_RESTRICTED_ADMIN = 0x01,
	RDP_REQUEST_REDIRECTED_AUTHENTICATION = 0x02,
	RDP_REQUEST_CORRELATION_INFO = 0x08,
};

/* RDP_NEG_RSP flags, 2.2.1.2.1. */
enum {
	RDP_CONFIRM_EXTENDED_CLIENT_DATA = 0x01,
	RDP_CONFIRM_DYNVC_GFX = 0x02,
	RDP_CONFIRM_RESTRICTED_ADMIN = 0x08,
	RDP_CONFIRM_REDIRECTED_AUTHENTICATION = 0x10,
};

/* RDP_NEG_FAILURE codes, 2.2.1.2.2. */
enum {
	RDP_FAILURE_SSL_REQUIRED = 1,
	RDP_FAILURE_SSL_NOT_ALLOWED = 2,
	RDP_FAILURE_NO_CERTIFICATE = 3,
	RDP_FAILURE_INCONSISTENT_FLAGS = 4,
	RDP_FAILURE_HYBRID_REQUIRED = 5,
};

enum x224_token_kind {
	X224_TOKEN_NONE,
	X224_TOKEN_USER, /* "Cookie: mstshash=": a user name, cut by mstsc; a hint, no identity */
	X224_TOKEN_ROUTING, /* "Cookie: msts=", "tsv://...", or any text of loadbalanceinfo */
};

/* What a client says first. The texts come from the network: quote them in logs. */
struct x224_request {
	enum x224_token_kind token_kind;
	char token[X224_TOKEN_MAX + 1]; /* the whole line without CRLF; no NUL, CR or LF inside */
	uint16_t value_at;    /* in token, behind "Cookie: msts=" or "Cookie: mstshash=", else 0 */
	bool has_negotiation; /* false: an old client that can do RDP security only */
	uint8_t flags;
	uint32_t protocols; /* 0 without negotiation */
};

/* Reads a Connection Request from the first bytes of a connection. PARSE_OK: *ret_len of them
 * belong to it; anything behind that came too early (TLS begins only after our answer). A
 * request that is too long (a token of more than X224_TOKEN_MAX bytes) is bad from its fourth
 * byte on, with a reason of its own: never keep more than X224_REQUEST_MAX bytes. */
enum parse_result x224_request_parse(const uint8_t *bytes, size_t have,
	struct x224_request *ret_request, size_t *ret_len, const char **ret_why);

/* A request for a jump host: no cookie, no token, no flags. */
void x224_request_write(struct bytes_writer *writer, uint32_t protocols);

enum x224_confirm_kind {
	X224_CONFIRM_PLAIN,    /* no negotiation: RDP security, which the gateway does not speak */
	X224_CONFIRM_RESPONSE, /* RDP_NEG_RSP */
	X224_CONFIRM_FAILURE,  /* RDP_NEG_FAILURE */
};

struct x224_confirm {
	enum x224_confirm_kind kind;
	uint8_t flags;     /* RDP_CONFIRM_..., of a response */
	uint32_t protocol; /* the selected one, of a response */
	uint32_t failure;  /* RDP_FAILURE_..., of a failure */
};

/* Reads a jump host's Connection Confirm; as x224_request_parse. */
enum parse_result x224_confirm_parse(const uint8_t *bytes, size_t have,
	struct x224_confirm *ret_confirm, size_t *ret_len, const char **ret_why);

/* At most X224_CONFIRM_MAX bytes. */
void x224_confirm_write(struct bytes_writer *writer, const struct x224_confirm *confirm);

/* True if a whole TPKT frame (len as frame_parse said) carries an X.224 Data TPDU (02 f0 80); its
 * payload then begins at X224_DATA_LEN. */
bool x224_is_data(const uint8_t *frame, size_t have);

/* The payload of one whole TPKT frame of len bytes; false if it is no X.224 Data, or its length
 * is not len. */
bool x224_data_open(const uint8_t *frame, size_t len, struct bytes_reader *ret_payload);

/* Writes TPKT and X.224 Data headers; x224_data_end mends the length once the payload is written.
 * begin returns the offset that end wants. A frame over FRAME_LEN_MAX sets writer->failed. */
size_t x224_data_begin(struct bytes_writer *writer);
void x224_data_end(struct bytes_writer *writer, size_t begin);

#endif
