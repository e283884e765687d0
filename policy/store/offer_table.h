/* What is shown of an account's terminals when one is to be chosen. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_OFFER_TABLE_H
#define POLICY_STORE_OFFER_TABLE_H

#include "policy/accounts.h"
#include "policy/terminals.h"

#include <stdbool.h>
#include <stdint.h>

struct store_db;

struct offer_row {
	int64_t terminal;
	char name[TERMINAL_NAME_SIZE];
	bool in_service;
	bool attendance_required;
	enum terminal_recording recording;
	bool record_input;
	bool four_eyes;
	bool show_watchers;
	enum credential_mode credentials;
	bool credential_stored;
	bool certificate_trusted;
	uint32_t capacity;
	uint32_t sessions;         /* active ones */
	char used_by[HOLDER_SIZE]; /* as offer_holder says */
};

/* Who has held a terminal for longest, as engineers may know; "": nobody. */
int offer_holder(struct store_db *db, int64_t terminal, char ret_used_by[HOLDER_SIZE]);

/* Of every terminal that is assigned to the account, sorted by name. A negative errno of visit ends it. */
int offer_each(struct store_db *db, int64_t account,
	int (*visit)(const struct offer_row *row, void *argument), void *argument);

#endif
