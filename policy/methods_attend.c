/* attend.issue, attend.cancel and the numbers of attend.list (C7): see methods.h. */
#include "policy/method_call.h"

#include "base/clock.h"
#include "base/secret.h"
#include "policy/attendance_digits.h"
#include "policy/store/account_table.h"
#include "policy/store/assignment_table.h"
#include "policy/store/attendance_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Digits that another number has are drawn again; so often in vain, something is wrong. */
#define DRAWS_MOST 20

/* A number with the names of what it is for. */
struct named_number {
	struct attendance_number number;
	char terminal[TERMINAL_NAME_SIZE];
	char account[ACCOUNT_FULL_ID_SIZE]; /* "": whoever may use the terminal */
};

/* A number of control_methods.def; NULL without memory. */
static json_t *
number_json(struct store_db *db, const struct named_number *named)
{
	const struct attendance_number *number = &named->number;
	char issued[CLOCK_TEXT_SIZE], expires[CLOCK_TEXT_SIZE];

	clock_format_utc(number->issued_us, issued);
	clock_format_utc(
		store_db_now(db) + (number->dead_at_ms - clock_boottime_ms()) * 1000, expires);
	return json_pack("{s:I, s:s, s:s?, s:b, s:b, s:s, s:s, s:s}", "number",
		(json_int_t)number->number, "terminal", named->terminal, "account",
		named->account[0] != '\0' ? named->account : NULL, "control", number->control,
		"files", number->files, "issued_by", number->issued_by, "issued", issued, "expires",
		expires);
}

/* What it says in the administration log; the digits never. NULL without memory. */
static json_t *
number_event(const struct named_number *named)
{
	const struct attendance_number *number = &named->number;

	return json_pack("{s:I, s:s?, s:b, s:b}", "number", (json_int_t)number->number, "account",
		named->account[0] != '\0' ? named->account : NULL, "control", number->control,
		"files", number->files);
}

/* Only who could use it: a number for somebody else would never be asked for. */
static int
take_account(struct store_db *db, struct method_call *call, struct named_number *named)
{
	const char *id = param_text(call->params, "account");
	struct account account;
	bool assigned = false;
	int r;

	if (id == NULL)
		return 0;
	r = method_find_account(db, call, id, &account);
	if (r < 0)
		return r;
	r = assignment_exists(db, account.number, named->number.terminal, &assigned);
	if (r < 0)
		return r;
	if (account.kind != ACCOUNT_ENGINEER || !assigned)
		return method_refuse(call, METHOD_REFUSED,
			"'%s' may not use terminal '%s', with a number or without (explain says "
			"why)",
			account.id, named->terminal);
	named->number.account = account.number;
	account_id_full(&store_db_settings(db)->facility, account.id, named->account);
	return 0;
}

static int
take_terminal(struct store_db *db, struct method_call *call, struct named_number *named)
{
	const char *name = param_text(call->params, "terminal");
	struct terminal terminal = {0};
	int64_t numbers = 0;
	int r;

	r = method_find_own_terminal(db, call, name != NULL ? name : "", &terminal);
	if (r < 0)
		return r;
	named->number.terminal = terminal.number;
	memcpy(named->terminal, terminal.name, sizeof(named->terminal));
	terminal_done(&terminal);
	if (!terminal.attendance_required)
		return method_refuse(call, METHOD_REFUSED,
			"terminal '%s' asks for no number: nobody needs to attend there (terminal "
			"edit --attended on)",
			named->terminal);
	r = attendance_number_count(db, named->number.terminal, &numbers);
	if (r == 0 && numbers >= ATTENDANCE_NUMBERS_MOST)
		return method_refuse(call, METHOD_REFUSED,
			"%lld numbers for terminal '%s' have not been used yet: cancel one first "
			"(attend list)",
			(long long)numbers, named->terminal);
	return r;
}

static int
draw(struct store_db *db, struct named_number *named, char digits[ATTENDANCE_DIGITS + 1])
{
	uint8_t digest[DIGEST_BYTES];
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < DRAWS_MOST; i++) {
		r = attendance_digits_make(digits);
		if (r == 0)
			r = attendance_digest(db, named->number.terminal, digits, digest);
		if (r == 0)
			r = attendance_number_insert(db, &named->number, digest);
	}
	return r;
}

static int
answer_issued(struct store_db *db, struct method_call *call, const struct named_number *named,
	const char *digits)
{
	json_t *event = number_event(named);
	int r;

	if (event == NULL)
		return -ENOMEM;
	r = admin_event(db, call->actor, "attend.issue", named->terminal, NULL, event, NULL);
	json_decref(event);
	if (r < 0)
		return r;
	call->result = number_json(db, named);
	return json_object_set_new(call->result, "digits", json_string(digits)) < 0 ? -ENOMEM : 0;
}

int
method_attend_issue(struct store_db *db, struct method_call *call)
{
	struct named_number named = {
		.number =
			{
				.control = !json_is_false(json_object_get(call->params, "control")),
				.files = json_is_true(json_object_get(call->params, "files")),
				.dead_at_ms = clock_boottime_ms() + ATTENDANCE_LIFE_MS,
			},
	};
	char digits[ATTENDANCE_DIGITS + 1];
	int r;

	snprintf(named.number.issued_by, sizeof(named.number.issued_by), "%s", call->actor);
	r = attendance_number_prune(db);
	if (r == 0)
		r = take_terminal(db, call, &named);
	if (r == 0)
		r = take_account(db, call, &named);
	if (r == 0)
		r = draw(db, &named, digits);
	if (r == 0)
		r = answer_issued(db, call, &named, digits);
	secret_wipe(digits, sizeof(digits));
	return r;
}

/* The names; -ENOENT if terminal or account are no more. */
static int
name_number(struct store_db *db, struct named_number *named)
{
	struct terminal terminal = {0};
	struct account account;
	int r;

	r = terminal_load(db, named->number.terminal, &terminal);
	if (r == 0)
		memcpy(named->terminal, terminal.name, sizeof(named->terminal));
	terminal_done(&terminal);
	named->account[0] = '\0';
	if (r < 0 || named->number.account == 0)
		return r;
	r = account_load(db, named->number.account, &account);
	if (r == 0)
		account_id_full(&store_db_settings(db)->facility, account.id, named->account);
	return r;
}

int
method_attend_cancel(struct store_db *db, struct method_call *call)
{
	int64_t number = json_integer_value(json_object_get(call->params, "number"));
	struct named_number named = {0};
	json_t *event;
	int r;

	r = attendance_number_load(db, number, &named.number);
	if (r == 0 && !method_scope_has(&call->scope, named.number.terminal))
		r = -ENOENT;
	if (r == 0)
		r = name_number(db, &named);
	if (r == -ENOENT)
		return method_refuse(call, METHOD_NOT_FOUND,
			"there is no number %lld that could still be used: see attend list",
			(long long)number);
	if (r == 0)
		r = attendance_number_delete(db, number);
	if (r < 0)
		return r;
	call->result = number_json(db, &named);
	event = number_event(&named);
	if (call->result == NULL || event == NULL) {
		json_decref(event);
		return -ENOMEM;
	}
	r = admin_event(db, call->actor, "attend.cancel", named.terminal, event, NULL,
		param_text(call->params, "because"));
	json_decref(event);
	return r;
}

int
attend_numbers_json(struct store_db *db, const struct method_call *call, json_t *numbers)
{
	struct named_number named = {0};
	int r;

	for (;;) {
		r = attendance_number_next(db, named.number.number, &named.number);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		if (!method_scope_has(&call->scope, named.number.terminal))
			continue;
		r = name_number(db, &named);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0 && json_array_append_new(numbers, number_json(db, &named)) < 0)
			return -ENOMEM;
	}
}
