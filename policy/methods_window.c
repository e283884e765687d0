/* window.* (B6): see methods.h. */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "policy/store/window_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What "mon" … "daily" are read into. */
static int
add_day(struct store_db *db, struct method_call *call, const char *text, void *argument)
{
	struct window *window = argument;
	struct field_error error;

	(void)db;
	return window_day_parse(text, &window->days, &error) < 0 ? method_refuse_field(call, &error)
								 : 0;
}

static int
read_times(struct store_db *db, struct method_call *call, struct window *window)
{
	const char *from = param_text(call->params, "from");
	const char *until = param_text(call->params, "until");
	struct field_error error = {0};
	int r;

	r = param_each_text(
		call, json_object_get(call->params, "days"), "days", add_day, db, window);
	if (r < 0)
		return r;
	r = window->days != 0 ? window_minutes_parse(from, until, window, &error)
			      : window_dates_parse(from, until, store_db_now(db), window, &error);
	return r < 0 ? method_refuse_field(call, &error) : 0;
}

static int
read_words(struct method_call *call, struct window *window)
{
	const char *kind = param_text(call->params, "kind");
	const char *text = param_text(call->params, "text");
	struct field_error error = {0};

	if ((kind != NULL && window_kind_parse(kind, &window->kind, &error) < 0) ||
		(text != NULL && window_text_parse(text, window->text, &error) < 0))
		return method_refuse_field(call, &error);
	snprintf(window->created_by, sizeof(window->created_by), "%s", call->actor);
	return 0;
}

/* One terminal, or all of them: nobody closes the whole hospital by forgetting a word. *ret_name: "" for all. */
static int
read_terminal(struct store_db *db, struct method_call *call, struct window *window, char *ret_name)
{
	const char *name = param_text(call->params, "terminal");
	bool all = json_is_true(json_object_get(call->params, "all"));
	struct terminal terminal = {0};
	int r;

	ret_name[0] = '\0';
	if ((name != NULL) == all)
		return method_refuse(call, METHOD_REFUSED,
			"a window is for one terminal, or for all of them: name it, or say --all");
	if (all)
		return 0;
	r = method_find_terminal(db, call, name, &terminal);
	if (r < 0)
		return r;
	window->terminal = terminal.number;
	memcpy(ret_name, terminal.name, sizeof(terminal.name));
	r = method_check_protection(
		call, terminal.name, terminal.protected_note, method_overrides_protection(call));
	terminal_done(&terminal);
	return r;
}

static int
check_room(struct store_db *db, struct method_call *call, const struct window *window)
{
	int64_t count = 0;
	int r;

	r = window_prune(db);
	if (r == 0)
		r = window_count(db, window->terminal, &count);
	if (r == 0 && count >= WINDOWS_MOST)
		return method_refuse(call, METHOD_REFUSED,
			"there are %lld windows already: delete one that is over first (window "
			"list)",
			(long long)count);
	return r;
}

/* Whoever deletes one of two that are the same wonders why the terminal stays closed. */
static int
check_new(struct store_db *db, struct method_call *call, const struct window *window)
{
	auto_free struct window *windows = NULL;
	size_t count;
	int r;

	r = windows_load_all(db, &windows, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct window *other = &windows[i];

		if (other->terminal == window->terminal && other->days == window->days &&
			other->from == window->from && other->until == window->until &&
			other->begins_us == window->begins_us && other->ends_us == window->ends_us)
			return method_refuse(call, METHOD_REFUSED,
				"there is this window already: number %lld",
				(long long)other->number);
	}
	return r;
}

static json_t *
days_json(const struct window *window)
{
	json_t *days;

	if (window->days == 0)
		return json_null();
	days = json_array();
	for (unsigned i = 0; i < WINDOW_DAYS; i++)
		if ((window->days & 1u << i) != 0)
			(void)json_array_append_new(days, json_string(window_day_name(i)));
	return days;
}

static json_t *
edge_json(const struct window *window, uint16_t minute, int64_t instant_us)
{
	char text[WINDOW_TIME_SIZE];

	if (window->days == 0)
		return instant_json(instant_us);
	window_minute_format(minute, text);
	return json_string(text);
}

json_t *
window_json(const struct window *window, const char *terminal, int64_t now_us)
{
	int64_t change = windows_change(window, 1, now_us);

	return json_pack("{s:I, s:s?, s:s, s:o, s:o, s:o, s:s, s:b, s:o, s:s, s:o}", "number",
		(json_int_t)window->number, "terminal", terminal[0] != '\0' ? terminal : NULL,
		"kind", window_kind_name(window->kind), "days", days_json(window), "from",
		edge_json(window, window->from, window->begins_us), "until",
		edge_json(window, window->until, window->ends_us), "text", window->text, "closed",
		windows_covering(window, 1, now_us) != NULL, "changes",
		change == WINDOW_NEVER ? json_null() : instant_json(change), "created_by",
		window->created_by, "created", instant_json(window->created_us));
}

/* Less what changes by itself, and what the event says anyway. */
static int
record_window(struct store_db *db, struct method_call *call, const char *action, const char *name,
	json_t *window, bool added)
{
	json_t *kept = json_deep_copy(window);
	int r;

	if (kept == NULL)
		return -ENOMEM;
	(void)json_object_del(kept, "closed");
	(void)json_object_del(kept, "changes");
	(void)json_object_del(kept, "created");
	(void)json_object_del(kept, "created_by");
	r = record_change(db, call, action, name[0] != '\0' ? name : "*", added ? NULL : kept,
		added ? kept : NULL, param_text(call->params, "because"));
	json_decref(kept);
	return r;
}

/* Sessions on a terminal that is closed from now on end now. */
static void
touch(struct method_call *call, const struct window *window)
{
	call->touched_terminal = window->terminal;
	call->touched_all = window->terminal == 0;
}

int
method_window_add(struct store_db *db, struct method_call *call)
{
	char name[TERMINAL_NAME_SIZE];
	struct window window = {0};
	int r;

	r = read_terminal(db, call, &window, name);
	if (r == 0)
		r = read_times(db, call, &window);
	if (r == 0)
		r = read_words(call, &window);
	if (r == 0)
		r = check_room(db, call, &window);
	if (r == 0)
		r = check_new(db, call, &window);
	if (r == 0)
		r = window_insert(db, &window);
	if (r < 0)
		return r;
	touch(call, &window);
	call->result = window_json(&window, name, store_db_now(db));
	return call->result == NULL
		       ? -ENOMEM
		       : record_window(db, call, "window.add", name, call->result, true);
}

static int
take_window(struct store_db *db, struct method_call *call, struct window *window, char *ret_name)
{
	int64_t number = json_integer_value(json_object_get(call->params, "number"));
	struct terminal terminal = {0};
	int r;

	ret_name[0] = '\0';
	r = window_find(db, number, window);
	if (r == -ENOENT)
		return method_refuse(call, METHOD_NOT_FOUND,
			"there is no window %lld (window list)", (long long)number);
	if (r < 0 || window->terminal == 0)
		return r;
	r = terminal_load(db, window->terminal, &terminal);
	if (r < 0)
		return r;
	memcpy(ret_name, terminal.name, sizeof(terminal.name));
	r = method_check_protection(
		call, terminal.name, terminal.protected_note, method_overrides_protection(call));
	terminal_done(&terminal);
	return r;
}

int
method_window_delete(struct store_db *db, struct method_call *call)
{
	char name[TERMINAL_NAME_SIZE];
	struct window window;
	int r;

	r = take_window(db, call, &window, name);
	if (r == 0)
		r = window_delete(db, window.number);
	if (r < 0)
		return r;
	touch(call, &window);
	call->result = window_json(&window, name, store_db_now(db));
	return call->result == NULL
		       ? -ENOMEM
		       : record_window(db, call, "window.delete", name, call->result, false);
}

/* Adds it to the list if it is one of those that were asked for. */
static int
add_window(struct store_db *db, const struct method_call *call, const struct window *window,
	int64_t wanted, json_t *list)
{
	struct terminal terminal = {0};
	int r = 0;

	if (window->terminal != 0 && ((wanted != 0 && window->terminal != wanted) ||
					     !method_scope_has(&call->scope, window->terminal)))
		return 0;
	if (window->terminal != 0)
		r = terminal_load(db, window->terminal, &terminal);
	if (r == 0 && json_array_append_new(
			      list, window_json(window, terminal.name, store_db_now(db))) < 0)
		r = -ENOMEM;
	terminal_done(&terminal);
	return r;
}

int
method_window_list(struct store_db *db, struct method_call *call)
{
	const char *name = param_text(call->params, "terminal");
	auto_free struct window *windows = NULL;
	struct terminal terminal = {0};
	json_t *list = json_array();
	size_t count = 0;
	int r = 0;

	if (name != NULL)
		r = method_find_own_terminal(db, call, name, &terminal);
	terminal_done(&terminal);
	if (r == 0)
		r = windows_load_all(db, &windows, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_window(db, call, &windows[i], terminal.number, list);
	if (r < 0) {
		json_decref(list);
		return r;
	}
	call->result = json_pack("{s:o}", "windows", list);
	return call->result == NULL ? -ENOMEM : 0;
}
