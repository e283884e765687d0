/* One security context of WinPR's SSPI on the client's side: NTLM, or Kerberos where the facility has it. Its return
 * codes do not travel further than this file. In sekisho-nla.
 */
#ifndef NLA_SSPI_H
#define NLA_SSPI_H

#include "base/bytes.h"
#include "base/secret.h"
#include "rdp/pdu.h"

#include <stdbool.h>

struct sspi;

struct sspi_setup {
	const char *user, *domain;     /* UTF-8; domain may be empty */
	const struct secret *password; /* UTF-8 */
	const char *host_name;         /* the service is TERMSRV/host_name */
	/* "user@REALM", by Kerberos alone, its tickets in TICKETS_CACHE; NULL: by NTLM alone. */
	const char *principal;
};

enum sspi_result {
	SSPI_DONE,     /* the context stands; a last token may have to be sent */
	SSPI_CONTINUE, /* the peer's answer to the token comes next */
	SSPI_REFUSED,  /* by the peer's token, or by what we have; *ret_status says why */
	SSPI_NO_ROOM,
};

/* Returns 0, -EINVAL (a text is no UTF-8 or too long), -ENOMEM, or -ENOTSUP if WinPR has no such package. */
int sspi_new(const struct sspi_setup *setup, struct sspi **ret_sspi);
void sspi_free(struct sspi *sspi);

/* One step. `token` is the peer's, empty in the first one. Our own is written to `out`, perhaps nothing. */
enum sspi_result sspi_step(struct sspi *sspi, const struct pdu_bytes *token,
	struct bytes_writer *out, uint32_t *ret_status);

/* Of a context that stands. Both return 0, -EBADMSG (what was opened is not the peer's), or -ENOMEM.
 * sspi_open: ret_plain has room for as many bytes as are sealed. */
int sspi_seal(struct sspi *sspi, const void *plain, size_t len, struct bytes_writer *out);
int sspi_open(
	struct sspi *sspi, const struct pdu_bytes *sealed, uint8_t *ret_plain, size_t *ret_len);

/* NTLM needs MD4 and RC4, which OpenSSL 3 has in its legacy provider alone. Also starts WinPR's use of OpenSSL; once,
 * before the sandbox closes. Returns 0 or -ENOTSUP. */
int sspi_self_test(void);

#endif
