/* Stored credentials; see stored_credential.h. */
#include "policy/stored_credential.h"

#include "policy/store/credential_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The length of the user keeps "a" + "b\c" and "a\b" + "c" apart. */
static void
describe(const struct stored_credential *stored, char *ret_about, size_t size)
{
	snprintf(ret_about, size, "jump-host-password %" PRId64 " %zu %s\\%s", stored->terminal,
		strlen(stored->user), stored->user, stored->domain);
}

#define ABOUT_SIZE (64 + HOST_USER_SIZE + HOST_DOMAIN_SIZE)

int
stored_credential_seal(struct store_db *db, struct stored_credential *stored, const char *password)
{
	char about[ABOUT_SIZE], plain[HOST_PASSWORD_SIZE] = {0};
	size_t len = strlen(password);
	int r;

	if (len >= sizeof(plain))
		return -EINVAL;
	memcpy(plain, password, len);
	describe(stored, about, sizeof(about));
	r = sealing_seal(store_db_sealing(db), about, plain, sizeof(plain), stored->sealed);
	secret_wipe(plain, sizeof(plain));
	return r;
}

int
stored_credential_open(struct store_db *db, const struct stored_credential *stored,
	struct host_credentials *ret_credentials)
{
	char about[ABOUT_SIZE];
	uint8_t plain[HOST_PASSWORD_SIZE];
	int r;

	host_credentials_done(ret_credentials);
	describe(stored, about, sizeof(about));
	r = sealing_unseal(
		store_db_sealing(db), about, stored->sealed, sizeof(stored->sealed), plain);
	if (r == 0)
		r = secret_set(&ret_credentials->password, plain,
			strnlen((const char *)plain, sizeof(plain) - 1));
	secret_wipe(plain, sizeof(plain));
	if (r < 0)
		return r;
	memcpy(ret_credentials->user, stored->user, sizeof(ret_credentials->user));
	memcpy(ret_credentials->domain, stored->domain, sizeof(ret_credentials->domain));
	return 0;
}

int
stored_credential_state(struct store_db *db, int64_t terminal, enum credential_mode mode,
	enum credential_state *ret_state)
{
	struct host_credentials opened = {.mode = mode};
	struct stored_credential stored;
	int r;

	*ret_state = CREDENTIAL_NOT_NEEDED;
	if (mode != CREDENTIALS_INJECTED)
		return 0;
	r = credential_load(db, terminal, &stored);
	if (r == -ENOENT) {
		*ret_state = CREDENTIAL_MISSING;
		return 0;
	}
	if (r == 0)
		r = stored_credential_open(db, &stored, &opened);
	host_credentials_done(&opened);
	*ret_state = r == -EBADMSG ? CREDENTIAL_SEALED : CREDENTIAL_OPENS;
	return r == -EBADMSG ? 0 : r;
}
