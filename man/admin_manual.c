/* From commands.def: sekisho-admin(8), in English or in the language of the argument (a locale: ja_JP.UTF-8). Build
 * time. */
#include "admin-cli/commands.h"
#include "admin-cli/help.h"
#include "admin-cli/text.h"
#include "man/troff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
write_part(const struct command_row *part)
{
	char term[96];
	char text[1024];
	char choices[CHOICES_SIZE] = "";
	char one_of[CHOICES_SIZE + 64] = "";

	snprintf(term, sizeof(term), "%s%s%s%s", part->type == COMMAND_TYPE_ARGUMENT ? "" : "--",
		part->name, part->value != NULL ? " " : "", part->value != NULL ? part->value : "");
	if (part->choices != NULL) {
		text_join_choices(part->choices, choices, sizeof(choices));
		snprintf(one_of, sizeof(one_of), _(" One of %s."), choices);
	}
	snprintf(text, sizeof(text), "%s%s%s%s", _(part->help),
		part->required ? _(" (required)") : "", _("."), one_of);
	troff_item(term, text);
}

static void
write_command(const struct command_row *command)
{
	const struct command_row *part = NULL;
	char *synopsis = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&synopsis, &size);
	char title[64];

	if (out == NULL)
		exit(1);
	help_synopsis(out, command);
	(void)fclose(out);
	synopsis[strcspn(synopsis, "\n")] = '\0';
	snprintf(title, sizeof(title), "%s%s%s", command->group,
		command->name[0] != '\0' ? " " : "", command->name);
	troff_subsection(title);
	troff_example(synopsis);
	troff_paragraph(_(command->help));
	while ((part = command_next_part(command, part)) != NULL)
		write_part(part);
	free(synopsis);
}

static void
write_commands(void)
{
	troff_section(_("COMMANDS"));
	for (size_t i = 0; i < command_row_count; i++) {
		if (command_rows[i].type == COMMAND_TYPE_COMMAND)
			write_command(&command_rows[i]);
	}
}

static void
write_examples(void)
{
	troff_section(_("EXAMPLES"));
	troff_paragraph(_("An engineer, a terminal, and the engineer's way to it:"));
	troff_example(
		"sekisho-admin terminal add 998-pacs --address pacs-01.internal\n"
		"sekisho-admin terminal trust 998-pacs\n"
		"sekisho-admin account add sato --family-name Sato --given-name Taro \\\n"
		"    --email sato@vendor.example --mac aa:bb:cc:dd:ee:01 --terminal 998-pacs\n"
		"sekisho-admin ticket issue --account sato --terminal 998-pacs --rdp-file "
		"sato.rdp");
	troff_paragraph(_("Who was on it in November, for a spreadsheet:"));
	troff_example("sekisho-admin log connections --terminal 998-pacs \\\n"
		      "    --from 2026-11-01 --until 2026-11-30 --csv > november.csv");
	troff_paragraph(_("Why the engineer could not connect on Tuesday evening:"));
	troff_example("sekisho-admin explain --account sato --terminal 998-pacs --at "
		      "2026-11-24T19:12");
}

static void
write_environment(void)
{
	troff_section(_("ENVIRONMENT"));
	troff_item("SEKISHO_SOCKET", _("The gateway's control socket."));
	troff_item("LC_ALL, LC_MESSAGES, LANG",
		_("The language of the messages: Japanese with ja_JP.UTF-8, also where the machine "
		  "does not have that locale; else English. What --json prints is the same in "
		  "every language."));
	troff_item("SEKISHO_AMBIGUOUS_WIDTH",
		_("2 for a terminal that shows characters such as ○ and ※ two columns wide, so "
		  "that tables line up."));
}

int
main(int argc, char **argv)
{
	if (argc > 1) {
		(void)unsetenv("LANGUAGE");
		(void)setenv("LC_ALL", argv[1], 1);
		text_init();
	}
	troff_start("sekisho-admin", "8", _("NAME"), _("administer the Sekisho gateway"));
	troff_section(_("SYNOPSIS"));
	printf(".PP\n.B sekisho\\-admin\n%s\n", _("GROUP VERB [options]"));
	troff_section(_("DESCRIPTION"));
	troff_paragraph(_("sekisho-admin talks to sekisho-gateway(8) on the same machine over its "
			  "control socket. What somebody may do is decided by the gateway, from "
			  "the user and the groups that the caller has: see `roles` in "
			  "sekisho-gateway.yaml(5). Days and times are those of the facility's "
			  "time zone. Messages are English or Japanese, by the locale."));
	troff_paragraph(_("Deleting and disconnecting ask first. Without a person at the terminal "
			  "they need --yes."));
	troff_section(_("OPTIONS"));
	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++)
		write_part(&command_rows[i]);
	write_commands();
	troff_section(_("EXIT STATUS"));
	troff_item("0", _("Done; of explain: the connection is allowed."));
	troff_item("1",
		_("Refused; the reason is on standard error, with --json also on standard "
		  "output as an object `error`. Of explain: the connection is refused; of terminal "
		  "check: something is wrong."));
	troff_item("2", _("Not understood: a word or an option is unknown, missing or wrong."));
	write_examples();
	write_environment();
	troff_section(_("SEE ALSO"));
	troff_paragraph("sekisho-gateway(8), sekisho-gateway.yaml(5)");
	return 0;
}
