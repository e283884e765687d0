/* What a password that its user chooses must be (the Ministry's guideline: letters, digits and symbols mixed, hard to
 * guess). Pure.
 */
#ifndef PAM_PASSWORD_RULES_H
#define PAM_PASSWORD_RULES_H

#include "pam/prompts.h"
#include "policy/sign_in.h"

#include <stddef.h>

#define CHOSEN_PASSWORD_CHARACTERS_MOST 128
#define CHOSEN_PASSWORD_DIFFERENT 6

/* What is said before the first question for a new password. */
enum prompt password_rules_told(enum password_policy policy);

/* Why this password cannot be taken, or PROMPT_NOTHING. account: as typed or in full, with the facility's prefix and
 * domain or without; parts of fewer than 3 characters are not looked for. Accounts may be NULL. */
enum prompt password_rules_check(enum password_policy policy, const char *password,
	const char *const *accounts, size_t account_count);

#endif
