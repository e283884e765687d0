/* From commands.def: what bash completes. Build time; the output is /usr/share/bash-completion/completions/
 * sekisho-admin. */
#include "admin-cli/commands.h"

#include <stdio.h>
#include <string.h>

static void
write_words(enum command_type type, const char *group)
{
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *row = &command_rows[i];

		if (row->type == type && (group == NULL || strcmp(row->group, group) == 0))
			printf("%s ", row->name);
	}
}

static void
write_globals(void)
{
	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++)
		printf("--%s ", command_rows[i].name);
}

static void
write_verbs(void)
{
	printf("_sekisho_admin_verbs()\n{\n\tcase $1 in\n");
	for (size_t i = 0; i < command_row_count; i++) {
		if (command_rows[i].type != COMMAND_TYPE_GROUP)
			continue;
		printf("\t%s) echo \"", command_rows[i].name);
		write_words(COMMAND_TYPE_COMMAND, command_rows[i].name);
		printf("\" ;;\n");
	}
	printf("\tesac\n}\n\n");
}

static void
write_options(void)
{
	printf("_sekisho_admin_options()\n{\n\tcase \"$1 $2\" in\n");
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *part = NULL;

		if (command_rows[i].type != COMMAND_TYPE_COMMAND)
			continue;
		printf("\t\"%s %s\") echo \"", command_rows[i].group, command_rows[i].name);
		while ((part = command_next_part(&command_rows[i], part)) != NULL) {
			if (part->type == COMMAND_TYPE_OPTION)
				printf("--%s ", part->name);
		}
		printf("\" ;;\n");
	}
	printf("\tesac\n}\n\n");
}

static void
write_choice(const struct command_row *command, const struct command_row *option)
{
	printf("\t\"%s %s --%s\") echo \"", command->group, command->name, option->name);
	for (const char *at = option->choices; *at != '\0'; at++)
		putchar(*at == '|' ? ' ' : *at);
	printf("\" ;;\n");
}

static void
write_choices(void)
{
	printf("_sekisho_admin_choices()\n{\n\tcase \"$1 $2 $3\" in\n");
	for (size_t i = 0; i < command_row_count; i++) {
		const struct command_row *part = NULL;

		if (command_rows[i].type != COMMAND_TYPE_COMMAND)
			continue;
		while ((part = command_next_part(&command_rows[i], part)) != NULL) {
			if (part->type == COMMAND_TYPE_OPTION && part->choices != NULL)
				write_choice(&command_rows[i], part);
		}
	}
	printf("\tesac\n}\n\n");
}

/* Options that name a file are left to bash. */
static const char function[] =
	"_sekisho_admin()\n{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal words=() word skip=\n"
	"\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	"\t\tif [[ $skip ]]; then skip=; continue; fi\n"
	"\t\tcase $word in\n"
	"\t\t--socket) skip=1 ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) words+=(\"$word\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tCOMPREPLY=()\n"
	"\tcase $previous in\n"
	"\t--socket|--rdp-file|--ca-file|--handover)\n"
	"\t\tcompopt -o default 2>/dev/null; return ;;\n"
	"\tesac\n"
	"\tlocal choices=$(_sekisho_admin_choices \"${words[0]}\" \"${words[1]}\" \"$previous\")\n"
	"\tif [[ $choices ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
	"\telif [[ ${#words[@]} -eq 0 && $current != -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$_sekisho_admin_groups\" -- \"$current\"))\n"
	"\telif [[ ${#words[@]} -eq 1 && $current != -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_sekisho_admin_verbs \"${words[0]}\")\" -- "
	"\"$current\"))\n"
	"\telse\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_sekisho_admin_options \"${words[0]}\" \"${words[1]}\") "
	"$_sekisho_admin_globals\" -- \"$current\"))\n"
	"\tfi\n"
	"}\n\n"
	"complete -F _sekisho_admin sekisho-admin\n";

int
main(void)
{
	printf("# Completion of sekisho-admin in bash. Made from its table of commands.\n\n");
	printf("_sekisho_admin_groups=\"");
	write_words(COMMAND_TYPE_GROUP, NULL);
	printf("\"\n_sekisho_admin_globals=\"");
	write_globals();
	printf("\"\n\n");
	write_verbs();
	write_options();
	write_choices();
	fputs(function, stdout);
	return 0;
}
