/* What Client Info says of who wants in: "account", "account%terminal" or "account#terminal", and a password. Pure; every
 * byte is a claim.
 */
#ifndef SUPERVISOR_CREDENTIALS_H
#define SUPERVISOR_CREDENTIALS_H

#include "base/secret.h"

#define CREDENTIAL_SIZE 513 /* of INTRODUCED and ANSWER */

struct credentials {
	char account[CREDENTIAL_SIZE];  /* "" if there is none */
	char terminal[CREDENTIAL_SIZE]; /* named, or "" */
	char domain[CREDENTIAL_SIZE];   /* before a backslash, or "": for the jump host alone */
	struct secret password;         /* empty if there is none */
};

/* user: as the client or its user wrote it, of CREDENTIAL_SIZE at most. A Windows domain before a backslash is of no meaning to
 * the gateway, and blanks at both ends are dropped; "@domain" belongs to the account. */
void credentials_set_user(struct credentials *credentials, const char *user);

/* Returns 0 or -ENOMEM; the earlier one is wiped. One with a NUL inside is as good as none: cut, it might be another. */
int credentials_set_password(struct credentials *credentials, const void *password, size_t len);

void credentials_done(struct credentials *credentials);

#endif
