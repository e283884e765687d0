/* With whose name and password a session signs on to its jump host (B3), and whether by NLA. Pure.
 *
 *	typed         the engineer types them at the jump host
 *	pass-through  what was typed when signing in to the gateway; a session that begins with a ticket has none, and the
 *	              engineer types
 *	injected      those that are stored for the terminal (policy/stored_credential.h); the engineer never learns them
 */
#ifndef POLICY_HOST_CREDENTIALS_H
#define POLICY_HOST_CREDENTIALS_H

#include "base/secret.h"
#include "policy/field_error.h"

#include <stdbool.h>

enum credential_mode {
	CREDENTIALS_TYPED,
	CREDENTIALS_PASS_THROUGH,
	CREDENTIALS_INJECTED,
	CREDENTIALS_COUNT
};

/* AUTO: by NLA if the host takes nothing else, or if there are credentials for it. */
enum terminal_nla {
	TERMINAL_NLA_AUTO,
	TERMINAL_NLA_REQUIRED,
	TERMINAL_NLA_OFF,
	TERMINAL_NLA_COUNT
};

/* How the stored credential of a terminal stands to a new session. */
enum credential_state {
	CREDENTIAL_NOT_NEEDED,
	CREDENTIAL_OPENS,
	CREDENTIAL_MISSING,
	CREDENTIAL_SEALED,    /* there is one, and the facility key does not open it */
	CREDENTIAL_ELSEWHERE, /* there is one, for another address than the terminal has */
};

/* A text of Client Info has at most 512 bytes of UTF-16 (MS-RDPBCGR 2.2.1.11.1.1): 256 units, less the terminator. */
#define HOST_TEXT_MAX 255
#define HOST_USER_SIZE (3 * HOST_TEXT_MAX + 1) /* as UTF-8: the fields of ATTACH, and a NUL */
#define HOST_DOMAIN_SIZE HOST_USER_SIZE
#define HOST_PASSWORD_SIZE HOST_USER_SIZE

/* What a session signs on with. The password is empty where the engineer types. */
struct host_credentials {
	enum credential_mode mode;
	char user[HOST_USER_SIZE];
	char domain[HOST_DOMAIN_SIZE]; /* "": none */
	struct secret password;
};

/* Wipes; the mode stays. Accepts NULL. */
void host_credentials_done(struct host_credentials *credentials);

/* There is a name and a password to be shown to the jump host. */
bool host_credentials_given(const struct host_credentials *credentials);

/* Takes over what somebody typed: nothing, if it is more than a jump host could be told. Returns 0 or -ENOMEM. */
int host_credentials_set(struct host_credentials *credentials, const char *user, const char *domain,
	const struct secret *password);

const char *credential_mode_name(enum credential_mode mode); /* "pass-through" */
int credential_mode_parse(
	const char *text, enum credential_mode *ret_mode, struct field_error *error);
const char *terminal_nla_name(enum terminal_nla nla); /* "required" */
int terminal_nla_parse(const char *text, enum terminal_nla *ret_nla, struct field_error *error);

/* 0, or -EINVAL and the error, which never has the password. ret_user, ret_domain: HOST_USER_SIZE. */
int host_user_parse(const char *text, char *ret_user, struct field_error *error);
int host_domain_parse(const char *text, char *ret_domain, struct field_error *error);
int host_password_check(const char *text, struct field_error *error);

#endif
