/* account extend (A16): which accounts, what would change, and then what did. */
#include "admin-cli/account_pages.h"
#include "admin-cli/said.h"
#include "admin-cli/table.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 200 /* what the gateway takes in one call */

static const char *const filters[] = {
	"search", "terminal", "state", "vendor", "file-sharing", "kind"};

static bool
has_filter(const struct arguments *arguments)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (argument_text(arguments, filters[i]) != NULL)
			return true;
	return argument_flag(arguments, "all");
}

static void
take_ids(const json_t *accounts, void *argument)
{
	json_t *account;
	size_t i;

	json_array_foreach (accounts, i, account)
		(void)json_array_append(argument, json_object_get(account, "id"));
}

static enum admin_exit
find_ids(struct admin *admin, json_t *ids)
{
	json_t *parameters = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const char *text = argument_text(admin->arguments, filters[i]);

		if (text != NULL)
			(void)json_object_set_new(parameters,
				strcmp(filters[i], "file-sharing") == 0 ? "file_sharing"
									: filters[i],
				json_string(text));
	}
	return account_pages(admin, parameters, take_ids, ids);
}

/* One id a line; blank lines and those that begin with # are for people. */
static enum admin_exit
read_ids(struct admin *admin, const char *path, json_t *ids)
{
	FILE *in = fopen(path, "re");
	auto_free char *line = NULL;
	enum admin_exit exit_code = ADMIN_DONE;
	size_t size = 0, number = 0;
	ssize_t len;

	if (in == NULL)
		return admin_refuse(
			admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(errno));
	while (exit_code == ADMIN_DONE && (len = getline(&line, &size, in)) > 0) {
		char *id = line;

		number++;
		if (number == 1 && strncmp(id, "\xef\xbb\xbf", 3) == 0)
			id += 3;
		if (strlen(line) != (size_t)len || len > 1024 || !text_is_utf8(id)) {
			exit_code = admin_refuse(admin, ADMIN_REFUSED,
				_("%s, line %zu: not an account id; the file has one in each line, "
				  "as UTF-8"),
				text_shown(path), number);
			break;
		}
		id = text_trim(id);
		if (id[0] != '\0' && id[0] != '#')
			(void)json_array_append_new(ids, json_string(id));
	}
	if (exit_code == ADMIN_DONE && ferror(in) != 0)
		exit_code = admin_refuse(
			admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(errno));
	(void)fclose(in);
	return exit_code;
}

static enum admin_exit
gather_ids(struct admin *admin, json_t *ids)
{
	const char *path = argument_text(admin->arguments, "file");
	json_t *named = argument_list(admin->arguments, "ACCOUNT");
	bool filtered = has_filter(admin->arguments);

	if (named != NULL)
		(void)json_array_extend(ids, named);
	json_decref(named);
	if (filtered && (named != NULL || path != NULL))
		return admin_refuse(admin, ADMIN_USAGE,
			_("accounts are named, or found by a filter: not both at once"));
	if (filtered)
		return find_ids(admin, ids);
	if (path != NULL)
		return read_ids(admin, path, ids);
	if (named == NULL)
		return admin_refuse(admin, ADMIN_USAGE,
			_("say which accounts: by name, with --file, by a filter, or --all"));
	return ADMIN_DONE;
}

static enum admin_exit
extend_batch(struct admin *admin, const json_t *ids, size_t first, bool dry_run, json_t *results)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	json_t *batch = json_array();
	json_t *answer = NULL;
	enum admin_exit exit_code;

	for (size_t i = first; i < json_array_size(ids) && i < first + BATCH; i++)
		(void)json_array_append(batch, json_array_get(ids, i));
	(void)json_object_set_new(parameters, "accounts", batch);
	(void)json_object_set_new(parameters, "dry_run", json_boolean(dry_run));
	exit_code = admin_ask(admin, "account.extend", parameters, &answer);
	if (exit_code == ADMIN_DONE)
		(void)json_array_extend(results, json_object_get(answer, "results"));
	json_decref(answer);
	return exit_code;
}

/* What was done stays done when a later batch fails: the results say how far it got. */
static enum admin_exit
extend_all(struct admin *admin, const json_t *ids, bool dry_run, json_t *results)
{
	enum admin_exit exit_code = ADMIN_DONE;

	for (size_t i = 0; i < json_array_size(ids) && exit_code == ADMIN_DONE; i += BATCH)
		exit_code = extend_batch(admin, ids, i, dry_run, results);
	return exit_code;
}

static bool
is(const json_t *result, const char *what)
{
	return strcmp(value_text(result, "result"), what) == 0;
}

static size_t
count(const json_t *results, const char *what)
{
	size_t i, found = 0;
	json_t *result;

	json_array_foreach (results, i, result)
		found += is(result, what);
	return found;
}

static const char *
outcome(const json_t *result, bool dry_run)
{
	if (is(result, "refused"))
		return said_error(json_object_get(result, "error"));
	if (is(result, "unchanged"))
		return _("ends on that day already");
	return dry_run ? _("will be changed") : _("changed");
}

static void
print_results(FILE *out, const json_t *results, bool dry_run)
{
	const struct table_column columns[] = {
		{_("Account"), 40},
		{_("User name"), 30},
		{_("Valid until"), 0},
		{_("New last day"), 0},
		{_("Result"), 0},
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	json_t *result;
	size_t i;

	if (table == NULL)
		return;
	json_array_foreach (results, i, result) {
		table_cell(table, value_text(result, "account"));
		table_cell(table, is(result, "refused") ? "" : value_person(result));
		table_cell(table, value_text(result, "from"));
		table_cell(table, is(result, "changed") ? value_text(result, "until") : "");
		table_cell(table, outcome(result, dry_run));
	}
	table_print(table, out);
	table_free(table);
}

static void
print_sum(FILE *out, const json_t *results, bool dry_run)
{
	fprintf(out,
		dry_run ? _("%zu would be changed, %zu end on that day already, %zu are refused\n")
			: _("%zu changed, %zu ended on that day already, %zu refused\n"),
		count(results, "changed"), count(results, "unchanged"), count(results, "refused"));
}

/* Only what is to be changed; the others have had their result. */
static json_t *
ids_to_change(const json_t *results)
{
	json_t *ids = json_array();
	json_t *result;
	size_t i;

	json_array_foreach (results, i, result)
		if (is(result, "changed"))
			(void)json_array_append(ids, json_object_get(result, "account"));
	return ids;
}

/* The plan's results that stay as they are, and behind them what was done. */
static json_t *
all_results(const json_t *plan, const json_t *did)
{
	json_t *all = json_array();
	json_t *result;
	size_t i;

	json_array_foreach (plan, i, result)
		if (!is(result, "changed"))
			(void)json_array_append(all, result);
	(void)json_array_extend(all, (json_t *)did);
	return all;
}

static enum admin_exit
confirm(struct admin *admin, const json_t *plan)
{
	char changed[24], refused[24];
	const struct fact facts[] = {
		{_("New last day"), argument_text(admin->arguments, "until")},
		{_("To be changed"), changed},
		{_("Refused"), refused},
	};

	snprintf(changed, sizeof(changed), "%zu", count(plan, "changed"));
	snprintf(refused, sizeof(refused), "%zu", count(plan, "refused"));
	return admin_confirm(
		admin, facts, ARRAY_SIZE(facts), NULL, _("Set the last day of these accounts?"));
}

/* Did it as far as it came; says so even if not all came through. */
static enum admin_exit
do_it(struct admin *admin, const json_t *plan)
{
	json_t *did = json_array();
	json_t *ids = ids_to_change(plan);
	json_t *all;
	enum admin_exit exit_code;

	exit_code = extend_all(admin, ids, false, did);
	all = all_results(plan, did);
	if (admin->arguments->json) {
		json_t *answer = json_pack("{s:O}", "results", all);

		admin_print(admin, answer);
		json_decref(answer);
	} else {
		print_results(stdout, did, false);
		print_sum(stdout, all, false);
	}
	if (exit_code == ADMIN_DONE && count(all, "refused") > 0)
		exit_code = ADMIN_REFUSED;
	json_decref(all);
	json_decref(ids);
	json_decref(did);
	return exit_code;
}

static enum admin_exit
show_plan(struct admin *admin, const json_t *plan)
{
	if (admin->arguments->json) {
		json_t *answer = json_pack("{s:O}", "results", plan);

		admin_print(admin, answer);
		json_decref(answer);
	} else {
		print_results(stdout, plan, true);
		print_sum(stdout, plan, true);
	}
	return count(plan, "refused") > 0 ? ADMIN_REFUSED : ADMIN_DONE;
}

static enum admin_exit
plan_and_do(struct admin *admin, const json_t *ids, json_t *plan)
{
	enum admin_exit exit_code;

	exit_code = extend_all(admin, ids, true, plan);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (argument_flag(admin->arguments, "dry-run") || count(plan, "changed") == 0)
		return show_plan(admin, plan);
	if (!admin->arguments->json) {
		print_results(stderr, plan, true);
		print_sum(stderr, plan, true);
	}
	exit_code = confirm(admin, plan);
	return exit_code != ADMIN_DONE ? exit_code : do_it(admin, plan);
}

enum admin_exit
command_account_extend(struct admin *admin)
{
	json_t *ids = json_array();
	json_t *plan = json_array();
	enum admin_exit exit_code;

	exit_code = gather_ids(admin, ids);
	if (exit_code == ADMIN_DONE && json_array_size(ids) == 0)
		exit_code = admin_refuse(admin, ADMIN_REFUSED, _("no account was found"));
	if (exit_code == ADMIN_DONE)
		exit_code = plan_and_do(admin, ids, plan);
	json_decref(ids);
	json_decref(plan);
	return exit_code;
}
