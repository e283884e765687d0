/* See hashes.h. */
#include "pam/hashes.h"

#include "base/bytes.h"
#include "base/secret.h"
#include "policy/password_hash.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>

/* What is computed when the hash itself was cheap, or none. */
#define DUMMY_SETTING PASSWORD_FULL_COST "sekisho.is.a.gate..."

int
hash_check_plainly(const char *password, const char *hash, bool *ret_opens)
{
	char made[CRYPT_OUTPUT_SIZE];
	int r = password_hash(password, hash, made, sizeof(made));

	*ret_opens = r == 0 && strlen(made) == strlen(hash) &&
		     bytes_equal_constant_time(made, hash, strlen(made));
	if (r == 0)
		secret_wipe(made, sizeof(made));
	return r == -ENOMEM ? r : 0;
}

/* A hash like those that hash_make makes, and a password that crypt(3) takes: its own work is the full cost. */
static bool
costs_enough(const char *password, const char *hash)
{
	return strncmp(hash, PASSWORD_FULL_COST, strlen(PASSWORD_FULL_COST)) == 0 &&
	       strlen(hash) > strlen(DUMMY_SETTING) && strlen(password) < CRYPT_MAX_PASSPHRASE_SIZE;
}

int
hash_check(const char *password, const char *hash, bool *ret_opens)
{
	char made[CRYPT_OUTPUT_SIZE];
	int r = hash_check_plainly(password, hash, ret_opens);

	if (r < 0 || costs_enough(password, hash))
		return r;
	r = password_hash("", DUMMY_SETTING, made, sizeof(made));
	if (r < 0)
		*ret_opens = false;
	return r;
}

int
hash_make(const char *password, char *ret_hash, size_t size)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	/* No random bytes given: it asks the kernel for them. */
	if (crypt_gensalt_rn("$y$", PASSWORD_FULL_COST_COUNT, NULL, 0, setting,
		    (int)sizeof(setting)) == NULL)
		return -errno;
	return password_hash(password, setting, ret_hash, size);
}
