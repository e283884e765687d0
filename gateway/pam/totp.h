/* One-time codes (TOTP, RFC 6238: SHA-1, six digits, 30 seconds, what every authenticator app can do), by liboath. */
#ifndef PAM_TOTP_H
#define PAM_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTPAUTH_SIZE 513 /* of PAM_PROMPT.otpauth, with NUL */

/* Once, before anything else here. Returns 0 or -ENOSYS. */
int totp_begin(void);

/* Is this the code of the step that is now, or of the one before or behind it, and younger than last_step? What people
 * type with it is dropped (blanks, hyphens), full-width digits are digits. *ret_step is its step. */
bool totp_check(const uint8_t *seed, size_t seed_len, uint64_t last_step, const char *typed,
	uint64_t *ret_step);

/* A new seed. Returns 0 or a negative errno. */
int totp_seed_make(uint8_t *ret_seed, size_t len);

/* The key URI that apps read from a QR code. issuer is UTF-8, cut to what fits. The caller wipes it. Returns 0 or a
 * negative errno. */
int totp_otpauth(const uint8_t *seed, size_t seed_len, const char *issuer, const char *account,
	char ret_uri[OTPAUTH_SIZE]);

#endif
