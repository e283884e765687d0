/* Accounts and terminals as JSON objects (control_methods.def). */
#include "policy/method_call.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/store/assignment_table.h"
#include "policy/store/health_table.h"
#include "policy/store/store.h"
#include "policy/store/vendor_table.h"
#include "policy/store/window_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void
set_text(json_t *object, const char *name, const char *text)
{
	(void)json_object_set_new(object, name, json_string(text));
}

static void
set_instant(json_t *object, const char *name, int64_t instant_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(instant_us, text);
	set_text(object, name, text);
}

static void
set_date(json_t *object, const char *name, struct civil_date date)
{
	char text[CIVIL_DATE_SIZE];

	civil_date_format(date, text);
	set_text(object, name, text);
}

static json_t *
macs_json(const struct account *account)
{
	json_t *list = json_array();
	char text[MAC_TEXT_SIZE];

	for (size_t i = 0; i < account->mac_count; i++) {
		mac_format(&account->macs[i], text);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *
terminals_json(const struct assignments *assignments)
{
	json_t *list = json_array();

	for (size_t i = 0; i < assignments->count; i++)
		(void)json_array_append_new(list, json_string(assignments->items[i].name));
	return list;
}

/* Those that are not 0. */
static json_t *
priorities_json(const struct assignments *assignments)
{
	json_t *object = json_object();

	for (size_t i = 0; i < assignments->count; i++) {
		const struct assignment *item = &assignments->items[i];

		if (item->priority != 0)
			(void)json_object_set_new(object, item->name, json_integer(item->priority));
	}
	return object;
}

json_t *
instant_json(int64_t instant_us)
{
	char text[CLOCK_TEXT_SIZE];

	if (instant_us == 0)
		return json_null();
	clock_format_utc(instant_us, text);
	return json_string(text);
}

static json_t *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

json_t *
account_json_with(
	struct store_db *db, const struct account *account, const struct account_ties *ties)
{
	char full[ACCOUNT_FULL_ID_SIZE], hours[ACCOUNT_HOURS_SIZE];
	struct civil_time now;
	json_t *object;

	account_id_full(&store_db_settings(db)->facility, account->id, full);
	account_hours_format(&account->hours, hours);
	civil_from_instant(store_db_now(db), &now);
	object = json_object();
	set_text(object, "id", account->id);
	set_text(object, "full_id", full);
	set_text(object, "family_name", account->family_name);
	set_text(object, "given_name", account->given_name);
	set_text(object, "email", account->email);
	set_text(object, "kind", account_kind_name(account->kind));
	set_date(object, "valid_from", account->valid_from);
	set_date(object, "valid_until", account->valid_until);
	set_text(object, "state", account_state(account, now.date));
	set_text(object, "hours", hours);
	set_text(object, "allowlist", account->allowlist_enforced ? "enforced" : "off");
	(void)json_object_set_new(object, "macs", macs_json(account));
	(void)json_object_set_new(object, "terminals", terminals_json(&ties->assignments));
	(void)json_object_set_new(object, "priorities", priorities_json(&ties->assignments));
	set_text(object, "file_sharing", file_sharing_name(account->file_sharing));
	(void)json_object_set(object, "services", ties->services);
	(void)json_object_set_new(object, "vendor", text_or_null(account->vendor_name));
	(void)json_object_set_new(object, "denied", method_rights_json(account->denied_rights));
	(void)json_object_set_new(object, "max_sessions", json_integer(account->max_sessions));
	(void)json_object_set_new(object, "protected", text_or_null(account->protected_note));
	(void)json_object_set_new(object, "locked", json_boolean(account->locked));
	(void)json_object_set_new(
		object, "expired", json_boolean(account_expired(account, now.date)));
	(void)json_object_set_new(object, "version", json_integer(account->version));
	(void)json_object_set_new(object, "changed_by", text_or_null(account->changed_by));
	(void)json_object_set_new(object, "last_session", instant_json(account->last_session_us));
	set_instant(object, "created", account->created_us);
	set_instant(object, "updated", account->updated_us);
	return object;
}

int
account_json(struct store_db *db, const struct account *account, json_t **ret_object)
{
	struct account_ties ties;
	int r;

	r = account_ties_load(db, account->number, &ties);
	if (r < 0)
		return r;
	*ret_object = account_json_with(db, account, &ties);
	account_ties_done(&ties);
	return 0;
}

static int
accounts_json(struct store_db *db, int64_t terminal, bool with_accounts, json_t **ret_value)
{
	int64_t count;
	int r;

	if (with_accounts)
		return assignment_accounts(db, terminal, ret_value);
	r = assignment_count(db, terminal, &count);
	if (r == 0)
		*ret_value = json_integer(count);
	return r;
}

json_t *
terminal_warnings_json(uint32_t warnings)
{
	json_t *list = json_array();

	for (int i = 0; i < TERMINAL_WARNING_COUNT; i++)
		if ((warnings & UINT32_C(1) << i) != 0)
			(void)json_array_append_new(
				list, json_string(terminal_warning_word((enum terminal_warning)i)));
	return list;
}

static json_t *
health_object(const struct terminal_health *health)
{
	char sha256[2 * TERMINAL_PIN_BYTES + 1];
	json_t *object = json_object();

	bytes_to_hex(health->sha256, sizeof(health->sha256), sha256);
	set_instant(object, "checked", health->checked_us);
	(void)json_object_set_new(object, "reachable", json_boolean(health->reachable));
	set_instant(object, "since", health->since_us);
	set_text(object, "why", health->why);
	(void)json_object_set_new(object, "certificate_sha256",
		health->has_certificate ? json_string(sha256) : json_null());
	(void)json_object_set_new(object, "certificate_until",
		instant_json(health->has_certificate ? health->certificate_until_us : 0));
	(void)json_object_set_new(object, "last_restart", instant_json(health->last_restart_us));
	(void)json_object_set_new(object, "warnings", terminal_warnings_json(health->warnings));
	return object;
}

static int
health_json(struct store_db *db, int64_t terminal, json_t **ret_value)
{
	struct terminal_health health;
	int r;

	r = health_load(db, terminal, &health);
	if (r == 0)
		*ret_value = health_object(&health);
	if (r == -ENOENT)
		*ret_value = json_null();
	return r == -ENOENT ? 0 : r;
}

/* The words of `terminal list --state`; terminal_list.c filters by the same. */
static const char *
terminal_state(const struct terminal *terminal, const json_t *health)
{
	if (!terminal->in_service)
		return "out-of-service";
	if (json_is_null(health))
		return "unknown";
	return json_is_true(json_object_get(health, "reachable")) ? "reachable" : "unreachable";
}

/* "30min", "off"; null: as the settings say. */
static json_t *
minutes_json(int32_t minutes)
{
	char text[24];

	if (minutes == TERMINAL_AS_SET)
		return json_null();
	snprintf(text, sizeof(text), "%dmin", minutes);
	return json_string(minutes == 0 ? "off" : text);
}

static json_t *
own_window_json(struct store_db *db, const struct terminal *terminal, const struct window *window)
{
	return window_json(window, window->terminal != 0 ? terminal->name : "", store_db_now(db));
}

int
terminal_windows_json(
	struct store_db *db, const struct terminal *terminal, bool all, json_t *object)
{
	auto_free struct window *windows = NULL;
	const struct window *next;
	json_t *list;
	size_t count;
	int r;

	r = windows_load(db, terminal->number, &windows, &count);
	if (r < 0)
		return r;
	next = windows_next(windows, count, store_db_now(db));
	(void)json_object_set_new(
		object, "window", next != NULL ? own_window_json(db, terminal, next) : json_null());
	if (!all)
		return 0;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, own_window_json(db, terminal, &windows[i]));
	(void)json_object_set_new(object, "windows", list);
	return 0;
}

static void
set_oversight(json_t *object, const struct terminal *terminal)
{
	set_text(object, "relay", terminal_relay_name(terminal->relay));
	set_text(object, "recording", terminal_recording_name(terminal->recording));
	(void)json_object_set_new(object, "record_input", json_boolean(terminal->record_input));
	(void)json_object_set_new(object, "four_eyes", json_boolean(terminal->four_eyes));
	(void)json_object_set_new(object, "show_watchers", json_boolean(terminal->show_watchers));
}

int
terminal_json(struct store_db *db, const struct terminal *terminal, bool with_accounts,
	json_t **ret_object)
{
	char pin[2 * TERMINAL_PIN_BYTES + 1];
	json_t *accounts, *health = NULL, *object;
	int r;

	r = accounts_json(db, terminal->number, with_accounts, &accounts);
	if (r < 0)
		return r;
	r = health_json(db, terminal->number, &health);
	if (r < 0) {
		json_decref(accounts);
		return r;
	}
	bytes_to_hex(terminal->pin, sizeof(terminal->pin), pin);
	object = json_object();
	set_text(object, "name", terminal->name);
	set_text(object, "address", terminal->address);
	(void)json_object_set_new(object, "port", json_integer(terminal->port));
	set_text(object, "note", terminal->note);
	set_text(object, "trust", terminal_trust_name(terminal->trust));
	(void)json_object_set_new(object, "pin",
		terminal->trust == TERMINAL_TRUST_PIN ? json_string(pin) : json_null());
	(void)json_object_set_new(object, "ca_bundle",
		terminal->ca_bundle != NULL ? json_string(terminal->ca_bundle) : json_null());
	(void)json_object_set_new(object, "rights", method_rights_json(terminal->rights));
	(void)json_object_set_new(object, "channels", method_channels_json(terminal->channels));
	(void)json_object_set_new(object, "in_service", json_boolean(terminal->in_service));
	(void)json_object_set_new(object, "attended", json_boolean(terminal->attendance_required));
	(void)json_object_set_new(object, "capacity", json_integer(terminal->capacity));
	set_text(object, "credentials", credential_mode_name(terminal->credentials));
	(void)json_object_set_new(
		object, "credentials_since", instant_json(terminal->credentials_since_us));
	set_text(object, "nla", terminal_nla_name(terminal->nla));
	set_oversight(object, terminal);
	(void)json_object_set_new(object, "take_over", json_boolean(terminal->take_over));
	(void)json_object_set_new(object, "idle", minutes_json(terminal->idle_minutes));
	(void)json_object_set_new(object, "longest", minutes_json(terminal->longest_minutes));
	(void)json_object_set_new(object, "accounts", accounts);
	(void)json_object_set_new(object, "protected", text_or_null(terminal->protected_note));
	(void)json_object_set_new(object, "version", json_integer(terminal->version));
	(void)json_object_set_new(object, "changed_by", text_or_null(terminal->changed_by));
	(void)json_object_set_new(object, "last_session", instant_json(terminal->last_session_us));
	set_text(object, "state", terminal_state(terminal, health));
	(void)json_object_set_new(object, "health", health);
	set_instant(object, "created", terminal->created_us);
	set_instant(object, "updated", terminal->updated_us);
	*ret_object = object;
	return 0;
}

int
terminal_json_with_windows(
	struct store_db *db, const struct terminal *terminal, json_t **ret_object)
{
	json_t *object;
	int r = terminal_json(db, terminal, true, &object);

	if (r < 0)
		return r;
	r = terminal_windows_json(db, terminal, true, object);
	if (r < 0)
		json_decref(object);
	else
		*ret_object = object;
	return r;
}

int
vendor_json(struct store_db *db, const struct vendor *vendor, json_t **ret_object)
{
	int64_t accounts;
	json_t *object;
	int r;

	r = vendor_accounts(db, vendor->number, &accounts);
	if (r < 0)
		return r;
	object = json_object();
	set_text(object, "name", vendor->name);
	set_text(object, "kind", vendor_kind_name(vendor->kind));
	set_text(object, "state", vendor_state_name(vendor->state));
	set_text(object, "note", vendor->note);
	(void)json_object_set_new(object, "accounts", json_integer(accounts));
	set_instant(object, "created", vendor->created_us);
	set_instant(object, "updated", vendor->updated_us);
	(void)json_object_set_new(object, "version", json_integer(vendor->version));
	set_text(object, "changed_by", vendor->changed_by);
	*ret_object = object;
	return 0;
}
