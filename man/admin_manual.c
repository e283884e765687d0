/* From commands.def: sekisho-admin(8). Build time. */
#include "admin-cli/commands.h"
#include "admin-cli/help.h"
#include "man/troff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
write_part(const struct command_row *part)
{
	char term[96];
	char text[512];
	char choices[256] = "";
	size_t used = 0;

	snprintf(term, sizeof(term), "%s%s%s%s", part->type == COMMAND_TYPE_ARGUMENT ? "" : "--",
		part->name, part->value != NULL ? " " : "", part->value != NULL ? part->value : "");
	for (const char *at = part->choices;
		at != NULL && *at != '\0' && used + 3 < sizeof(choices); at++) {
		if (*at == '|')
			choices[used++] = ',';
		choices[used++] = *at == '|' ? ' ' : *at;
	}
	snprintf(text, sizeof(text), "%s%s.%s%s%s", part->help, part->required ? " (required)" : "",
		used > 0 ? " One of " : "", choices, used > 0 ? "." : "");
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
	snprintf(title, sizeof(title), "%s%s%s", command->group, command->name[0] != '\0' ? " " : "",
		command->name);
	troff_subsection(title);
	troff_example(synopsis);
	troff_paragraph(command->help);
	while ((part = command_next_part(command, part)) != NULL)
		write_part(part);
	free(synopsis);
}

int
main(void)
{
	troff_start("sekisho-admin", "8", "administer the Sekisho gateway");
	troff_section("SYNOPSIS");
	troff_paragraph("`sekisho-admin` GROUP VERB [options]");
	troff_section("DESCRIPTION");
	troff_paragraph("sekisho-admin talks to sekisho-gateway(8) on the same machine over its "
			"control socket. What "
			"somebody may do is decided by the gateway, from the user and the groups "
			"that the caller has: see "
			"`roles` in sekisho-gateway.yaml(5). Days and times are those of the "
			"facility's time zone. Messages "
			"are English or Japanese, by the locale.");
	troff_paragraph("Deleting and disconnecting ask first. Without a person at the terminal "
			"they need --yes.");
	troff_section("OPTIONS");
	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++)
		write_part(&command_rows[i]);
	troff_section("COMMANDS");
	for (size_t i = 0; i < command_row_count; i++) {
		if (command_rows[i].type == COMMAND_TYPE_COMMAND)
			write_command(&command_rows[i]);
	}
	troff_section("EXIT STATUS");
	troff_item("0", "Done.");
	troff_item("1", "Refused; the reason is on standard error, with --json also on standard "
			"output as an object "
			"`error`.");
	troff_item("2", "Not understood: a word or an option is unknown, missing or wrong.");
	troff_section("EXAMPLES");
	troff_paragraph("An engineer, a terminal, and the engineer's way to it:");
	troff_example(
		"sekisho-admin terminal add 998-pacs --address pacs-01.internal\n"
		"sekisho-admin terminal trust 998-pacs\n"
		"sekisho-admin account add sato --family-name Sato --given-name Taro \\\n"
		"    --email sato@vendor.example --mac aa:bb:cc:dd:ee:01 --terminal 998-pacs\n"
		"sekisho-admin ticket issue --account sato --terminal 998-pacs --rdp-file "
		"sato.rdp");
	troff_paragraph("Who was on it in November, for a spreadsheet:");
	troff_example("sekisho-admin log connections --terminal 998-pacs \\\n"
		      "    --from 2026-11-01 --until 2026-11-30 --csv > november.csv");
	troff_section("ENVIRONMENT");
	troff_item("SEKISHO_SOCKET", "The gateway's control socket.");
	troff_section("SEE ALSO");
	troff_paragraph("sekisho-gateway(8), sekisho-gateway.yaml(5)");
	return 0;
}
