/* The name and password that are stored for a terminal (B3), sealed under the facility key. Inside a store job; 0 or a
 * negative errno.
 *
 * What is sealed is bound to the terminal's number, its address and port, the user and the domain: a row that somebody puts
 * under another terminal, or whose user they change, does not open, and one whose terminal was given another address is not
 * opened.
 */
#ifndef POLICY_STORED_CREDENTIAL_H
#define POLICY_STORED_CREDENTIAL_H

#include "policy/host_credentials.h"
#include "policy/protection.h"
#include "policy/sealing.h"
#include "policy/terminals.h"

#include <stdint.h>

struct store_db;

/* The password is filled up with zeros, so that the database does not tell its length. */
#define STORED_SEALED_BYTES (HOST_PASSWORD_SIZE + SEALED_EXTRA_BYTES)

struct stored_credential {
	int64_t terminal;              /* its number */
	char host[TERMINAL_HOST_SIZE]; /* for which it was stored; "": before there were any */
	char user[HOST_USER_SIZE];
	char domain[HOST_DOMAIN_SIZE]; /* "": none */
	uint8_t sealed[STORED_SEALED_BYTES];
	int64_t set_us;
	char set_by[ACTOR_SIZE];
	char protected_note[PROTECTED_NOTE_SIZE]; /* "": not protected (A18) */
};

/* Whom it is for: before it is sealed. */
void stored_credential_set_terminal(
	struct stored_credential *stored, const struct terminal *terminal);

/* The terminal is still where it was when the password was stored. */
bool stored_credential_is_for(
	const struct stored_credential *stored, const struct terminal *terminal);

/* Seals the password into it; terminal, user and domain are set before. */
int stored_credential_seal(
	struct store_db *db, struct stored_credential *stored, const char *password);

/* Fills in user, domain and password for this start of a session. -EXDEV: it is for another address; -EBADMSG: the facility
 * key does not open it. */
int stored_credential_open(struct store_db *db, const struct stored_credential *stored,
	const struct terminal *terminal, struct host_credentials *ret_credentials);

/* How it stands: opens it, and forgets it at once. */
int stored_credential_state(struct store_db *db, const struct terminal *terminal,
	enum credential_mode mode, enum credential_state *ret_state);

#endif
