/* --help of the program, a group or a verb. */
#include "admin-cli/help.h"

#include "admin-cli/text.h"

#include <string.h>

#define HELP_COLUMN 30

void
help_synopsis(FILE *out, const struct command_row *command)
{
	const struct command_row *part = NULL;
	bool options = false;

	fprintf(out, "sekisho-admin %s%s%s", command->group, command->name[0] != '\0' ? " " : "",
		command->name);
	while ((part = command_next_part(command, part)) != NULL) {
		if (part->type == COMMAND_TYPE_ARGUMENT)
			fprintf(out, part->required ? " %s" : " [%s%s]", part->name,
				part->kind == ARGUMENT_LIST ? "…" : "");
		else if (part->required)
			fprintf(out, " --%s %s", part->name, part->value);
		else
			options = true;
	}
	fputs(options ? _(" [options]") : "", out);
	fputc('\n', out);
}

static void
print_line(FILE *out, const char *term, const char *help)
{
	fputs("  ", out);
	text_put(out, term, HELP_COLUMN - 2, 200);
	if (text_width(term) > HELP_COLUMN - 3)
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	fputs(_(help), out);
}

static void
print_part(FILE *out, const struct command_row *part)
{
	char choices[CHOICES_SIZE];
	char term[96];

	snprintf(term, sizeof(term), "%s%s%s%s", part->type == COMMAND_TYPE_ARGUMENT ? "" : "--",
		part->name, part->value != NULL ? " " : "", part->value != NULL ? part->value : "");
	print_line(out, term, part->help);
	if (part->required)
		fprintf(out, " (%s)", _("required"));
	if (part->kind == ARGUMENT_LIST)
		fprintf(out, " (%s)", _("several joined by commas, or given again"));
	fputc('\n', out);
	if (part->choices != NULL) {
		text_join_choices(part->choices, choices, sizeof(choices));
		fprintf(out, "%*s%s: %s\n", HELP_COLUMN, "", _("one of"), choices);
	}
}

static void
print_global_options(FILE *out)
{
	fprintf(out, "\n%s\n", _("Everywhere:"));
	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++)
		print_part(out, &command_rows[i]);
}

static void
print_program(FILE *out)
{
	fprintf(out, "%s\n\n  sekisho-admin %s\n\n%s\n",
		_("Administers the Sekisho gateway on this machine."), _("GROUP VERB [options]"),
		_("Groups:"));
	for (size_t i = 0; i < command_row_count; i++) {
		if (command_rows[i].type != COMMAND_TYPE_GROUP)
			continue;
		print_line(out, command_rows[i].name, command_rows[i].help);
		fputc('\n', out);
	}
	print_global_options(out);
	fprintf(out, "\n%s\n  sekisho-admin account --help\n  sekisho-admin account add --help\n",
		_("More:"));
	fprintf(out, "\n%s\n",
		_("Exit status: 0 done, 1 refused with the reason, 2 not understood."));
}

static void
print_group(FILE *out, const struct command_row *group)
{
	fprintf(out, "sekisho-admin %s: %s\n\n", group->name, _(group->help));
	for (const struct command_row *row = group + 1; row < command_rows + command_row_count;
		row++) {
		if (row->type == COMMAND_TYPE_GROUP)
			break;
		if (row->type != COMMAND_TYPE_COMMAND)
			continue;
		print_line(out, row->name, row->help);
		fputc('\n', out);
	}
	print_global_options(out);
}

static void
print_command(FILE *out, const struct command_row *command)
{
	const struct command_row *part = NULL;

	fprintf(out, "%s\n\n  ", _(command->help));
	help_synopsis(out, command);
	fputc('\n', out);
	while ((part = command_next_part(command, part)) != NULL)
		print_part(out, part);
	print_global_options(out);
}

void
help_print(FILE *out, const struct arguments *arguments)
{
	if (arguments->command != NULL)
		print_command(out, arguments->command);
	else if (arguments->group != NULL)
		print_group(out, arguments->group);
	else
		print_program(out);
}
