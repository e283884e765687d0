/* log connections, logins, files, admin: a log page by page, as a table, CSV or JSON; then, with --follow, as it
 * happens. Which columns a log has, and in which words, is policy/logs.def's. */
#include "admin-cli/command.h"
#include "admin-cli/csv_row.h"
#include "admin-cli/json_text.h"
#include "admin-cli/list.h"
#include "admin-cli/period.h"
#include "admin-cli/progress.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum log_format {
	LOG_TABLE,
	LOG_CSV,
	LOG_JSON,
};

enum log_name {
#define LOG(name, text, kind) LOG_##name,
#define COLUMN(log, heading, key, form, shown, filter)
#include "policy/logs.def"
#undef LOG
#undef COLUMN
	LOG_COUNT
};

struct log_output {
	enum log_name log;
	enum log_format format;
	bool following;
	struct table *table;
	size_t rows;
	bool started;
	json_int_t newest; /* of the events shown so far; the connection history's rows are none */
};

static const char *const names[LOG_COUNT] = {
#define LOG(name, text, kind) [LOG_##name] = text,
#define COLUMN(log, heading, key, form, shown, filter)
#include "policy/logs.def"
#undef LOG
#undef COLUMN
};

static const struct column {
	enum log_name log;
	const char *heading;
	const char *key;
	enum value_form form;
	size_t shown; /* 0: in CSV alone */
	bool span;
	bool combined; /* made of other columns, which CSV has */
} columns[] = {
#define FILTER_IS_PERIOD false, false
#define FILTER_IS_INDEX false, false
#define FILTER_IS_EXACT false, false
#define FILTER_IS_PART false, false
#define FILTER_IS_NUMBER false, false
#define FILTER_IS_SPAN true, false
#define FILTER_IS_NONE false, true
#define LOG(name, text, kind)
#define COLUMN(log_, heading_, key_, form_, shown_, filter) \
	{LOG_##log_, heading_, key_, VALUE_##form_, shown_, FILTER_IS_##filter},
#include "policy/logs.def"
#undef LOG
#undef COLUMN
};

/* The log's columns one after the other, in CSV or in a table: NULL begins, NULL ends. */
static const struct column *
next_column(const struct log_output *output, const struct column *column)
{
	const struct column *end = columns + ARRAY_SIZE(columns);

	for (column = column == NULL ? columns : column + 1; column < end; column++)
		if (column->log == output->log &&
			(output->format == LOG_CSV ? !column->combined : column->shown > 0))
			return column;
	return NULL;
}

static void
start_table(struct log_output *output)
{
	struct table_column table_columns[TABLE_COLUMNS_MOST];
	const struct column *column = NULL;
	size_t count = 0;

	while ((column = next_column(output, column)) != NULL && count < TABLE_COLUMNS_MOST)
		table_columns[count++] = (struct table_column){_(column->heading), column->shown};
	output->table = table_new(table_columns, count);
}

/* row NULL: the headings. */
static void
write_csv_row(const struct log_output *output, const json_t *row)
{
	const struct column *column = next_column(output, NULL);

	while (column != NULL) {
		const struct column *next = next_column(output, column);

		csv_row_cell(row != NULL ? value_in_form(row, column->key, column->form)
					 : _(column->heading),
			next == NULL);
		column = next;
	}
}

static void
write_table_row(struct log_output *output, const json_t *row)
{
	const struct column *column = NULL;

	while ((column = next_column(output, column)) != NULL)
		table_cell(output->table, value_in_form(row, column->key, column->form));
}

/* Not before the first page is here: a refusal is the whole answer then. */
static void
start_output(struct log_output *output)
{
	if (output->started)
		return;
	output->started = true;
	if (output->format == LOG_TABLE)
		start_table(output);
	if (output->format == LOG_CSV) {
		csv_row_begin_file();
		write_csv_row(output, NULL);
	}
	/* What goes on for ever is one object a line. */
	if (output->format == LOG_JSON && !output->following)
		fputs("{\"rows\": [", stdout);
}

static json_int_t
event_of(const json_t *row)
{
	return json_integer_value(json_object_get(row, "event"));
}

static void
write_row(struct log_output *output, const json_t *row)
{
	if (event_of(row) > output->newest)
		output->newest = event_of(row);
	if (output->format == LOG_TABLE) {
		if (output->table != NULL)
			write_table_row(output, row);
	} else if (output->format == LOG_CSV) {
		write_csv_row(output, row);
	} else {
		if (!output->following)
			fputs(output->rows > 0 ? ",\n  " : "\n  ", stdout);
		json_text_write(stdout, row, JSON_COMPACT | JSON_PRESERVE_ORDER);
		if (output->following)
			putchar('\n');
	}
	output->rows++;
}

static void
end_page(struct log_output *output)
{
	if (output->format == LOG_TABLE && output->table != NULL)
		table_print(output->table, stdout);
	(void)fflush(stdout);
}

static void
end_output(struct log_output *output)
{
	if (!output->started)
		return;
	if (output->format == LOG_JSON && !output->following)
		printf("%s], \"next\": null}\n", output->rows > 0 ? "\n" : "");
	if (output->format == LOG_TABLE)
		fprintf(stderr, ngettext("%zu record\n", "%zu records\n", output->rows),
			output->rows);
	table_free(output->table);
}

static void
set_instant(json_t *parameters, const char *key, int64_t at_s)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(at_s * 1000000, text);
	(void)json_object_set_new(parameters, key, json_string(text));
}

/* A column that is a time is asked for by the day: both instants of it. */
static enum admin_exit
read_spans(struct admin *admin, const struct log_output *output, json_t *parameters)
{
	const struct column *column = NULL;

	while ((column = next_column(output, column)) != NULL) {
		const char *day = json_string_value(json_object_get(parameters, column->key));
		char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], why[512];
		struct period period;

		if (!column->span || day == NULL)
			continue;
		if (period_read(day, day, NULL, 0, &period, why, sizeof(why)) < 0)
			return admin_refuse(admin, ADMIN_USAGE, "%s", why);
		clock_format_utc(period.from_s * 1000000, from);
		clock_format_utc(period.until_s * 1000000, until);
		(void)json_object_set_new(
			parameters, column->key, json_sprintf("%s/%s", from, until));
	}
	return ADMIN_DONE;
}

static enum admin_exit
show_pages(struct admin *admin, const json_t *filters, const struct period *period,
	struct log_output *output)
{
	json_t *parameters = json_copy((json_t *)filters);
	const char *method = admin->arguments->command->method;
	enum admin_exit exit_code = ADMIN_DONE;
	bool more = true;

	set_instant(parameters, "from", period->from_s);
	if (period->until_s != INT64_MAX)
		set_instant(parameters, "until", period->until_s);
	while (more && exit_code == ADMIN_DONE) {
		json_t *page = NULL;
		json_t *row;
		size_t i;

		exit_code = admin_ask(admin, method, json_incref(parameters), &page);
		if (exit_code == ADMIN_DONE)
			start_output(output);
		json_array_foreach (json_object_get(page, "rows"), i, row)
			write_row(output, row);
		more = json_is_string(json_object_get(page, "next"));
		if (more)
			(void)json_object_set(parameters, "cursor", json_object_get(page, "next"));
		json_decref(page);
		if (exit_code == ADMIN_DONE)
			end_page(output);
		if (ferror(stdout) != 0)
			break;
	}
	json_decref(parameters);
	return exit_code;
}

static enum admin_exit
start_following(struct admin *admin, json_t *filters, const struct log_output *output)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "log.follow",
		json_pack("{s:s, s:O}", "log", names[output->log], "filters", filters), &result);
	json_decref(result);
	return exit_code;
}

static enum admin_exit
follow(struct admin *admin, struct log_output *output)
{
	for (;;) {
		json_t *told = NULL;
		const json_t *row;
		char why[512];

		if (rpc_next(admin->rpc, &told, why, sizeof(why)) < 0)
			return admin_refuse(admin, ADMIN_REFUSED, "%s", why);
		/* What came between listening and reading stood in the log already. */
		row = json_object_get(told, "row");
		if (event_of(row) == 0 || event_of(row) > output->newest)
			write_row(output, row);
		end_page(output);
		json_decref(told);
		if (ferror(stdout) != 0)
			return ADMIN_DONE;
	}
}

/* Read twice: mistakes are told without asking the gateway, then its time zone decides when days begin. */
static enum admin_exit
read_period(struct admin *admin, struct period *ret_period)
{
	const char *from = argument_text(admin->arguments, "from");
	const char *until = argument_text(admin->arguments, "until");
	const char *last = argument_text(admin->arguments, "last");
	int64_t now_s = clock_now() / 1000000;
	enum admin_exit exit_code;
	char why[512];

	if (period_read(from, until, last, now_s, ret_period, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_USAGE, "%s", why);
	exit_code = admin_connect(admin);
	if (exit_code == ADMIN_DONE &&
		period_read(from, until, last, now_s, ret_period, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_USAGE, "%s", why);
	return exit_code;
}

static enum log_name
log_of(const struct admin *admin)
{
	int log = 0;

	while (strcmp(names[log], admin->arguments->command->name) != 0)
		log++;
	return (enum log_name)log;
}

static enum admin_exit
show(struct admin *admin, struct log_output *output)
{
	json_t *filters = arguments_parameters(admin->arguments);
	struct period period;
	enum admin_exit exit_code;

	exit_code = read_period(admin, &period);
	if (exit_code == ADMIN_DONE)
		exit_code = read_spans(admin, output, filters);
	/* Listening begins before the log is read, so that nothing falls in between. */
	if (exit_code == ADMIN_DONE && output->following)
		exit_code = start_following(admin, filters, output);
	if (exit_code == ADMIN_DONE)
		exit_code = show_pages(admin, filters, &period, output);
	if (exit_code == ADMIN_DONE && output->following)
		exit_code = follow(admin, output);
	json_decref(filters);
	end_output(output);
	return exit_code;
}

enum admin_exit
command_log_show(struct admin *admin)
{
	const struct arguments *arguments = admin->arguments;
	struct log_output output = {
		.log = log_of(admin),
		.following = argument_flag(arguments, "follow"),
		.format = arguments->json                   ? LOG_JSON
			  : argument_flag(arguments, "csv") ? LOG_CSV
							    : LOG_TABLE,
	};

	if (argument_flag(arguments, "csv") && arguments->json)
		return admin_refuse(admin, ADMIN_USAGE, _("--csv and --json exclude each other"));
	if (output.following && argument_flag(arguments, "until"))
		return admin_refuse(
			admin, ADMIN_USAGE, _("--follow shows what comes: leave out --until"));
	return show(admin, &output);
}

/* What is wrong comes on the screen; a program reads it in the result. */
enum admin_exit
command_log_verify(struct admin *admin)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "log.verify", NULL, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	admin_print(admin, result);
	if (!json_is_true(json_object_get(result, "whole")))
		exit_code = ADMIN_REFUSED;
	json_decref(result);
	return exit_code;
}

static void
show_due(const json_t *kinds)
{
	static const struct list_column due[] = {
		{N_("Record"), 0, "kind", VALUE_WORD},
		{N_("Kept for days"), 0, "days", VALUE_TEXT},
		{N_("Oldest"), 0, "oldest", VALUE_TIME},
		{N_("To be erased: before"), 0, "before", VALUE_TIME},
		{N_("Records"), 0, "count", VALUE_TEXT},
	};

	(void)list_print(kinds, due, ARRAY_SIZE(due));
}

static enum admin_exit
erase(struct admin *admin)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	exit_code = admin_confirm(admin, NULL, 0,
		_("What is erased cannot be brought back; the log keeps that it was there."),
		_("Erase these records?"));
	if (exit_code == ADMIN_DONE)
		exit_code = admin_ask(admin, "log.retention", NULL, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (admin->arguments->json)
		admin_print(admin, result);
	else
		printf(ngettext("%s record has been erased.\n", "%s records have been erased.\n",
			       (unsigned long)json_integer_value(
				       json_object_get(result, "erased"))),
			value_text(result, "erased"));
	json_decref(result);
	return ADMIN_DONE;
}

enum admin_exit
command_log_retention(struct admin *admin)
{
	const struct arguments *arguments = admin->arguments;
	json_t *due = NULL;
	size_t count;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "log.retention", json_pack("{s:b}", "dry_run", 1), &due);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	count = json_array_size(json_object_get(due, "kinds"));
	if (arguments->json && (argument_flag(arguments, "dry-run") || count == 0))
		admin_print(admin, due);
	else if (!arguments->json && count == 0)
		printf("%s\n", _("There is nothing beyond its retention."));
	else if (!arguments->json)
		show_due(json_object_get(due, "kinds"));
	json_decref(due);
	return count == 0 || argument_flag(arguments, "dry-run") ? ADMIN_DONE : erase(admin);
}
