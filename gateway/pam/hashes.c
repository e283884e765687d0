/* See hashes.h. */
#include "pam/hashes.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/secret.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FULL_COST 5 /* of crypt_gensalt(3) for "$y$": HASH_FULL_COST */

/* What is computed when the hash itself was cheap, or none. */
#define DUMMY_SETTING HASH_FULL_COST "sekisho.is.a.gate..."

/* crypt(3) into a room of its own, which is wiped. -EINVAL: it is no hash, or the password cannot be hashed. */
static int
compute(const char *password, const char *setting, char *ret_hash, size_t size)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made;
	int r = 0;

	if (data == NULL)
		return -ENOMEM;
	errno = 0;
	made = crypt_rn(password, setting, data, (int)sizeof(*data));
	if (made == NULL)
		r = errno == ENOMEM ? -ENOMEM : -EINVAL;
	else if (strlen(made) >= size)
		r = -EINVAL;
	else
		memcpy(ret_hash, made, strlen(made) + 1);
	secret_wipe(data, sizeof(*data));
	free(data);
	return r;
}

int
hash_check_plainly(const char *password, const char *hash, bool *ret_opens)
{
	char made[CRYPT_OUTPUT_SIZE];
	int r = compute(password, hash, made, sizeof(made));

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
	return strncmp(hash, HASH_FULL_COST, strlen(HASH_FULL_COST)) == 0 &&
	       strlen(hash) > strlen(DUMMY_SETTING) && strlen(password) < CRYPT_MAX_PASSPHRASE_SIZE;
}

int
hash_check(const char *password, const char *hash, bool *ret_opens)
{
	char made[CRYPT_OUTPUT_SIZE];
	int r = hash_check_plainly(password, hash, ret_opens);

	if (r < 0 || costs_enough(password, hash))
		return r;
	r = compute("", DUMMY_SETTING, made, sizeof(made));
	if (r < 0)
		*ret_opens = false;
	return r;
}

int
hash_make(const char *password, char *ret_hash, size_t size)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	/* No random bytes given: it asks the kernel for them. */
	if (crypt_gensalt_rn("$y$", FULL_COST, NULL, 0, setting, (int)sizeof(setting)) == NULL)
		return -errno;
	return compute(password, setting, ret_hash, size);
}
