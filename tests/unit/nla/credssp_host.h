/* A jump host's side of CredSSP, on WinPR's own servers: for the tests of gateway/nla. */
#ifndef TESTS_CREDSSP_HOST_H
#define TESTS_CREDSSP_HOST_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

/* What it does wrong. */
enum host_fault {
	HOST_IS_GOOD,
	HOST_HAS_ANOTHER_KEY, /* somebody in the middle, with a TLS of their own */
	HOST_SENDS_OURS_BACK, /* pubKeyAuth as it came */
	HOST_IS_OLD,          /* says version 4 */
	HOST_SAYS_AGAIN,      /* its challenge a second time, in the place of pubKeyAuth */
	HOST_SENDS_BOTH,      /* pubKeyAuth with its challenge already */
};

struct credssp_host;

/* user and password are the only ones that it lets in. status: what it answers who is not, 0: nothing. */
struct credssp_host *credssp_host_new(const char *user, const char *password,
	const uint8_t *public_key, size_t public_key_len, enum host_fault fault, uint32_t status);

/* As that, by Kerberos alone: whoever has a ticket for a service of this keytab. */
struct credssp_host *credssp_host_new_kerberos(
	const char *keytab, const uint8_t *public_key, size_t public_key_len, uint32_t status);
void credssp_host_free(struct credssp_host *host);

/* One TSRequest of the client. Returns 1 while it has an answer in `out`, 0 once it has the credentials, -1 if it
 * refuses, with what it says in `out`. */
int credssp_host_on(
	struct credssp_host *host, const uint8_t *bytes, size_t len, struct bytes_writer *out);

/* The TSCredentials that it got. */
const uint8_t *credssp_host_credentials(const struct credssp_host *host, size_t *ret_len);

#endif
