/* An auditor's public key as people carry it: one line, which `sekisho-admin recording key` prints and
 * `recording.auditors` of gateway.yaml takes. To it the keys of recordings are sealed; its private half never
 * reaches the gateway (recording/keys.h).
 *
 *	tanaka=AbCd…	the name, and 50 characters of base64url (RFC 4648, 5): version 1, the 32 bytes of
 *			an X25519 key, CRC-32 over name and version and key
 *
 * The sum is there because a line with a slip of the pen would be a key to which nobody has the other half: what
 * is sealed to it is lost. Pure; from the settings file. */
#ifndef BASE_AUDITOR_KEY_H
#define BASE_AUDITOR_KEY_H

#include <stdint.h>

#define AUDITOR_NAME_SIZE 33 /* 1-32 of letters, digits, ".", "_" and "-", no "-" or "." first */
#define AUDITOR_KEY_BYTES 32
#define AUDITOR_KEY_TEXT_SIZE (AUDITOR_NAME_SIZE + 1 + 50)

struct auditor_key {
	char name[AUDITOR_NAME_SIZE];
	uint8_t key[AUDITOR_KEY_BYTES]; /* X25519, public */
};

/* Returns 0, or -EINVAL for a name or line that is none. *ret_key and ret_text are written on success alone. */
int auditor_key_read(const char *text, struct auditor_key *ret_key);
int auditor_key_write(const struct auditor_key *key, char ret_text[AUDITOR_KEY_TEXT_SIZE]);

#endif
