/* The facility key and what is derived from it (HKDF-SHA256): AES-256-GCM for what must be read back,
 * Ed25519 for checkpoints of the log. The supervisor alone holds it.
 */
#ifndef POLICY_SEALING_H
#define POLICY_SEALING_H

#include <stddef.h>
#include <stdint.h>

#define FACILITY_KEY_BYTES 32
#define SEALED_EXTRA_BYTES (1 + 12 + 16) /* version, nonce, tag */
#define SIGNATURE_BYTES 64
#define SIGNING_PUBLIC_BYTES 32

struct sealing;

/* Makes a new key file, 0600, durable before it returns. -EEXIST if something is there. */
int sealing_key_create(const char *path, const char **ret_why);

/* Reads the key: exactly 32 bytes from a file that only its owner can touch, or from a systemd
 * credential (path below $CREDENTIALS_DIRECTORY). *ret_why is a sentence for the log. */
int sealing_open(const char *path, struct sealing **ret_sealing, const char **ret_why);

/* From 32 bytes in memory. */
int sealing_new(const uint8_t *key, struct sealing **ret_sealing);
void sealing_free(struct sealing *sealing);

/* Seals len bytes; `about` names what they are ("jump-host-password 7") and must be the same when
 * opening. ret_sealed has room for len + SEALED_EXTRA_BYTES. Returns 0 or a negative errno. */
int sealing_seal(const struct sealing *sealing, const char *about, const void *bytes, size_t len,
	uint8_t *ret_sealed);

/* ret_bytes has room for len - SEALED_EXTRA_BYTES. -EBADMSG: changed, cut, of another key or about
 * something else. */
int sealing_unseal(const struct sealing *sealing, const char *about, const uint8_t *sealed,
	size_t len, uint8_t *ret_bytes);

#define FILE_ID_BYTES 16

/* The key of one sealed file, which 16 random bytes name: no other file, and nothing else, is sealed under it. The
 * caller wipes it. ret_key has room for FACILITY_KEY_BYTES. */
int sealing_file_key(const struct sealing *sealing, const uint8_t *file_id, uint8_t *ret_key);

#define DIGEST_BYTES 32

/* For what is too short to be hashed by itself, such as 8 digits: HMAC-SHA256 under a derived key. `about` as above; what
 * is digested for one purpose never equals what is digested for another. */
int sealing_digest(const struct sealing *sealing, const char *about, const void *bytes, size_t len,
	uint8_t ret_digest[DIGEST_BYTES]);

int sealing_sign(
	const struct sealing *sealing, const void *bytes, size_t len, uint8_t *ret_signature);

/* 0, or -EBADMSG for a signature that is not ours. */
int sealing_verify(
	const struct sealing *sealing, const void *bytes, size_t len, const uint8_t *signature);
void sealing_public_key(const struct sealing *sealing, uint8_t *ret_public);

#endif
