/* Importing accounts; see account_import.h. */
#include "policy/account_import.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "policy/account_changes.h"
#include "policy/csv/account_columns.h"
#include "policy/csv/account_words.h"
#include "policy/method_call.h"
#include "policy/sessions.h"
#include "policy/store/account_table.h"
#include "policy/store/password_table.h"
#include "policy/store/store.h"
#include "policy/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import {
	struct store_db *db;
	struct method_call *call;
	const struct account_import_options *options;
	const json_t *cells;
	json_t *fields;
	json_t *result;
	char because[BECAUSE_SIZE];
};

static json_t *
column_or_null(enum account_column column)
{
	return column == ACCOUNT_COLUMN_COUNT ? json_null()
					      : json_string(account_column_row(column)->key);
}

static void
set_what(const struct import *import, const char *what)
{
	(void)json_object_set_new(import->result, "what", json_string(what));
}

/* Checks see 2029-01-01 where the cell says 2029/1/1: the person is shown what there is to be found in the file. Of a
 * list the one item is told. */
static void
show_cell(const struct import *import, enum account_column column)
{
	struct field_error *error = &import->call->error.field;
	const char *cell = column == ACCOUNT_COLUMN_COUNT
				   ? NULL
				   : param_text(import->cells, account_column_row(column)->key);

	if (cell != NULL && cell[0] != '\0' && strstr(cell, error->value) == NULL)
		(void)field_error_set(error, error->field, cell, error->rule, error->example);
}

/* call->error, as it would have been answered, and the column that it is about. */
static void
refused(const struct import *import)
{
	const struct method_error *error = &import->call->error;
	enum account_column column = error->field.field == NULL
					     ? ACCOUNT_COLUMN_COUNT
					     : account_column_by_field(error->field.field);
	json_t *object;

	show_cell(import, column);
	object = method_error_json(error);
	(void)json_object_set_new(object, "column", column_or_null(column));
	set_what(import, "refused");
	(void)json_object_set_new(import->result, "error", object);
}

static void
refuse_cell(const struct import *import, const struct cell_error *error)
{
	/* Its texts live as long as the answer is being made. */
	import->call->error =
		(struct method_error){.code = METHOD_REFUSED, .field = {
					      .field = account_column_row(error->column)->key,
					      .rule = error->rule,
					      .example = error->example
				      }};
	memcpy(import->call->error.field.value, error->value, sizeof(error->value));
	snprintf(import->call->error.message, sizeof(import->call->error.message),
		"%s: '%.120s' is not allowed: %s", account_column_row(error->column)->key,
		error->value, error->rule);
	refused(import);
	(void)json_object_set_new(
		json_object_get(import->result, "error"), "column", column_or_null(error->column));
	import->call->error = (struct method_error){0};
}

/* What an edit changed, cell by cell, as an export would write them. */
static int
list_changes(const struct import *import, const struct account_outcome *outcome)
{
	json_t *changes = json_array();

	(void)json_object_set_new(import->result, "changes", changes);
	for (int i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
		enum account_column column = (enum account_column)i;
		auto_free char *before = account_cell_text(column, outcome->before);
		auto_free char *after = account_cell_text(column, outcome->after);

		if (before == NULL || after == NULL)
			return -ENOMEM;
		if (strcmp(before, after) != 0)
			(void)json_array_append_new(
				changes, json_pack("{s:s, s:s, s:s}", "column",
						 account_column_row(column)->key, "before", before,
						 "after", after));
	}
	return 0;
}

static int
give_passwords(const struct import *import, const char *first, const char *second)
{
	int r;

	r = json_object_set_new(import->result, "initial_password", json_string(first));
	r |= json_object_set_new(import->result, "initial_second_password", json_string(second));
	return r < 0 ? -ENOMEM : 0;
}

static struct account_change_options
change_options(const struct import *import)
{
	return (struct account_change_options){
		.because = import->because,
		.override_protection = import->options->override_protection,
		.dry_run = import->options->dry_run,
		.undelivered = true,
	};
}

static int
check_new_kind(const struct import *import)
{
	const char *kind = param_text(import->fields, "kind");

	if (kind == NULL || strcmp(kind, "engineer") == 0)
		return 0;
	(void)method_refuse(import->call, METHOD_REFUSED,
		"an import makes engineers only: add '%s' by hand",
		param_text(import->fields, "id"));
	(void)field_error_set(&import->call->error.field, "kind", kind,
		"エンジニア, or empty, for a new account", "エンジニア");
	return -EPERM;
}

static int
add_row(const struct import *import)
{
	const struct account_change_options options = change_options(import);
	struct account_outcome outcome;
	int r;

	r = check_new_kind(import);
	if (r < 0)
		return r;
	if (import->options->vendor != NULL &&
		!json_is_string(json_object_get(import->fields, "vendor")))
		(void)json_object_set_new(
			import->fields, "vendor", json_string(import->options->vendor));
	r = account_add(import->db, import->call, import->fields, &options, &outcome);
	if (r < 0)
		return r;
	set_what(import, "added");
	if (!import->options->dry_run)
		r = give_passwords(import, outcome.first_password, outcome.second_password);
	account_outcome_done(&outcome);
	return r;
}

/* A kind is changed by hand, by somebody who sees what it means (A9). */
static int
check_kind(const struct import *import, const struct account *account)
{
	const char *kind = param_text(import->fields, "kind");
	const char *is = account_kind_name(account->kind);

	if (kind == NULL || strcmp(kind, is) == 0)
		return 0;
	(void)method_refuse(import->call, METHOD_REFUSED,
		"an import never changes the kind of an account: '%s' is %s", account->id, is);
	(void)field_error_set(&import->call->error.field, "kind", kind,
		"the kind that the account has, or empty",
		account_word_write(ACCOUNT_WORDS_KIND, is));
	return -EPERM;
}

static int
check_unchanged(const struct import *import, const struct account *account)
{
	int64_t since_us = import->options->unless_changed_since_us;
	char when[CLOCK_TEXT_SIZE];

	if (since_us == 0 || account->updated_us <= since_us ||
		strcmp(account->changed_by, import->call->actor) == 0)
		return 0;
	clock_format_utc(account->updated_us, when);
	return method_refuse(import->call, METHOD_REFUSED,
		"%s has changed the account meanwhile, at %s: export it again, and make your "
		"changes there",
		account->changed_by[0] != '\0' ? account->changed_by : "?", when);
}

static int
make_anew(const struct import *import, int64_t account, enum password_kind kind,
	char ret_password[INITIAL_PASSWORD_SIZE])
{
	struct stored_password stored = {.must_change = true, .delivered = false};
	int r;

	r = initial_password_make(
		ret_password, INITIAL_PASSWORD_SIZE, stored.hash, sizeof(stored.hash));
	return r < 0 ? r : password_set(import->db, account, kind, &stored);
}

/* For an account whose passwords an earlier import made, and never handed over. */
static int
make_passwords_anew(const struct import *import, const struct account *account, bool overrode)
{
	json_t *more = overrode ? json_pack("{s:b}", "override_protection", 1) : NULL;
	char first[INITIAL_PASSWORD_SIZE], second[INITIAL_PASSWORD_SIZE];
	int r;

	r = make_anew(import, account->number, PASSWORD_FIRST, first);
	if (r == 0)
		r = make_anew(import, account->number, PASSWORD_SECOND, second);
	if (r == 0)
		r = give_passwords(import, first, second);
	if (r == 0)
		r = admin_event_with(import->db, import->call->actor, "account.reissue_passwords",
			account->id, NULL, NULL, import->because, take_pointer(&more));
	json_decref(more);
	secret_wipe(first, sizeof(first));
	secret_wipe(second, sizeof(second));
	return r;
}

/* Whether the passwords are to be made anew: a change like any other, of a protected account with the override alone.
 * Asked before anything is changed: a refused row changes nothing. */
static int
check_delivery(const struct import *import, const struct account *account, bool *ret_reissue)
{
	struct stored_password stored;
	int r;

	r = password_load(import->db, account->number, PASSWORD_FIRST, &stored);
	*ret_reissue = r == 0 && !stored.delivered;
	if (r == 0 && *ret_reissue)
		r = method_check_protection(import->call, account->id, account->protected_note,
			import->options->override_protection);
	return r == -ENOENT ? 0 : r;
}

static int
deliver(const struct import *import, const struct account *account, bool overrode)
{
	(void)json_object_set_new(import->result, "reissued", json_true());
	return import->options->dry_run ? 0 : make_passwords_anew(import, account, overrode);
}

static int
change_row(const struct import *import, struct account *account)
{
	const struct account_change_options options = change_options(import);
	bool overrode = account->protected_note[0] != '\0';
	struct account_outcome outcome;
	bool reissue = false;
	int r;

	r = check_kind(import, account);
	if (r == 0)
		r = check_unchanged(import, account);
	if (r == 0)
		r = check_delivery(import, account, &reissue);
	if (r < 0)
		return r;
	(void)json_object_del(import->fields, "id");
	(void)json_object_del(import->fields, "kind");
	r = account_change(import->db, import->call, account, import->fields, &options, &outcome);
	if (r < 0)
		return r;
	set_what(import, outcome.changed ? "changed" : "unchanged");
	if (outcome.changed)
		r = list_changes(import, &outcome);
	else
		import->call->touched_account = 0;
	account_outcome_done(&outcome);
	return r < 0 || !reissue ? r : deliver(import, account, overrode);
}

static int
import_fields(const struct import *import)
{
	auto_free struct account *account = malloc(sizeof(*account));
	struct field_error error = {0};
	char id[ACCOUNT_ID_SIZE];
	int r;

	if (account == NULL)
		return -ENOMEM;
	if (account_id_parse(&store_db_settings(import->db)->facility,
		    param_text(import->fields, "id"), id, &error) < 0)
		return method_refuse_field(import->call, &error);
	(void)json_object_set_new(import->result, "id", json_string(id));
	r = account_find(import->db, id, account);
	if (r == -ENOENT)
		return add_row(import);
	return r < 0 ? r : change_row(import, account);
}

/* The file's name is whatever somebody has called it: what cannot be shown in a line is left out, and it is cut at the end
 * of a character. */
static void
name_place(const char *file, int64_t line, char ret_because[BECAUSE_SIZE])
{
	size_t len = file == NULL ? 0 : sentence_cut(file, 200);

	if (len == 0 || text_count(file, len, TEXT_LINE) < 0) {
		file = "-";
		len = 1;
	}
	snprintf(ret_because, BECAUSE_SIZE, "CSV %.*s:%lld", (int)len, file, (long long)line);
}

int
account_import_row(struct store_db *db, struct method_call *call, const json_t *cells, int64_t line,
	const struct account_import_options *options, json_t **ret_result)
{
	struct import import = {.db = db, .call = call, .options = options, .cells = cells};
	struct cell_error error;
	int r;

	name_place(options->file, line, import.because);
	import.result = json_pack("{s:I}", "line", (json_int_t)line);
	r = account_cells_read(cells, &import.fields, &error);
	if (r == -EINVAL) {
		refuse_cell(&import, &error);
		*ret_result = import.result;
		return 0;
	}
	if (r == 0)
		r = import_fields(&import);
	json_decref(import.fields);
	if (r < 0 && call->error.code == 0) {
		json_decref(import.result);
		return r;
	}
	if (r < 0)
		refused(&import);
	call->error = (struct method_error){0};
	*ret_result = import.result;
	return 0;
}

static int
mark_delivered(struct store_db *db, struct method_call *call, const char *id, void *argument)
{
	auto_free struct account *account = malloc(sizeof(*account));
	int r;

	(void)call;
	(void)argument;
	if (account == NULL)
		return -ENOMEM;
	r = account_find(db, id, account);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return password_delivered(db, account->number);
}

int
account_import_delivered(struct store_db *db, struct method_call *call, const json_t *ids)
{
	return param_each_text(call, ids, "delivered", mark_delivered, db, NULL);
}
