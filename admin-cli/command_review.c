/* account review: stock-taking (A17). The list comes in pages and is printed as a table, CSV or JSON; its hash is made
 * of what was printed. `sign` records that the list with a hash was checked, `signed` shows earlier sign-offs. */
#include "admin-cli/command.h"
#include "admin-cli/json_text.h"
#include "admin-cli/list.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "policy/csv/writer.h"
#include "policy/review_hash.h"

#include <stdlib.h>
#include <string.h>

#define CSV_ROW_BYTES 8192 /* every cell is limited; most are short */

enum review_format {
	REVIEW_TABLE,
	REVIEW_CSV,
	REVIEW_JSON,
};

static const struct {
	const char *heading;
	const char *key;
	enum value_form form;
	bool in_table;
	size_t most;
} columns[] = {
	{N_("Vendor"), "vendor", VALUE_TEXT, true, 30},
	{N_("Account"), "id", VALUE_TEXT, true, 40},
	{N_("User name"), "person", VALUE_PERSON, true, 30},
	{N_("E-mail"), "email", VALUE_TEXT, false, 0},
	{N_("Kind"), "kind", VALUE_WORD, false, 0},
	{N_("Valid from"), "valid_from", VALUE_TEXT, false, 0},
	{N_("Valid until"), "valid_until", VALUE_TEXT, true, 0},
	{N_("Created"), "created", VALUE_TIME, false, 0},
	{N_("Last session"), "last_session", VALUE_TIME, true, 0},
	{N_("MACs"), "macs", VALUE_TEXT, true, 0},
	{N_("Terminals"), "terminals", VALUE_TEXT, true, 0},
	{N_("To be checked"), "findings", VALUE_WORDS, true, 60},
};

struct review_output {
	enum review_format format;
	struct review_hash *hash; /* of the rows so far; NULL until the first page */
	json_t *rows;             /* for JSON and the table, which is as wide as its widest row */
	json_t *question;
	json_t *findings; /* {name: how many} */
	size_t count;
	json_int_t accounts;
	bool failed; /* no memory: there is no hash */
};

static void
write_csv_row(const json_t *row)
{
	static char bytes[CSV_ROW_BYTES];
	struct csv_writer writer;

	csv_writer_init(&writer, bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		csv_put(&writer, row != NULL ? value_in_form(row, columns[i].key, columns[i].form)
					     : _(columns[i].heading));
	csv_end_record(&writer);
	(void)fwrite(bytes, 1, writer.len, stdout);
}

static void
start(struct review_output *output, const json_t *page)
{
	output->question = json_incref(json_object_get(page, "question"));
	output->hash = review_hash_new(output->question);
	output->failed = output->hash == NULL;
	output->rows = json_array();
	output->findings = json_object();
	if (output->format == REVIEW_CSV) {
		fputs(CSV_BOM, stdout); /* so that Excel reads UTF-8 */
		write_csv_row(NULL);
	}
}

static void
add_counts(struct review_output *output, const json_t *page)
{
	const char *name;
	json_t *count;

	output->accounts += json_integer_value(json_object_get(page, "accounts"));
	json_object_foreach (json_object_get(page, "findings"), name, count) {
		json_int_t sum = json_integer_value(json_object_get(output->findings, name)) +
				 json_integer_value(count);

		(void)json_object_set_new(output->findings, name, json_integer(sum));
	}
}

static void
add_page(struct review_output *output, const json_t *page)
{
	json_t *row;
	size_t i;

	if (output->question == NULL)
		start(output, page);
	add_counts(output, page);
	json_array_foreach (json_object_get(page, "rows"), i, row) {
		output->failed = output->failed || review_hash_row(output->hash, row) < 0;
		output->count++;
		if (output->format == REVIEW_CSV)
			write_csv_row(row);
		else if (json_array_append(output->rows, row) < 0)
			output->failed = true;
	}
}

static void
print_table(const struct review_output *output)
{
	struct table_column shown[ARRAY_SIZE(columns)];
	struct table *table;
	size_t count = 0, i;
	json_t *row;

	for (size_t at = 0; at < ARRAY_SIZE(columns); at++)
		if (columns[at].in_table)
			shown[count++] =
				(struct table_column){_(columns[at].heading), columns[at].most};
	table = table_new(shown, count);
	if (table == NULL)
		return;
	json_array_foreach (output->rows, i, row) {
		for (size_t at = 0; at < ARRAY_SIZE(columns); at++)
			if (columns[at].in_table)
				table_cell(table,
					value_in_form(row, columns[at].key, columns[at].form));
	}
	table_print(table, stdout);
	table_free(table);
}

/* The same options again, fit for a shell. */
static void
print_options(const struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++) {
		const struct command_row *row = arguments->given[i].row;

		if (row->type != COMMAND_TYPE_OPTION || row->parameter == NULL)
			continue;
		fprintf(stderr, " --%s", row->name);
		if (row->kind == ARGUMENT_FLAG)
			continue;
		fputs(" '", stderr);
		for (const char *at = arguments->given[i].text; *at != '\0'; at++)
			fputs(*at == '\'' ? "'\\''" : (char[]){*at, '\0'}, stderr);
		fputc('\'', stderr);
	}
}

static void
print_summary(const struct admin *admin, const struct review_output *output, const char *hex)
{
	const char *name, *before = "";
	json_t *count;

	(void)fflush(stdout);
	fprintf(stderr, _("%zu of %lld accounts are listed"), output->count,
		(long long)output->accounts);
	json_object_foreach (output->findings, name, count) {
		if (json_integer_value(count) == 0)
			continue;
		fprintf(stderr, "%s%s %lld", before[0] == '\0' ? ": " : before,
			value_word_shown(name), (long long)json_integer_value(count));
		before = ", ";
	}
	fprintf(stderr, _("\nSHA-256 of this list: %s\n"), hex);
	fputs(_("When it has been checked: "), stderr);
	fprintf(stderr, "sekisho-admin account review sign --list-hash %s", hex);
	print_options(admin->arguments);
	fputc('\n', stderr);
}

static void
print_json(const struct review_output *output, const char *hex)
{
	json_t *object = json_pack("{s:O, s:O, s:I, s:O, s:s}", "question", output->question,
		"rows", output->rows, "accounts", output->accounts, "findings", output->findings,
		"list_hash", hex);

	json_text_write(stdout, object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(object);
}

static enum admin_exit
finish(const struct admin *admin, struct review_output *output)
{
	char hex[REVIEW_HASH_SIZE];

	if (output->failed || review_hash_end(output->hash, hex) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, _("there is no memory left"));
	if (output->format == REVIEW_JSON) {
		print_json(output, hex);
		return ADMIN_DONE;
	}
	if (output->format == REVIEW_TABLE)
		print_table(output);
	print_summary(admin, output, hex);
	return ADMIN_DONE;
}

static enum admin_exit
print_list(struct admin *admin)
{
	const struct arguments *arguments = admin->arguments;
	json_t *parameters = arguments_parameters(arguments);
	struct review_output output = {
		.format = arguments->json                   ? REVIEW_JSON
			  : argument_flag(arguments, "csv") ? REVIEW_CSV
							    : REVIEW_TABLE,
	};
	enum admin_exit exit_code = ADMIN_DONE;
	bool more = true;

	while (more && exit_code == ADMIN_DONE) {
		json_t *page = NULL;

		exit_code = admin_ask(admin, "account.review", json_incref(parameters), &page);
		if (exit_code == ADMIN_DONE)
			add_page(&output, page);
		more = json_is_string(json_object_get(page, "next"));
		if (more)
			(void)json_object_set(parameters, "after", json_object_get(page, "next"));
		json_decref(page);
	}
	if (exit_code == ADMIN_DONE)
		exit_code = finish(admin, &output);
	review_hash_free(output.hash);
	json_decref(output.rows);
	json_decref(output.question);
	json_decref(output.findings);
	json_decref(parameters);
	return exit_code;
}

static enum admin_exit
sign(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	const char *note = argument_text(admin->arguments, "note");
	const char *hex = argument_text(admin->arguments, "list-hash");
	json_t *result = NULL;
	enum admin_exit exit_code;

	(void)json_object_set_new(parameters, "list_hash", json_string(hex));
	if (note != NULL)
		(void)json_object_set_new(parameters, "note", json_string(note));
	exit_code = admin_ask(admin, "account.review_sign", parameters, &result);
	if (exit_code == ADMIN_DONE && admin->arguments->json)
		admin_print(admin, result);
	else if (exit_code == ADMIN_DONE)
		printf(_("It is recorded that you checked the list of %s accounts (%s listed).\n"),
			value_text(result, "accounts"), value_text(result, "listed"));
	json_decref(result);
	return exit_code;
}

static void
print_signed(const json_t *rows)
{
	static const struct list_column shown[] = {
		{N_("When"), 0, "time", VALUE_TIME},
		{N_("Checked by"), 30, "by", VALUE_TEXT},
		{N_("Vendor"), 30, "vendor", VALUE_TEXT},
		{N_("Accounts"), 0, "accounts", VALUE_TEXT},
		{N_("Listed"), 0, "listed", VALUE_TEXT},
		{N_("Unused for (days)"), 0, "unused_days", VALUE_TEXT},
		{N_("Ending within (days)"), 0, "ending_days", VALUE_TEXT},
		{N_("SHA-256 of the list"), 0, "list_hash", VALUE_TEXT},
		{N_("Note"), 40, "note", VALUE_TEXT},
	};

	(void)list_print(rows, shown, ARRAY_SIZE(shown));
}

static enum admin_exit
show_signed(struct admin *admin)
{
	json_t *parameters = json_object(), *rows = json_array(), *shown;
	enum admin_exit exit_code = ADMIN_DONE;
	bool more = true;

	while (more && exit_code == ADMIN_DONE) {
		json_t *page = NULL;

		exit_code =
			admin_ask(admin, "account.review_signed", json_incref(parameters), &page);
		(void)json_array_extend(rows, json_object_get(page, "rows"));
		more = json_is_integer(json_object_get(page, "next"));
		if (more)
			(void)json_object_set(parameters, "after", json_object_get(page, "next"));
		json_decref(page);
	}
	shown = json_pack("{s:O}", "rows", rows);
	if (exit_code == ADMIN_DONE && admin->arguments->json)
		admin_print(admin, shown);
	else if (exit_code == ADMIN_DONE)
		print_signed(rows);
	json_decref(shown);
	json_decref(rows);
	json_decref(parameters);
	return exit_code;
}

static const struct {
	const char *name;
	enum admin_exit (*run)(struct admin *admin);
} actions[] = {
	{"sign", sign},
	{"signed", show_signed},
};

static enum admin_exit
check_options(struct admin *admin, const char *action)
{
	const struct arguments *arguments = admin->arguments;
	bool signs = action != NULL && strcmp(action, "sign") == 0;

	if (argument_flag(arguments, "csv") && (action != NULL || arguments->json))
		return admin_refuse(
			admin, ADMIN_USAGE, _("--csv is for the list, and excludes --json"));
	if (signs && !argument_flag(arguments, "list-hash"))
		return admin_refuse(admin, ADMIN_USAGE,
			_("say which list was checked: --list-hash, which `account review` "
			  "prints"));
	if (!signs && (argument_flag(arguments, "list-hash") || argument_flag(arguments, "note")))
		return admin_refuse(
			admin, ADMIN_USAGE, _("--list-hash and --note belong to `sign`"));
	return ADMIN_DONE;
}

enum admin_exit
command_account_review(struct admin *admin)
{
	const char *action = argument_text(admin->arguments, "ACTION");
	enum admin_exit exit_code = check_options(admin, action);

	if (exit_code != ADMIN_DONE)
		return exit_code;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (action != NULL && strcmp(actions[i].name, action) == 0)
			return actions[i].run(admin);
	return print_list(admin);
}
