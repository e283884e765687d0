/* Passwords that Sekisho makes itself: the initial first and second password of an account (A10, A11).
 *
 * Form: groups of letters and digits with '-' between them, "kM4rTx-hW9bQe-3vNdZa"; the hyphens belong
 * to the password. No character looks like another one (no 0 O o, 1 l I), each password has an upper
 * case letter, a lower case one and a digit, and the first is a letter: no spreadsheet takes it for a
 * number, a date or a formula. 48 x 56^17 possibilities, less the few hundredths that lack a class:
 * over 2^104.
 *
 * Hash: yescrypt of crypt(5), which crypt(3), and so pam_unix, verifies as it does any other, but with
 * a setting as small as there can be (N = 16, r = 1: some 30 microseconds and 14 KB instead of 60
 * milliseconds and 16 MB). A slow hash is there to protect what people choose: a few billion guesses
 * find that, so each guess is made dear. Who stole the hashes and guesses initial passwords has 2^104
 * to try: at 10^12 guesses a second, more than even this setting leaves, six hundred thousand million
 * years. Making each guess a thousand times dearer buys nothing there, and the 50,000 rows of an
 * import, two passwords each, would wait more than an hour for it. Each hash has a random salt all the
 * same. What a person chooses later is another matter and gets the full cost; must_change sees to it
 * that an initial password does not stay.
 */
#ifndef POLICY_PASSWORDS_H
#define POLICY_PASSWORDS_H

#include "policy/password_hash.h"

#include <stddef.h>

#define INITIAL_PASSWORD_GROUPS 3
#define INITIAL_PASSWORD_GROUP_CHARACTERS 6
#define INITIAL_PASSWORD_SIZE (INITIAL_PASSWORD_GROUPS * (INITIAL_PASSWORD_GROUP_CHARACTERS + 1))

/* The presets of the Ministry's guideline (sign_in.password_policy in the settings). */
enum password_policy {
	PASSWORD_POLICY_LONG,          /* 13 characters or more of mixed kinds */
	PASSWORD_POLICY_TWO_MONTHS,    /* 8 or more of mixed kinds, changed within two months */
	PASSWORD_POLICY_SECOND_FACTOR, /* 8 or more of mixed kinds, and a second factor */
};

/* A hash of full cost that no password opens, for names that no account has: random characters of the right form, of which
 * nobody knows anything that leads to them. As above; 0 or a negative errno. */
int password_decoy_make(char *ret_hash, size_t hash_size);

/* A new random password and its hash; the rooms are at least INITIAL_PASSWORD_SIZE and
 * PASSWORD_HASH_SIZE. The caller wipes the password (secret_wipe) once it is handed over. 0, or a
 * negative errno with both empty. */
int initial_password_make(
	char *ret_password, size_t password_size, char *ret_hash, size_t hash_size);

#endif
