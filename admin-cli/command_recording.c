/* recording list, show, hold, release, delete. */
#include "admin-cli/command.h"
#include "admin-cli/csv_row.h"
#include "admin-cli/json_text.h"
#include "admin-cli/list.h"
#include "admin-cli/period.h"
#include "admin-cli/print_recording.h"
#include "admin-cli/recording_named.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

/* Those that are wider than nothing stand in the table. */
static const struct list_column columns[] = {
	{N_("Recording"), 10, "id", VALUE_TEXT},
	{N_("Start"), 0, "started", VALUE_TIME},
	{N_("Account"), 40, "account", VALUE_TEXT},
	{N_("Terminal"), 40, "terminal", VALUE_TEXT},
	{N_("State"), 0, .shown = recording_state_shown},
	{N_("Duration"), 0, "duration_seconds", VALUE_DURATION},
	{N_("Size"), 0, "bytes", VALUE_BYTES},
	{N_("Gaps"), 0, "gaps", VALUE_TEXT},
	{N_("Held by"), 24, "held_by", VALUE_TEXT},
};

static const struct list_column more_columns[] = {
	{N_("Held since"), 0, "held", VALUE_TIME},
	{N_("Held because"), 0, "held_because", VALUE_TEXT},
	{N_("End"), 0, "ended", VALUE_TIME},
	{N_("User name"), 0, "name", VALUE_TEXT},
	{N_("Why it is not whole"), 0, .shown = recording_why_shown},
	{N_("Keys that open it"), 0, "auditors", VALUE_LIST},
	{N_("Hash"), 0, "hash", VALUE_TEXT},
	{N_("Header"), 0, "header", VALUE_TEXT},
	{N_("Erased at"), 0, "erased", VALUE_TIME},
	{N_("Erased by"), 0, "erased_by", VALUE_TEXT},
	{N_("Erased because"), 0, .shown = recording_erased_because_shown},
};

#define COLUMN_COUNT (ARRAY_SIZE(columns) + ARRAY_SIZE(more_columns))

static const struct list_column *
column_at(size_t at)
{
	return at < ARRAY_SIZE(columns) ? &columns[at] : &more_columns[at - ARRAY_SIZE(columns)];
}

/* row NULL: the headings. */
static void
write_csv(const json_t *row)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		const struct list_column *column = column_at(i);

		csv_row_cell(row == NULL ? _(column->heading)
			     : column->shown != NULL
				     ? column->shown(row)
				     : value_in_form(row, column->key, column->form),
			i + 1 == COLUMN_COUNT);
	}
}

static void
set_instant(json_t *parameters, const char *key, int64_t at_s)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(at_s * 1000000, text);
	(void)json_object_set_new(parameters, key, json_string(text));
}

/* All of them, unless a period was asked for. Read twice, as that of logs: the facility's time zone decides when days begin. */
static enum admin_exit
take_period(struct admin *admin, json_t *parameters)
{
	const char *from = argument_text(admin->arguments, "from");
	const char *until = argument_text(admin->arguments, "until");
	const char *last = argument_text(admin->arguments, "last");
	int64_t now_s = clock_now() / 1000000;
	enum admin_exit exit_code;
	struct period period;
	char why[512];

	if (from == NULL && until == NULL && last == NULL)
		return ADMIN_DONE;
	if (period_read(from, until, last, now_s, &period, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_USAGE, "%s", why);
	exit_code = admin_connect(admin);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (period_read(from, until, last, now_s, &period, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_USAGE, "%s", why);
	set_instant(parameters, "from", period.from_s);
	if (period.until_s != INT64_MAX)
		set_instant(parameters, "until", period.until_s);
	return ADMIN_DONE;
}

/* Page by page into one list. */
static enum admin_exit
fetch_all(struct admin *admin, json_t *parameters, json_t *rows)
{
	enum admin_exit exit_code = ADMIN_DONE;
	bool more = true;

	while (more && exit_code == ADMIN_DONE) {
		json_t *page = NULL;

		exit_code = admin_ask(admin, "recording.list", json_incref(parameters), &page);
		(void)json_array_extend(rows, json_object_get(page, "recordings"));
		more = json_is_integer(json_object_get(page, "next"));
		if (more)
			(void)json_object_set(parameters, "cursor", json_object_get(page, "next"));
		json_decref(page);
	}
	return exit_code;
}

static void
show(const struct admin *admin, const json_t *rows)
{
	const json_t *row;
	size_t i, count;

	if (admin->arguments->json) {
		json_t *result = json_pack("{s:O}", "recordings", rows);

		admin_print(admin, result);
		json_decref(result);
	} else if (argument_flag(admin->arguments, "csv")) {
		csv_row_begin_file();
		write_csv(NULL);
		json_array_foreach (rows, i, row)
			write_csv(row);
	} else {
		count = list_print(rows, columns, ARRAY_SIZE(columns));
		fprintf(stderr, ngettext("%zu recording\n", "%zu recordings\n", count), count);
	}
}

enum admin_exit
command_recording_list(struct admin *admin)
{
	json_t *parameters, *rows;
	enum admin_exit exit_code;

	if (argument_flag(admin->arguments, "csv") && admin->arguments->json)
		return admin_refuse(admin, ADMIN_USAGE, _("--csv and --json exclude each other"));
	parameters = arguments_parameters(admin->arguments);
	rows = json_array();
	exit_code = take_period(admin, parameters);
	if (exit_code == ADMIN_DONE)
		exit_code = fetch_all(admin, parameters, rows);
	if (exit_code == ADMIN_DONE)
		show(admin, rows);
	json_decref(parameters);
	json_decref(rows);
	return exit_code;
}

/* Also hold and release. */
enum admin_exit
command_recording_show(struct admin *admin)
{
	return admin_ask_and_print(admin, named_parameters(admin, "RECORDING"));
}

enum admin_exit
command_recording_delete(struct admin *admin)
{
	json_t *parameters = named_parameters(admin, "RECORDING"), *recording = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "recording.show",
		json_pack("{s:O}", "id", json_object_get(parameters, "id")), &recording);
	if (exit_code == ADMIN_DONE) {
		const struct fact facts[] = {
			{_("Recording"), value_text(recording, "id")},
			{_("Account"), value_text(recording, "account")},
			{_("User name"), value_text(recording, "name")},
			{_("Terminal"), value_text(recording, "terminal")},
			{_("Start"), value_time(recording, "started")},
			{_("Duration"), value_duration(recording, "duration_seconds")},
			{_("Size"), value_bytes(recording, "bytes")},
			{_("Reason given"), argument_text(admin->arguments, "because")},
		};

		(void)json_object_set(parameters, "id", json_object_get(recording, "id"));
		exit_code = admin_confirm(admin, facts, ARRAY_SIZE(facts),
			_("This cannot be undone."), _("Erase this recording?"));
	}
	json_decref(recording);
	if (exit_code != ADMIN_DONE) {
		json_decref(parameters);
		return exit_code;
	}
	return admin_ask_and_print(admin, parameters);
}
