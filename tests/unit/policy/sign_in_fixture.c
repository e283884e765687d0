/* See sign_in_fixture.h. */
#include "sign_in_fixture.h"

#include "base/clock.h"
#include "policy/store/account_table.h"
#include "policy/store/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

int
do_load(struct store_db *db, void *argument)
{
	struct load *load = argument;

	return sign_in_load(db, load->typed, load->source, &load->account);
}

struct sign_in_account
load_from(const char *typed, const char *source)
{
	struct load load = {.typed = typed, .source = source};

	assert_int_equal(fixture_read(&fixture, do_load, &load), 0);
	return load.account;
}

int
do_keep(struct store_db *db, void *argument)
{
	struct keep *keep = argument;

	return sign_in_keep(db, &keep->note, &keep->accepted);
}

bool
keep_note(const struct sign_in_note *note)
{
	struct keep keep = {.note = *note};

	assert_int_equal(fixture_write(&fixture, do_keep, &keep), 0);
	return keep.accepted;
}

bool
report(enum sign_in_report what, const char *typed, const char *source)
{
	const struct sign_in_note note = {.what = what, .typed = typed, .source = source};

	return keep_note(&note);
}

void
guess(const char *typed, enum sign_in_report what, unsigned first, unsigned count)
{
	char source[32];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(source, sizeof(source), "172.16.%u.1", i);
		(void)report(what, typed, source);
	}
}

void
at_second(int64_t second)
{
	clock_hold(NOON_US + second * SECOND_US, 1000000 + second * 1000);
}

void
use_settings(enum password_policy policy, enum second_factor_rule rule, uint32_t earlier)
{
	fixture.settings.sign_in.password_policy = policy;
	fixture.settings.sign_in.second_factor = rule;
	fixture.settings.sign_in.earlier_passwords = earlier;
	store_change_settings(fixture.store, &fixture.settings);
}

struct find {
	const char *id;
	int64_t number;
};

static int
do_find(struct store_db *db, void *argument)
{
	struct find *find = argument;
	struct account account;
	int r = account_find(db, find->id, &account);

	find->number = account.number;
	return r;
}

int64_t
number_of(const char *id)
{
	struct find find = {.id = id};

	assert_int_equal(fixture_read(&fixture, do_find, &find), 0);
	return find.number;
}

static int
do_newest(struct store_db *db, void *argument)
{
	sqlite3_stmt *row;
	int r = sql_ask(db, &row,
		"SELECT payload FROM event WHERE kind = 'login' AND payload IS NOT NULL "
		"ORDER BY id DESC LIMIT 1",
		"");

	if (r == 0 && sql_next(row) > 0) {
		*(json_t **)argument =
			json_loads((const char *)sqlite3_column_text(row, 0), 0, NULL);
		sql_end(row);
	}
	return r;
}

json_t *
newest_login(void)
{
	json_t *login = NULL;

	assert_int_equal(fixture_read(&fixture, do_newest, &login), 0);
	assert_non_null(login);
	return login;
}
