/* Tickets in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_TICKET_TABLE_H
#define POLICY_STORE_TICKET_TABLE_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stdint.h>

#define SECRET_HASH_BYTES 32

struct ticket {
	char handle[TICKET_HANDLE_SIZE];
	uint8_t secret_hash[SECRET_HASH_BYTES]; /* SHA-256 of the secret's text */
	int64_t account;
	int64_t terminal;
	char source[SOURCE_SIZE]; /* "" if not bound */
	char mac[MAC_TEXT_SIZE];  /* "" if none is vouched for */
	bool this_boot;           /* issued since the machine was started */
	int64_t dead_at_ms;       /* of CLOCK_BOOTTIME */
	int64_t refusals;
	bool redirect;                 /* of a Server Redirection: what follows is of such a one */
	struct device_evidence device; /* bound to it, if known; the kind is not kept */
	int64_t wrong;                 /* tries with a wrong secret */
	struct attendance attendance;
	bool used;
	bool has_session;
	uint8_t session[SESSION_ID_BYTES];
};

int ticket_insert(struct store_db *db, const struct ticket *ticket, const char *issued_by);

/* -ENOENT if there is none. */
int ticket_find(struct store_db *db, const char *handle, struct ticket *ret_ticket);
int ticket_burn(struct store_db *db, const char *handle);

/* As ticket_burn, unless it has been used. *ret_burnt false: it had been, or there is none. */
int ticket_burn_unused(struct store_db *db, const char *handle, bool *ret_burnt);

/* A redirect ticket that nobody has brought back, and nobody can any more. */
struct ticket_unreturned {
	char handle[TICKET_HANDLE_SIZE];
	char source[SOURCE_SIZE];
	char issued_by[ACTOR_SIZE];
};

/* The oldest, `most` at a time. */
int ticket_list_unreturned(
	struct store_db *db, struct ticket_unreturned *ret_list, size_t most, size_t *ret_count);
int ticket_set_session(struct store_db *db, const char *handle, const uint8_t *session);
int ticket_count_refusal(struct store_db *db, const char *handle);
int ticket_count_wrong(struct store_db *db, const char *handle);

/* Forgets tickets of more than a day ago that no running session rests on; not those that ticket_list_unreturned lists. */
int ticket_forget_old(struct store_db *db);

#endif
