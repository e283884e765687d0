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
	snprintf(ret_about, size, "jump-host-password %" PRId64 " %s %zu %s\\%s", stored->terminal,
		stored->host, strlen(stored->user), stored->user, stored->domain);
}

#define ABOUT_SIZE (64 + TERMINAL_HOST_SIZE + HOST_USER_SIZE + HOST_DOMAIN_SIZE)

void
stored_credential_set_terminal(struct stored_credential *stored, const struct terminal *terminal)
{
	stored->terminal = terminal->number;
	terminal_host(terminal, stored->host);
}

bool
stored_credential_is_for(const struct stored_credential *stored, const struct terminal *terminal)
{
	char host[TERMINAL_HOST_SIZE];

	terminal_host(terminal, host);
	return strcmp(stored->host, host) == 0;
}

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
	const struct terminal *terminal, struct host_credentials *ret_credentials)
{
	char about[ABOUT_SIZE];
	uint8_t plain[HOST_PASSWORD_SIZE];
	int r;

	host_credentials_done(ret_credentials);
	if (!stored_credential_is_for(stored, terminal))
		return -EXDEV;
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
stored_credential_state(struct store_db *db, const struct terminal *terminal,
	enum credential_mode mode, enum credential_state *ret_state)
{
	struct host_credentials opened = {.mode = mode};
	struct stored_credential stored;
	int r;

	*ret_state = CREDENTIAL_NOT_NEEDED;
	if (mode != CREDENTIALS_INJECTED)
		return 0;
	*ret_state = CREDENTIAL_MISSING;
	r = credential_load(db, terminal->number, &stored);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = stored_credential_open(db, &stored, terminal, &opened);
	host_credentials_done(&opened);
	*ret_state = r == -EXDEV     ? CREDENTIAL_ELSEWHERE
		     : r == -EBADMSG ? CREDENTIAL_SEALED
				     : CREDENTIAL_OPENS;
	return *ret_state == CREDENTIAL_OPENS ? r : 0;
}
