/* See sign_in_decoy.h. */
#include "policy/sign_in_decoy.h"

#include "base/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

void
totp_about(int64_t account, char ret_about[TOTP_ABOUT_SIZE])
{
	snprintf(ret_about, TOTP_ABOUT_SIZE, "totp %" PRId64, account);
}

int
sign_in_decoy_make(const struct sealing *sealing, struct sign_in_decoy *ret_decoy)
{
	uint8_t seed[TOTP_SEED_BYTES];
	char about[TOTP_ABOUT_SIZE];
	int r;

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -EIO;
	totp_about(0, about);
	r = sealing_seal(sealing, about, seed, sizeof(seed), ret_decoy->sealed);
	secret_wipe(seed, sizeof(seed));
	return r < 0 ? r : password_decoy_make(ret_decoy->hash, sizeof(ret_decoy->hash));
}
