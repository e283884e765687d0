/* Which TLS the relay speaks (D6): 1.2 or 1.3, AES-256-GCM or ChaCha20-Poly1305, and nothing less. */
#ifndef RELAY_TLS_CONTEXTS_H
#define RELAY_TLS_CONTEXTS_H

#include <stddef.h>
#include <stdint.h>

struct key_client;
struct ssl_ctx_st;

/* Towards clients: our chain (PEM, leaf first), its private key at sekisho-key. minimum is 0x0303 or 0x0304.
 * Returns 0 or a negative errno; *ret_why is then a constant text. */
int tls_context_for_clients(const void *chain, size_t chain_len, uint16_t minimum,
	struct key_client *key, struct ssl_ctx_st **ret_context, const char **ret_why);

/* Does the key at sekisho-key belong to the certificate? As key_method_check. */
int tls_context_check_key(
	struct ssl_ctx_st *context, struct key_client *key, unsigned int limit_ms);

/* Towards jump hosts; whom to trust is set for each connection (host_certificate.h). Returns 0 or -ENOMEM. */
int tls_context_for_hosts(uint16_t minimum, struct ssl_ctx_st **ret_context);

#endif
