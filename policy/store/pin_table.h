/* What pinned certificates said of themselves (B4), in the database. Inside a job; 0 or a negative errno. */
#ifndef POLICY_STORE_PIN_TABLE_H
#define POLICY_STORE_PIN_TABLE_H

#include "policy/terminals.h"

struct store_db;

#define PIN_SUBJECT_SIZE 257
#define PIN_NAMES_SIZE 1025

struct pinned_certificate {
	int64_t terminal;
	uint8_t sha256[TERMINAL_PIN_BYTES];
	char subject[PIN_SUBJECT_SIZE];
	char names[PIN_NAMES_SIZE];
	int64_t not_before_us; /* 0: not said */
	int64_t not_after_us;  /* 0: not said */
	int64_t since_us;      /* that it is trusted */
	char by[ACTOR_SIZE];
};

/* -ENOENT: none is known. */
int pin_load(struct store_db *db, int64_t terminal, struct pinned_certificate *ret_pinned);

/* Makes it, or replaces what is there. */
int pin_save(struct store_db *db, const struct pinned_certificate *pinned);

#endif
