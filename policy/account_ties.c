/* Terminals and linked services of an account; see account_ties.h. */
#include "policy/account_ties.h"

#include "policy/method_call.h"
#include "policy/store/account_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
account_ties_done(struct account_ties *ties)
{
	assignments_done(&ties->assignments);
	json_decref(ties->services);
	*ties = (struct account_ties){0};
}

int
account_ties_load(struct store_db *db, int64_t number, struct account_ties *ret_ties)
{
	struct account_ties ties = {0};
	int r;

	if (number == 0) {
		ties.services = json_array();
		r = ties.services == NULL ? -ENOMEM : 0;
	} else {
		r = assignments_load(db, number, &ties.assignments);
		if (r == 0)
			r = account_services(db, number, &ties.services);
	}
	if (r < 0) {
		account_ties_done(&ties);
		return r;
	}
	*ret_ties = ties;
	return 0;
}

int
account_ties_copy(const struct account_ties *ties, struct account_ties *ret_copy)
{
	struct account_ties copy = {.services = json_copy(ties->services)};
	int r = copy.services == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ties->assignments.count && r == 0; i++) {
		const struct assignment *item = &ties->assignments.items[i];

		r = assignments_add(&copy.assignments, item->terminal, item->name);
		if (r == 0)
			assignments_find(&copy.assignments, item->terminal)->priority =
				item->priority;
	}
	if (r < 0) {
		account_ties_done(&copy);
		return r;
	}
	*ret_copy = copy;
	return 0;
}

int
account_ties_write(struct store_db *db, int64_t number, const struct account_ties *was,
	const struct account_ties *now)
{
	int r;

	r = assignments_write(db, number, &was->assignments, &now->assignments);
	if (r == 0 && !json_equal(was->services, now->services))
		r = account_set_services(db, number, now->services);
	return r;
}

/* A terminal that is not there is not found, and a wrong field as well. */
static int
find_terminal(struct store_db *db, struct method_call *call, const char *field, const char *name,
	int64_t *ret_number, char *ret_name)
{
	struct terminal terminal = {0};
	int r;

	r = method_find_terminal(db, call, name, &terminal);
	if (r == -ENOENT)
		(void)field_error_set(&call->error.field, field, name,
			"the name of a terminal that there is", "pacs-01");
	if (r < 0)
		return r;
	*ret_number = terminal.number;
	memcpy(ret_name, terminal.name, sizeof(terminal.name));
	terminal_done(&terminal);
	return 0;
}

static int
add_terminal(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	struct account_ties *ties = argument;
	char full_name[TERMINAL_NAME_SIZE];
	int64_t number = 0;
	int r;

	r = find_terminal(db, call, "terminals", name, &number, full_name);
	return r < 0 ? r : assignments_add(&ties->assignments, number, full_name);
}

static int
refuse_unassigned(struct method_call *call, const char *field, const char *name)
{
	struct field_error error;

	(void)field_error_set(
		&error, field, name, "a terminal that is assigned to the account", "pacs-01");
	return method_refuse_field(call, &error);
}

static int
remove_terminal(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	struct account_ties *ties = argument;
	char full_name[TERMINAL_NAME_SIZE];
	int64_t number = 0;
	int r;

	r = find_terminal(db, call, "terminals", name, &number, full_name);
	if (r < 0)
		return r;
	if (assignments_find(&ties->assignments, number) == NULL)
		return refuse_unassigned(call, "terminals", name);
	assignments_remove(&ties->assignments, number);
	return 0;
}

int
change_add_terminals(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	return param_each_text(call, value, "terminals", add_terminal, db, ties);
}

int
change_remove_terminals(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	return param_each_text(call, value, "terminals", remove_terminal, db, ties);
}

/* A terminal that stays keeps its priority. */
int
change_terminals(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	struct account_ties wanted = {0};
	int r;

	r = change_add_terminals(db, call, &wanted, value);
	for (size_t i = 0; i < wanted.assignments.count && r == 0; i++) {
		struct assignment *item = &wanted.assignments.items[i];
		const struct assignment *old = assignments_find(&ties->assignments, item->terminal);

		item->priority = old != NULL ? old->priority : 0;
	}
	if (r < 0) {
		account_ties_done(&wanted);
		return r;
	}
	assignments_done(&ties->assignments);
	ties->assignments = wanted.assignments;
	return 0;
}

static int
change_priority(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const char *name, const json_t *value)
{
	struct field_error error;
	struct assignment *item;
	char full_name[TERMINAL_NAME_SIZE];
	int64_t number = 0;
	int r;

	r = find_terminal(db, call, "priorities", name, &number, full_name);
	if (r < 0)
		return r;
	item = assignments_find(&ties->assignments, number);
	if (item == NULL)
		return refuse_unassigned(call, "priorities", name);
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) > ACCOUNT_PRIORITY_MAX) {
		(void)field_error_set(&error, "priorities", name,
			"for each terminal a number, 0 to 9", "{\"pacs-01\": 5}");
		return method_refuse_field(call, &error);
	}
	item->priority = (uint32_t)json_integer_value(value);
	return 0;
}

int
change_priorities(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	const char *name;
	json_t *priority;
	int r = 0;

	json_object_foreach ((json_t *)value, name, priority) {
		r = change_priority(db, call, ties, name, priority);
		if (r < 0)
			break;
	}
	return r;
}

static size_t
find_service(const json_t *names, const char *name)
{
	size_t i;

	for (i = 0; i < json_array_size(names); i++)
		if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
			break;
	return i;
}

/* The message lists those that there are: nobody should have to look for the settings file. */
static int
refuse_service(const struct policy_settings *settings, struct method_call *call, const char *name)
{
	struct field_error error;
	char names[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < LINKED_SERVICES_MOST && len < sizeof(names) - 1; i++)
		if (settings->linked_services[i][0] != '\0')
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
				len > 0 ? ", " : "", settings->linked_services[i]);
	(void)field_error_set(&error, "services", name,
		"a name of linked_services in the gateway's settings", "mail");
	(void)method_refuse_field(call, &error);
	snprintf(call->error.message, sizeof(call->error.message),
		"services: '%.150s' is not one of the linked services of the settings (%.1000s)",
		error.value, len > 0 ? names : "there are none");
	return -EINVAL;
}

static int
check_service(const struct store_db *db, struct method_call *call, const char *name)
{
	const struct policy_settings *settings = store_db_settings(db);

	for (size_t i = 0; i < LINKED_SERVICES_MOST; i++)
		if (name[0] != '\0' && strcmp(settings->linked_services[i], name) == 0)
			return 0;
	return refuse_service(settings, call, name);
}

static int
insert_service(json_t *names, const char *name)
{
	size_t at = 0;

	if (find_service(names, name) < json_array_size(names))
		return 0;
	while (at < json_array_size(names) &&
		strcmp(json_string_value(json_array_get(names, at)), name) < 0)
		at++;
	return json_array_insert_new(names, at, json_string(name)) < 0 ? -ENOMEM : 0;
}

static int
add_service(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	int r;

	r = check_service(db, call, name);
	return r < 0 ? r : insert_service(argument, name);
}

/* Also one that the settings know no more: it must be possible to be rid of it. */
static int
remove_service(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	json_t *names = argument;
	size_t at = find_service(names, name);

	struct field_error error;

	(void)db;
	if (at == json_array_size(names)) {
		(void)field_error_set(
			&error, "services", name, "a service that the account has", "mail");
		return method_refuse_field(call, &error);
	}
	(void)json_array_remove(names, at);
	return 0;
}

int
change_add_services(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	return param_each_text(call, value, "services", add_service, db, ties->services);
}

int
change_remove_services(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	return param_each_text(call, value, "services", remove_service, db, ties->services);
}

/* One that the account has already stays, also when the settings know it no more: an export that is
 * imported again changes nothing. */
static int
keep_or_add_service(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	const struct account_ties *both = argument; /* [0] as it is, [1] as it will be */

	if (find_service(both[0].services, name) == json_array_size(both[0].services))
		return add_service(db, call, name, both[1].services);
	return insert_service(both[1].services, name);
}

int
change_services(struct store_db *db, struct method_call *call, struct account_ties *ties,
	const json_t *value)
{
	struct account_ties both[2] = {{.services = ties->services}, {.services = json_array()}};
	int r;

	r = param_each_text(call, value, "services", keep_or_add_service, db, both);
	if (r < 0) {
		json_decref(both[1].services);
		return r;
	}
	json_decref(ties->services);
	ties->services = both[1].services;
	return 0;
}
