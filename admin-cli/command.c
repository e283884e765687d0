/* Asking the gateway, telling what it said, and asking the person back. */
#include "admin-cli/command.h"

#include "admin-cli/guess.h"
#include "admin-cli/json_text.h"
#include "admin-cli/progress.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROGRAM "sekisho-admin"
#define DEFAULT_SOCKET "/run/sekisho/control.sock"

static void
print_error_json(json_t *error)
{
	json_t *object = json_pack("{s:o}", "error", error);

	json_text_write(stdout, object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(object);
}

enum admin_exit
admin_refuse(const struct admin *admin, enum admin_exit exit_code, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0)
		return exit_code;
	fprintf(stderr, PROGRAM ": %s\n", text);
	if (admin->arguments->json)
		print_error_json(json_pack("{s:s}", "message", text));
	return exit_code;
}

static const char *
kind_of_error(json_int_t code)
{
	switch (code) {
	case -32001:
		return N_("refused");
	case -32002:
		return N_("not found");
	case -32003:
		return N_("not allowed");
	case -32004:
		return N_("the gateway's database failed");
	case -32601:
		return N_("this gateway cannot do that; is it older than this program?");
	case -32602:
		return N_("refused");
	default:
		return N_("the gateway reports an error");
	}
}

static void
print_detail(const char *label, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	fputs("  ", stderr);
	text_put(stderr, label, 10, 40);
	fprintf(stderr, " %s\n", text);
}

/* What somebody else has made of it meanwhile; who and when has been said. */
static void
print_now(const json_t *now)
{
	static const char *const said[] = {
		"created", "updated", "changed_by", "version", "last_session"};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)now, key, value) {
		bool skip = json_is_null(value);

		for (size_t i = 0; i < ARRAY_SIZE(said); i++)
			skip = skip || strcmp(said[i], key) == 0;
		if (skip)
			continue;
		fputs("  ", stderr);
		text_put(stderr, value_label(key), 20, 40);
		fprintf(stderr, " %s\n",
			text_shown(json_is_array(value) ? value_list(now, key)
							: value_text(now, key)));
	}
}

/* "Valid until (--valid-until)": the field in words, and where it was typed. */
static void
name_field(const struct admin *admin, const char *field, char *ret_text, size_t size)
{
	const struct command_row *part = NULL;

	snprintf(ret_text, size, "%s", value_label(field));
	while ((part = command_next_part(admin->arguments->command, part)) != NULL) {
		const char *parameter = part->parameter != NULL ? part->parameter : "";
		const char *dot = strchr(parameter, '.');

		if (strcmp(dot != NULL ? dot + 1 : parameter, field) != 0)
			continue;
		/* An id is an account's, or that of what the command calls it. */
		if (strcmp(field, "id") == 0 && strcmp(part->name, "ACCOUNT") != 0)
			snprintf(ret_text, size, "%s", part->name);
		else
			snprintf(ret_text, size, "%s (%s%s)", value_label(field),
				part->type == COMMAND_TYPE_OPTION ? "--" : "", part->name);
	}
}

/* A reason of the policy or of a jump host has, in the gateway's table of events, what to do about it. */
static void
print_meaning(const char *message)
{
	const char *meaning = said_meaning(message);

	if (meaning != NULL && !guess_knows(message))
		fprintf(stderr, "  %s\n", meaning);
}

enum admin_exit
admin_refuse_error(const struct admin *admin, const json_t *error)
{
	const json_t *data = json_object_get(error, "data");
	const char *kind = _(kind_of_error(json_integer_value(json_object_get(error, "code"))));
	const char *message = said_error(error);
	const char *rule = said_translate(value_text(data, "rule"));
	bool has_field = json_is_string(json_object_get(data, "field")) && rule[0] != '\0';
	char field[160];

	if (admin->arguments->json)
		print_error_json(json_deep_copy(error));
	if (has_field) {
		/* The message says the same in one sentence, with the field's name in the protocol. */
		name_field(admin, value_text(data, "field"), field, sizeof(field));
		message = field;
	}
	/* Whole: the note of what is protected says whom to ask at its end. */
	fprintf(stderr, PROGRAM ": %s%s", kind, message[0] != '\0' ? ": " : "");
	text_write(stderr, message, 2);
	fputc('\n', stderr);
	print_now(json_object_get(data, "now"));
	if (!has_field) {
		print_meaning(value_text(error, "message"));
		return ADMIN_REFUSED;
	}
	print_detail(_("found:"), text_shown(value_text(data, "value")));
	print_detail(_("allowed:"), text_shown(rule));
	print_detail(_("example:"), text_shown(value_text(data, "example")));
	return ADMIN_REFUSED;
}

static const char *
socket_path(const struct arguments *arguments)
{
	const char *path = getenv("SEKISHO_SOCKET");

	if (arguments->socket != NULL)
		return arguments->socket;
	return path != NULL && path[0] != '\0' ? path : DEFAULT_SOCKET;
}

/* The first question: whoever has no role is told so here. Days and times are those of the facility from now
 * on, wherever the person sits. */
static enum admin_exit
take_time_zone(struct admin *admin)
{
	json_t *status = NULL;
	enum admin_exit exit_code = ADMIN_DONE;
	char why[512];
	int r;

	r = rpc_call(admin->rpc, "gateway.status", NULL, &status, why, sizeof(why));
	if (r == -EREMOTEIO)
		exit_code = admin_refuse_error(admin, status);
	else if (r < 0)
		exit_code = admin_refuse(admin, ADMIN_REFUSED, "%s", why);
	else if (value_text(status, "time_zone")[0] != '\0')
		(void)setenv("TZ", value_text(status, "time_zone"), 1);
	json_decref(status);
	return exit_code;
}

enum admin_exit
admin_connect(struct admin *admin)
{
	char why[512];

	if (admin->rpc != NULL)
		return ADMIN_DONE;
	if (rpc_open(socket_path(admin->arguments), &admin->rpc, why, sizeof(why)) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, "%s", why);
	if (!admin->arguments->json)
		rpc_on_progress(admin->rpc, progress_show);
	return take_time_zone(admin);
}

enum admin_exit
admin_ask(struct admin *admin, const char *method, json_t *parameters, json_t **ret_result)
{
	json_t *answer = NULL;
	enum admin_exit exit_code;
	char why[512];
	int r;

	exit_code = admin_connect(admin);
	if (exit_code != ADMIN_DONE) {
		json_decref(parameters);
		return exit_code;
	}
	r = rpc_call(admin->rpc, method, parameters, &answer, why, sizeof(why));
	progress_clear();
	if (r == 0) {
		*ret_result = answer;
		return ADMIN_DONE;
	}
	if (r != -EREMOTEIO)
		return admin_refuse(admin, ADMIN_REFUSED, "%s", why);
	exit_code = admin_refuse_error(admin, answer);
	if (!admin->arguments->json)
		guess_name(admin->rpc, admin->arguments, value_text(answer, "message"));
	json_decref(answer);
	return exit_code;
}

void
admin_print(const struct admin *admin, const json_t *result)
{
	if (admin->arguments->json) {
		json_text_write(stdout, result, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else if (admin->arguments->command->print != NULL) {
		admin->arguments->command->print(admin, result);
	}
}

const char *
admin_subject(const struct admin *admin, const json_t *result, const char *key)
{
	const char *text = value_text(result, key);
	const struct command_row *typed = command_next_part(admin->arguments->command, NULL);

	return text_shown(text[0] != '\0' ? text : argument_text(admin->arguments, typed->name));
}

enum admin_exit
admin_ask_and_print(struct admin *admin, json_t *parameters)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, admin->arguments->command->method, parameters, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	admin_print(admin, result);
	json_decref(result);
	return ADMIN_DONE;
}

json_t *
admin_changes(json_t *parameters)
{
	json_t *changes = json_object_get(parameters, "changes");

	if (changes == NULL) {
		changes = json_object();
		(void)json_object_set_new(parameters, "changes", changes);
	}
	return changes;
}

enum admin_exit
admin_take_protection(const struct admin *admin, json_t *changes)
{
	if (!argument_flag(admin->arguments, "unprotect"))
		return ADMIN_DONE;
	if (argument_flag(admin->arguments, "protect"))
		return admin_refuse(
			admin, ADMIN_USAGE, _("--protect and --unprotect exclude each other"));
	(void)json_object_set_new(changes, "protected", json_null());
	return ADMIN_DONE;
}

enum admin_exit
admin_edit(struct admin *admin, json_t *parameters, enum admin_exit so_far)
{
	if (so_far == ADMIN_DONE && json_object_size(json_object_get(parameters, "changes")) == 0)
		so_far = admin_refuse(
			admin, ADMIN_USAGE, _("say what is to be changed: see --help"));
	if (so_far != ADMIN_DONE) {
		json_decref(parameters);
		return so_far;
	}
	return admin_ask_and_print(admin, parameters);
}

enum admin_exit
command_call(struct admin *admin)
{
	return admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}

void
confirm_write(FILE *out, const struct fact *facts, size_t count, const char *warning,
	const char *question)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++) {
		if (text_width(facts[i].label) > width)
			width = text_width(facts[i].label);
	}
	fprintf(out, "%s\n\n", question);
	for (size_t i = 0; i < count; i++) {
		fputs("  ", out);
		text_put(out, facts[i].label, width, width);
		fputs("  ", out);
		text_write(out, facts[i].value, width + 4);
		fputc('\n', out);
	}
	if (warning != NULL)
		fprintf(out, "\n%s\n", warning);
	fprintf(out, "%s [y/N] ", _("Go on?"));
}

bool
confirm_is_yes(const char *answer)
{
	static const char *const yes[] = {"y", "yes", "はい", "ｙ"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(answer, yes[i]) == 0)
			return true;
	}
	return false;
}

enum admin_exit
admin_confirm(const struct admin *admin, const struct fact *facts, size_t count,
	const char *warning, const char *question)
{
	auto_free char *line = NULL;
	size_t size = 0;

	if (argument_flag(admin->arguments, "yes"))
		return ADMIN_DONE;
	if (isatty(STDIN_FILENO) == 0)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("this must be confirmed, but nobody is at the terminal: say --yes if it "
			  "is meant"));
	confirm_write(stderr, facts, count, warning, question);
	(void)fflush(stderr);
	if (getline(&line, &size, stdin) > 0 && confirm_is_yes(text_trim(line)))
		return ADMIN_DONE;
	return admin_refuse(admin, ADMIN_REFUSED, _("not confirmed; nothing was changed"));
}
