/* What an account that does not exist is checked against, so that no answer and no time tells it from others. */
#ifndef POLICY_SIGN_IN_DECOY_H
#define POLICY_SIGN_IN_DECOY_H

#include "policy/passwords.h"
#include "policy/sealing.h"
#include "policy/sign_in.h"

#include <stdint.h>

struct sign_in_decoy {
	char hash[PASSWORD_HASH_SIZE]; /* that nothing opens */
	uint8_t sealed[TOTP_SEED_BYTES + SEALED_EXTRA_BYTES];
};

/* New random ones, once for a store. 0 or a negative errno. */
int sign_in_decoy_make(const struct sealing *sealing, struct sign_in_decoy *ret_decoy);

/* What a seed is sealed about. */
#define TOTP_ABOUT_SIZE 32
void totp_about(int64_t account, char ret_about[TOTP_ABOUT_SIZE]);

#endif
