/* session.ended: the newest sessions that are over, as far as who asks may see them; see methods.h. The whole history with all
 * its filters is log.connections. */
#include "policy/method_call.h"

#include "policy/store/session_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MOST 100
#define DAYS INT64_C(7)
#define DAY_US INT64_C(86400000000)

struct ended {
	struct store_db *db;
	const struct method_call *call;
	const char *terminal, *account; /* NULL: any */
	json_t *sessions;
};

static const char *
text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

static bool
is_wanted(const struct ended *ended, const json_t *row)
{
	json_int_t terminal = json_integer_value(json_object_get(row, "terminal_number"));

	if (!method_scope_has(&ended->call->scope, terminal))
		return false;
	if (ended->terminal != NULL &&
		!terminal_name_is(store_db_settings(ended->db)->facility.prefix, ended->terminal,
			text_of(row, "terminal")))
		return false;
	return ended->account == NULL || strcasecmp(ended->account, text_of(row, "account")) == 0 ||
	       strcasecmp(ended->account, text_of(row, "full_id")) == 0;
}

/* Takes the row. */
static int
add_row(json_t *row, void *argument)
{
	struct ended *ended = argument;

	if (row == NULL || !is_wanted(ended, row)) {
		json_decref(row);
		return row == NULL ? -ENOMEM : 0;
	}
	session_json_for_people(row);
	if (json_array_append_new(ended->sessions, row) < 0)
		return -ENOMEM;
	return json_array_size(ended->sessions) < SHOWN_MOST ? 0 : -ECANCELED;
}

int
method_session_ended(struct store_db *db, struct method_call *call)
{
	struct ended ended = {
		.db = db,
		.call = call,
		.terminal = param_text(call->params, "terminal"),
		.account = param_text(call->params, "account"),
		.sessions = json_array(),
	};
	int r = ended.sessions == NULL ? -ENOMEM : 0;

	if (r == 0)
		r = session_each_ended(db, store_db_now(db) - DAYS * DAY_US, add_row, &ended);
	if (r < 0 && r != -ECANCELED) {
		json_decref(ended.sessions);
		return r;
	}
	call->result = json_pack("{s:o}", "sessions", ended.sessions);
	return call->result == NULL ? -ENOMEM : 0;
}
