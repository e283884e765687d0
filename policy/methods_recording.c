/* recording.list, recording.show, recording.hold, recording.release (F7): see methods.h. */
#include "policy/recordings.h"

#include "base/bytes.h"
#include "policy/civil.h"
#include "policy/method_call.h"
#include "policy/store/store.h"
#include "policy/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PAGE_DEFAULT 1000
#define PAGE_MOST 2000
#define PREFIX_LEAST 7
#define DIGITS (2 * SESSION_ID_BYTES)

struct page {
	struct store_db *db;
	const char *account, *terminal; /* NULL: any */
	enum recording_row_state state; /* RECORDING_ROW_STATE_COUNT: any */
	bool held;                      /* only those */
	int64_t from_us, until_us;
	int64_t below; /* numbers of rows: the cursor */
	json_int_t most;
	json_t *rows;
	int64_t last; /* number of the newest added */
	bool more;
};

static int
read_instant(struct method_call *call, const char *name, int64_t *instant_us)
{
	const char *text = param_text(call->params, name);
	struct field_error error;

	if (text == NULL || instant_parse(text, instant_us) == 0)
		return 0;
	(void)field_error_set(&error, name, text, "an instant", "2026-11-20T08:30:00Z");
	return method_refuse_field(call, &error);
}

static int
read_state(struct method_call *call, struct page *page)
{
	const char *state = param_text(call->params, "state");
	struct field_error error;

	page->state = state == NULL ? RECORDING_ROW_STATE_COUNT : recording_row_state_find(state);
	if (state == NULL || page->state != RECORDING_ROW_STATE_COUNT)
		return 0;
	(void)field_error_set(&error, "state", state,
		"one of running, closed, not-closed, failed, erased", "closed");
	return method_refuse_field(call, &error);
}

static int
read_place(struct method_call *call, struct page *page)
{
	const json_t *most = json_object_get(call->params, "most");
	const json_t *cursor = json_object_get(call->params, "cursor");
	struct field_error error;

	page->below = cursor == NULL ? INT64_MAX : json_integer_value(cursor);
	page->most = most == NULL ? PAGE_DEFAULT : json_integer_value(most);
	if (page->most >= 1 && page->most <= PAGE_MOST)
		return 0;
	(void)field_error_set(&error, "most", NULL, "1 to 2000 rows", "1000");
	return method_refuse_field(call, &error);
}

static bool
is_wanted(const struct page *page, const struct recording_row *row)
{
	const char *prefix = store_db_settings(page->db)->facility.prefix;

	if (page->state != RECORDING_ROW_STATE_COUNT && row->state != page->state)
		return false;
	if (page->held && row->held_us == 0)
		return false;
	if (page->terminal != NULL && !terminal_name_is(prefix, page->terminal, row->terminal_name))
		return false;
	return page->account == NULL || strcasecmp(page->account, row->account_id) == 0 ||
	       strcasecmp(page->account, row->account_full) == 0;
}

static int
add_row(const struct recording_row *row, void *argument)
{
	struct page *page = argument;

	if (!is_wanted(page, row))
		return 0;
	if ((json_int_t)json_array_size(page->rows) == page->most) {
		page->more = true;
		return -ECANCELED;
	}
	page->last = row->number;
	return json_array_append_new(page->rows, recording_json(row)) < 0 ? -ENOMEM : 0;
}

int
method_recording_list(struct store_db *db, struct method_call *call)
{
	struct page page = {
		.db = db,
		.account = param_text(call->params, "account"),
		.terminal = param_text(call->params, "terminal"),
		.held = json_is_true(json_object_get(call->params, "held")),
		.from_us = INT64_MIN,
		.until_us = INT64_MAX,
	};
	int r = read_instant(call, "from", &page.from_us);

	if (r == 0)
		r = read_instant(call, "until", &page.until_us);
	if (r == 0)
		r = read_state(call, &page);
	if (r == 0)
		r = read_place(call, &page);
	if (r < 0)
		return r;
	page.rows = json_array();
	r = recording_each(db, page.below, page.from_us, page.until_us, add_row, &page);
	if (r < 0 && r != -ECANCELED) {
		json_decref(page.rows);
		return r;
	}
	call->result = json_pack("{s:o, s:o}", "recordings", page.rows, "next",
		page.more ? json_integer((json_int_t)page.last) : json_null());
	return call->result == NULL ? -ENOMEM : 0;
}

/* The typed digits, and behind them as many of this one as are missing. */
static int
fill(const char *text, size_t len, char digit, uint8_t ret_id[SESSION_ID_BYTES])
{
	char whole[DIGITS + 1];

	memcpy(whole, text, len);
	memset(whole + len, digit, DIGITS - len);
	whole[DIGITS] = '\0';
	return bytes_from_hex(whole, ret_id, SESSION_ID_BYTES);
}

struct finding {
	int64_t part;
	struct recording_row row;
	size_t count;
};

static int
add_found(const struct recording_row *row, void *argument)
{
	struct finding *finding = argument;

	if (row->part != finding->part)
		return 0;
	finding->row = *row;
	return ++finding->count > 1 ? -ECANCELED : 0;
}

/* "9f2c41d…" or "9f2c41d-2": the first digits of the session's id, and which part. */
static int
read_name(const char *name, uint8_t *ret_low, uint8_t *ret_high, int64_t *ret_part)
{
	size_t len = strcspn(name, "-");
	char *end = NULL;

	*ret_part = name[len] == '\0' ? 1 : strtoll(name + len + 1, &end, 10);
	if (len < PREFIX_LEAST || len > DIGITS || (end != NULL && (*end != '\0' || *ret_part < 1)))
		return -EINVAL;
	return fill(name, len, '0', ret_low) < 0 || fill(name, len, 'f', ret_high) < 0 ? -EINVAL
										       : 0;
}

int
recording_find(struct store_db *db, struct method_call *call, struct recording_row *ret_row)
{
	const char *name = param_text(call->params, "id");
	uint8_t low[SESSION_ID_BYTES], high[SESSION_ID_BYTES];
	struct finding finding = {0};
	struct field_error error;
	int r;

	if (read_name(name, low, high, &finding.part) < 0) {
		(void)field_error_set(&error, "id", name,
			"a recording's id, or its first digits (7 or more)", "9f2c41d");
		return method_refuse_field(call, &error);
	}
	r = recording_each_between(db, low, high, add_found, &finding);
	if (r < 0 && r != -ECANCELED)
		return r;
	if (finding.count == 0)
		return method_refuse(call, METHOD_NOT_FOUND,
			"there is no recording %s: see recording list", name);
	if (finding.count > 1)
		return method_refuse(call, METHOD_REFUSED,
			"more than one recording begins with %s: type more digits", name);
	*ret_row = finding.row;
	return 0;
}

int
method_recording_show(struct store_db *db, struct method_call *call)
{
	struct recording_row row;
	int r = recording_find(db, call, &row);

	if (r < 0)
		return r;
	call->result = recording_json(&row);
	return call->result == NULL ? -ENOMEM : 0;
}

static json_t *
hold_json(const struct recording_row *row)
{
	return json_pack("{s:s, s:s}", "held_by", row->held_by, "held_because", row->held_because);
}

/* The row as it is now, and the change in the administration log: what held it before, and what does now. Takes both objects. */
static int
keep_hold(struct store_db *db, struct method_call *call, struct recording_row *row,
	const char *action, json_t *before, json_t *after)
{
	char id[RECORDING_ID_SIZE];
	int r = recording_update(db, row);

	recording_id(row->session, row->part, id);
	if (r == 0)
		r = admin_event(db, call->actor, action, id, before, recording_whose(row, after),
			param_text(call->params, "because"));
	json_decref(before);
	json_decref(after);
	if (r < 0)
		return r;
	call->result = recording_json(row);
	return call->result == NULL ? -ENOMEM : 0;
}

int
method_recording_hold(struct store_db *db, struct method_call *call)
{
	const char *because = param_text(call->params, "because");
	struct recording_row row;
	int r = recording_find(db, call, &row);

	if (r < 0)
		return r;
	if (row.state == RECORDING_ROW_ERASED)
		return method_refuse(call, METHOD_REFUSED,
			"the recording has been erased: there is nothing to hold");
	if (row.held_us != 0)
		return method_refuse(call, METHOD_REFUSED,
			"the recording is held already, by %s: %s", row.held_by, row.held_because);
	row.held_us = store_db_now(db);
	snprintf(row.held_by, sizeof(row.held_by), "%s", call->actor);
	snprintf(row.held_because, sizeof(row.held_because), "%s", because);
	return keep_hold(db, call, &row, "recording.hold", NULL, hold_json(&row));
}

/* A hold has an owner. Who takes away another's says why, and the log names both: a colleague who has left must not keep a patient's
 * pictures for ever, and nobody lets one go in silence that somebody else still needs. */
static int
check_release(struct method_call *call, const struct recording_row *row)
{
	const char *because = param_text(call->params, "because");
	size_t given = because != NULL ? strlen(because) : 0;

	if (given > 0)
		(void)text_trim(because, &given);
	if (row->held_us == 0)
		return method_refuse(call, METHOD_REFUSED, "nobody holds the recording");
	if (strcmp(row->held_by, call->actor) == 0 || given > 0)
		return 0;
	return method_refuse(call, METHOD_REFUSED,
		"the recording is held by %s (%s): say why you release another's hold (--because)",
		row->held_by, row->held_because);
}

int
method_recording_release(struct store_db *db, struct method_call *call)
{
	struct recording_row row;
	json_t *before;
	int r = recording_find(db, call, &row);

	if (r == 0)
		r = check_release(call, &row);
	if (r < 0)
		return r;
	before = hold_json(&row);
	row.held_us = 0;
	row.held_by[0] = row.held_because[0] = '\0';
	return keep_hold(db, call, &row, "recording.release", before, json_object());
}
