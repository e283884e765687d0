/* log connections: the history page by page, as a table, CSV or JSON; then, with --follow, as it happens. */
#include "admin-cli/command.h"
#include "admin-cli/period.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

enum log_format {
	LOG_TABLE,
	LOG_CSV,
	LOG_JSON,
};

struct log_output {
	enum log_format format;
	bool following;
	struct table *table;
	size_t rows;
	bool started;
};

/* Columns of F1 in the words of section I, our extra ones after them. The table shows the first of them. */
static const struct {
	const char *heading;
	const char *key;
	enum value_form form;
	bool in_table;
	size_t most;
} columns[] = {
	{N_("Connection start"), "start", VALUE_TIME, true, 0},
	{N_("Connection end"), "end", VALUE_TIME, true, 0},
	{N_("Account"), "account", VALUE_TEXT, true, 40},
	{N_("Terminal"), "terminal", VALUE_TEXT, true, 40},
	{N_("Active state"), "state", VALUE_SESSION_STATE, true, 0},
	{N_("Why it ended"), "reason", VALUE_WORD, true, 50},
	{N_("Ended by"), "by", VALUE_TEXT, true, 24},
	{N_("Source address"), "source", VALUE_TEXT, true, 0},
	{N_("Device"), "device", VALUE_TEXT, true, 0},
	{N_("Evidence"), "evidence", VALUE_WORD, true, 0},
	{N_("Duration"), "duration_seconds", VALUE_DURATION, true, 0},
	{N_("Session"), "session", VALUE_TEXT, true, 8},
	{N_("User name"), "name", VALUE_TEXT, false, 0},
	{N_("End code"), "reason_code", VALUE_TEXT, false, 0},
	{N_("Reason given"), "because", VALUE_TEXT, false, 0},
	{N_("Allowlist"), "allowlist", VALUE_WORD, false, 0},
	{N_("Bytes from the client"), "bytes_from_client", VALUE_TEXT, false, 0},
	{N_("Bytes to the client"), "bytes_to_client", VALUE_TEXT, false, 0},
};

static struct table_column table_columns[TABLE_COLUMNS_MOST];

static void
start_table(struct log_output *output)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(columns) && count < TABLE_COLUMNS_MOST; i++) {
		if (columns[i].in_table)
			table_columns[count++] =
				(struct table_column){_(columns[i].heading), columns[i].most};
	}
	output->table = table_new(table_columns, count);
}

/* Always quoted. A spreadsheet would run a cell that begins with one of these as a formula. */
static void
write_csv_cell(const char *text, bool last)
{
	putchar('"');
	if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
		putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	fputs(last ? "\"\r\n" : "\",", stdout);
}

static void
write_csv_row(const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *text = row != NULL ? value_in_form(row, columns[i].key, columns[i].form)
					       : _(columns[i].heading);

		write_csv_cell(text, i + 1 == ARRAY_SIZE(columns));
	}
}

static void
write_table_row(struct log_output *output, const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (columns[i].in_table)
			table_cell(
				output->table, value_in_form(row, columns[i].key, columns[i].form));
	}
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
		fputs("\xef\xbb\xbf", stdout); /* so that Excel reads UTF-8 */
		write_csv_row(NULL);
	}
	/* What goes on for ever is one object a line. */
	if (output->format == LOG_JSON && !output->following)
		fputs("{\"rows\": [", stdout);
}

static void
write_row(struct log_output *output, const json_t *row)
{
	if (output->format == LOG_TABLE) {
		if (output->table != NULL)
			write_table_row(output, row);
	} else if (output->format == LOG_CSV) {
		write_csv_row(row);
	} else {
		if (!output->following)
			fputs(output->rows > 0 ? ",\n  " : "\n  ", stdout);
		(void)json_dumpf(row, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
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
		fprintf(stderr, ngettext("%zu connection\n", "%zu connections\n", output->rows),
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

static enum admin_exit
show_pages(struct admin *admin, const struct period *period, struct log_output *output)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	enum admin_exit exit_code = ADMIN_DONE;
	bool more = true;

	set_instant(parameters, "from", period->from_s);
	if (period->until_s != INT64_MAX)
		set_instant(parameters, "until", period->until_s);
	while (more && exit_code == ADMIN_DONE) {
		json_t *page = NULL;
		json_t *row;
		size_t i;

		exit_code = admin_ask(admin, "log.connections", json_incref(parameters), &page);
		if (exit_code == ADMIN_DONE)
			start_output(output);
		json_array_foreach (json_object_get(page, "rows"), i, row)
			write_row(output, row);
		more = json_is_integer(json_object_get(page, "next"));
		if (more)
			(void)json_object_set(parameters, "after", json_object_get(page, "next"));
		json_decref(page);
		if (exit_code == ADMIN_DONE)
			end_page(output);
	}
	json_decref(parameters);
	return exit_code;
}

static enum admin_exit
start_following(struct admin *admin)
{
	static const char *const filters[] = {"account", "terminal"};
	json_t *parameters = json_object();
	json_t *result = NULL;
	enum admin_exit exit_code;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const char *text = argument_text(admin->arguments, filters[i]);

		if (text != NULL)
			(void)json_object_set_new(parameters, filters[i], json_string(text));
	}
	exit_code = admin_ask(admin, "log.follow", parameters, &result);
	json_decref(result);
	return exit_code;
}

static enum admin_exit
follow(struct admin *admin, struct log_output *output)
{
	const char *state = argument_text(admin->arguments, "state");

	for (;;) {
		json_t *row = NULL;
		char why[512];

		if (rpc_next(admin->rpc, &row, why, sizeof(why)) < 0)
			return admin_refuse(admin, ADMIN_REFUSED, "%s", why);
		if (state == NULL || strcmp(value_text(row, "state"), state) == 0) {
			write_row(output, row);
			end_page(output);
		}
		json_decref(row);
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

enum admin_exit
command_log_connections(struct admin *admin)
{
	const struct arguments *arguments = admin->arguments;
	struct log_output output = {.following = argument_flag(arguments, "follow")};
	struct period period;
	enum admin_exit exit_code;

	if (argument_flag(arguments, "csv") && arguments->json)
		return admin_refuse(admin, ADMIN_USAGE, _("--csv and --json exclude each other"));
	if (output.following && argument_flag(arguments, "until"))
		return admin_refuse(
			admin, ADMIN_USAGE, _("--follow shows what comes: leave out --until"));
	output.format = arguments->json                   ? LOG_JSON
			: argument_flag(arguments, "csv") ? LOG_CSV
							  : LOG_TABLE;
	exit_code = read_period(admin, &period);
	/* Listening begins before the history is read, so that nothing falls in between. */
	if (exit_code == ADMIN_DONE && output.following)
		exit_code = start_following(admin);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	exit_code = show_pages(admin, &period, &output);
	if (exit_code == ADMIN_DONE && output.following)
		exit_code = follow(admin, &output);
	end_output(&output);
	return exit_code;
}
