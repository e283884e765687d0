/* Somebody who signs in to the facility of session_fixture.h: taro, from 10.0.0.5 with his device. */
#ifndef SIGN_IN_FIXTURE_H
#define SIGN_IN_FIXTURE_H

#include "policy/sign_in.h"
#include "session_fixture.h"

#define OWN_SOURCE "10.0.0.5"
#define OWN_HASH "$y$j9T$AAAAAAAAAAAAAAAAAAAA$BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB."

struct load {
	const char *typed, *source;
	struct sign_in_account account;
};
int do_load(struct store_db *db, void *load);

/* What a sign-in would be checked against. */
struct sign_in_account load_from(const char *typed, const char *source);

struct keep {
	struct sign_in_note note;
	bool accepted;
};
int do_keep(struct store_db *db, void *keep);

/* Whether a report is accepted. */
bool keep_note(const struct sign_in_note *note);
bool report(enum sign_in_report what, const char *typed, const char *source);

/* Each from a network of its own, without waiting. */
void guess(const char *typed, enum sign_in_report what, unsigned first, unsigned count);

/* The clock: noon, and so many seconds. */
void at_second(int64_t second);

/* Settings that the store is opened with again. */
void use_settings(enum password_policy policy, enum second_factor_rule rule, uint32_t earlier);

int64_t number_of(const char *id);

/* The newest row of the login log, new reference. */
json_t *newest_login(void);

#endif
