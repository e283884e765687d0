/* The private key of sekisho-key and the only things that it does. No I/O, no log. */
#ifndef KEY_SIGNER_H
#define KEY_SIGNER_H

#include "key/key_scheme.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct signer;

/* Reads a private key, PEM without passphrase: EC P-256, P-384, P-521, or RSA of 2048 to 8192 bits.
 * Returns 0 or a negative errno; *ret_why then says in a fixed text what is wrong. */
int signer_new(const void *pem, size_t len, struct signer **ret_signer, const char **ret_why);
void signer_free(struct signer *signer);

/* "EC P-256", "RSA 2048"; for the log. */
const char *signer_name(const struct signer *signer);

/* RSA of more than 2048 bits: a signature takes milliseconds. */
bool signer_is_slow(const struct signer *signer);

/* Writes at most `size` bytes to ret_signature. Returns 0, or -EPERM if input is not what the
 * scheme says or the scheme not the key's, -EIO if OpenSSL failed. */
int signer_sign(struct signer *signer, uint8_t scheme, const uint8_t *input, size_t len,
	uint8_t *ret_signature, size_t size, size_t *ret_len);

/* Signs something, so that OpenSSL has loaded all it needs. Returns 0 or -EIO. */
int signer_warm_up(struct signer *signer);

#endif
