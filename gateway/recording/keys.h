/* Who can read recordings: each has a random key of its own, which is sealed to the auditors' public keys (X25519). A private key
 * is never on the gateway; on its owner's machine it lies in a file that a passphrase protects.
 */
#ifndef RECORDING_KEYS_H
#define RECORDING_KEYS_H

#include "base/auditor_key.h"
#include "base/secret.h"
#include "recording/format.h"

#define RECORDING_KEY_ID_TEXT_SIZE (2 * RECORDING_KEY_ID_BYTES + 1)
#define RECORDING_PRIVATE_FILE_MOST 1024

/* Once in a process, before its sandbox closes and before anything else here, of writer.h or of reader.h. 0 or -EIO. */
int recording_keys_ready(void);

/* Fills with random bytes; a recording's key is RECORDING_KEY_BYTES of them. */
void recording_random(uint8_t *ret_bytes, size_t len);

/* A new pair. Returns 0 or -ENOMEM. */
int recording_pair_new(uint8_t ret_public[RECORDING_PUBLIC_BYTES], struct secret *ret_private);

/* The id by which a recording names the key. -EIO. */
int recording_key_id(
	const uint8_t public_key[RECORDING_PUBLIC_BYTES], uint8_t ret_id[RECORDING_KEY_ID_BYTES]);

/* Only whoever has the private key opens it again. Returns 0 or -EINVAL: no key that something could be sealed to. */
int recording_key_seal(const uint8_t key[RECORDING_KEY_BYTES],
	const uint8_t public_key[RECORDING_PUBLIC_BYTES], struct recording_sealed_key *ret_sealed);

/* Finds what is sealed to this private key in a recording. -ENOKEY: nothing is, or it was changed. */
int recording_key_open(const struct recording_about *about, const struct secret *private_key,
	uint8_t ret_key[RECORDING_KEY_BYTES]);

/* The check of a key that the header has. */
void recording_key_check(
	const uint8_t key[RECORDING_KEY_BYTES], uint8_t ret_check[RECORDING_KEY_CHECK_BYTES]);

/* The text of a private key's file: Argon2id (256 MB, 3 times) makes a key of the passphrase, which seals it. name: of the key, as in
 * base/auditor_key.h. Returns 0; -EINVAL for a name that is none; -ENOMEM: also where 256 MB are not to be had. ret_text ends with a line
 * end. */
int recording_private_to_text(const char *name, const struct secret *private_key,
	const struct secret *passphrase, char ret_text[RECORDING_PRIVATE_FILE_MOST]);

/* -EINVAL: no such file; -EKEYREJECTED: the passphrase is another one, or the file was changed; -ENOMEM. *ret_why is a literal on
 * every failure. */
int recording_private_from_text(const char *text, size_t len, const struct secret *passphrase,
	struct secret *ret_private, const char **ret_why);

/* The public key of that file, without a passphrase: what stands in its second line. -EINVAL. */
int recording_private_public(const char *text, size_t len, struct auditor_key *ret_public);

#endif
