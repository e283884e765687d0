/* The worker's side of sekisho-key: a private key that is not here. TLS in the worker uses an
 * EVP_PKEY made of the certificate's public key; every private operation is one KEY_SIGN round
 * trip.
 *
 * The round trip blocks the loop for the time of one signature (P-256: some 50 µs) and at most for
 * the time limit. After that everything fails at once until the late answer is there, or
 * key_client_replace: a hung sekisho-key does not stall relayed sessions again and again, and one that
 * was only slow is used again.
 */
#ifndef KEY_KEY_METHOD_H
#define KEY_KEY_METHOD_H

#include "key/key_scheme.h"

#include <openssl/evp.h>
#include <stdint.h>

struct key_client;

/* Takes *fd (CHILD_FD_KEY), also on failure. Returns 0 or a negative errno. */
int key_client_new(int *fd, unsigned int limit_ms, struct key_client **ret_client);
void key_client_free(struct key_client *client);

/* A new channel from the supervisor (KEY_CHANNEL). Takes *fd. Returns 0 or a negative errno. */
int key_client_replace(struct key_client *client, int *fd);

/* Makes a key that SSL_CTX_use_PrivateKey takes together with the certificate whose public key this
 * is (EC P-256, P-384, P-521 or RSA). The caller frees it with EVP_PKEY_free, before the client.
 * Returns 0, -ENOTSUP for another kind of key, -ENOMEM. */
int key_method_new(struct key_client *client, EVP_PKEY *public_key, EVP_PKEY **ret_key);

/* Has something signed and looks whether the certificate's public key takes it. Waits for up to limit_ms, since
 * sekisho-key may still be starting. Returns 0, -EKEYREJECTED if they do not belong together, or
 * another negative errno if that could not be found out. */
int key_method_check(
	struct key_client *client, EVP_PKEY *key, EVP_PKEY *public_key, unsigned int limit_ms);

#endif
