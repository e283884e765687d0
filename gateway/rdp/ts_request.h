/* TSRequest, in which CredSSP's messages travel (MS-CSSP 2.2.1, ASN.1 in DER), and the credentials inside its
 * last one (2.2.1.2). For sekisho-nla, which understands them, and for the relay worker, which only has to know
 * where one ends.
 */
#ifndef RDP_TS_REQUEST_H
#define RDP_TS_REQUEST_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	TS_REQUEST_HEADER_MAX = 6, /* ts_request_length never needs more */
	TS_REQUEST_MAX =
		64 * 1024,      /* Windows' tickets have 48 KB at most; everything else is small */
	TS_REQUEST_VERSION = 6, /* what we speak */
	TS_REQUEST_VERSION_NONCE =
		5, /* from here on the key is proved by a hash with a nonce (CVE-2018-0886) */
	TS_REQUEST_NONCE_LEN = 32,
	TS_AUTHORISATION_LEN = 4, /* Early User Authorization Result PDU, MS-RDPBCGR 2.2.10.2 */
};

struct ts_request {
	uint32_t version;
	struct pdu_bytes token;        /* the first of negoTokens; at is NULL if there is none */
	struct pdu_bytes auth_info;    /* … authInfo */
	struct pdu_bytes pub_key_auth; /* … pubKeyAuth */
	struct pdu_bytes nonce;        /* … clientNonce */
	bool has_error;
	uint32_t error; /* errorCode: an NTSTATUS */
};

/* Tells from the first bytes how long the whole TSRequest is. PARSE_BAD: no SEQUENCE, an indefinite
 * length, or one beyond TS_REQUEST_MAX: then *ret_too_long is true. */
enum parse_result ts_request_length(
	const uint8_t *bytes, size_t have, size_t *ret_len, bool *ret_too_long);

/* Reads exactly one TSRequest of len bytes. */
enum parse_result ts_request_parse(
	const uint8_t *bytes, size_t len, struct ts_request *ret_request, const char **ret_why);

/* Writes one; fields whose `at` is NULL are left out, and errorCode without has_error. */
void ts_request_write(struct bytes_writer *writer, const struct ts_request *request);

/* TSCredentials with TSPasswordCreds: three texts in UTF-16LE without terminator. */
struct ts_password {
	struct pdu_bytes domain, user, password;
};

void ts_credentials_write(struct bytes_writer *writer, const struct ts_password *password);

/* How many bytes the two would write. */
size_t ts_request_size(const struct ts_request *request);
size_t ts_credentials_size(const struct ts_password *password);

#endif
