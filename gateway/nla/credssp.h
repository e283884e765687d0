/* CredSSP (MS-CSSP, version 6) on the client's side, as a machine that does no I/O: bytes of the jump host go in, what it is
 * to be sent comes out. In sekisho-nla, once the jump host's certificate was the right one.
 *
 *	us -> host   negoTokens, as often as the security package likes
 *	us -> host   pubKeyAuth: SHA-256 over a nonce and the key of the TLS certificate, sealed
 *	host -> us   pubKeyAuth: the same, the other way round: whoever sealed it ended the very TLS we ended
 *	us -> host   authInfo: user, domain, password
 *	host -> us   with PROTOCOL_HYBRID_EX four bytes: may this user log on?
 */
#ifndef NLA_CREDSSP_H
#define NLA_CREDSSP_H

#include "nla/outcomes.h"
#include "nla/sspi.h"
#include "rdp/ts_request.h"

struct credssp;

struct credssp_setup {
	struct sspi_setup identity;
	struct pdu_bytes public_key; /* content of the certificate's subjectPublicKey BIT STRING */
	bool authorisation;          /* PROTOCOL_HYBRID_EX was selected */
	bool (*random)(void *bytes, size_t len); /* NULL: getrandom */
};

/* All is copied. Returns 0 or a negative errno as sspi_new. */
int credssp_new(const struct credssp_setup *setup, struct credssp **ret_credssp);
void credssp_free(struct credssp *credssp);

/* The first bytes for the jump host. `out` has room for TS_REQUEST_MAX bytes; with CREDSSP_NOTHING there may be bytes, too:
 * the last ones. */
enum credssp_wants credssp_begin(struct credssp *credssp, struct bytes_writer *out);

/* One whole TSRequest, or the authorisation. `out` as above. */
enum credssp_wants credssp_on_bytes(
	struct credssp *credssp, const uint8_t *bytes, size_t len, struct bytes_writer *out);

/* After CREDSSP_NOTHING. *ret_why is a constant text for the log or NULL; *ret_status the peer's number, 0 if it gave
 * none. */
enum nla_outcome credssp_outcome(
	const struct credssp *credssp, uint32_t *ret_status, const char **ret_why);

#endif
