/* From commands.def: what bash completes. Build time; the output is /usr/share/bash-completion/completions/
 * sekisho-admin. Names of accounts, terminals and vendors are asked of the gateway while a person types: quickly, or
 * not at all.
 */
#include "admin-cli/commands.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

/* What stands for a value, by the last word of an option's name or an argument's. The rest is for the person. */
static const struct {
	const char *word;
	const char *completed; /* as the functions below take it */
} values[] = {
	{"account", "names account"},
	{"ACCOUNT", "names account"},
	{"terminal", "names terminal"},
	{"TERMINAL", "names terminal"},
	{"vendor", "names vendor"},
	{"VENDOR", "names vendor"},
	{"SESSION", "names session"},
};

static const char *
value_of_name(const char *name)
{
	const char *last = strrchr(name, '-') != NULL ? strrchr(name, '-') + 1 : name;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (strcmp(values[i].word, last) == 0)
			return values[i].completed;
	}
	return "nothing";
}

static void
write_value(const struct command_row *part)
{
	if (part->choices != NULL) {
		fputs("words ", stdout);
		for (const char *at = part->choices; *at != '\0'; at++)
			putchar(*at == '|' ? ' ' : *at);
	} else if (strcmp(part->value != NULL ? part->value : part->name, "FILE") == 0 ||
		   strcmp(part->name, "socket") == 0) {
		fputs("files", stdout);
	} else {
		fputs(value_of_name(part->name), stdout);
	}
}

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
	printf("_sekisho_admin_options()\n{\n\tcase $1 in\n");
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
write_command_values(const struct command_row *command)
{
	const struct command_row *part = NULL;
	unsigned int place = 0;

	while ((part = command_next_part(command, part)) != NULL) {
		if (part->kind == ARGUMENT_FLAG)
			continue;
		/* "*1" is what stands first without an option; a list goes on to the end. */
		if (part->type == COMMAND_TYPE_OPTION)
			printf("\t\"%s %s --%s\") echo \"", command->group, command->name,
				part->name);
		else if (part->kind == ARGUMENT_LIST)
			printf("\t\"%s %s *\"*) echo \"", command->group, command->name);
		else
			printf("\t\"%s %s *%u\") echo \"", command->group, command->name, ++place);
		write_value(part);
		printf("\" ;;\n");
	}
}

/* "words a b", "names account", "files" or "nothing"; nothing at all where no value belongs. */
static void
write_values(void)
{
	printf("_sekisho_admin_value()\n{\n\tcase $1 in\n");
	for (size_t i = 0; command_rows[i].type == COMMAND_TYPE_GLOBAL; i++) {
		if (command_rows[i].kind == ARGUMENT_FLAG)
			continue;
		printf("\t*\" --%s\") echo \"", command_rows[i].name);
		write_value(&command_rows[i]);
		printf("\" ;;\n");
	}
	for (size_t i = 0; i < command_row_count; i++) {
		if (command_rows[i].type == COMMAND_TYPE_COMMAND)
			write_command_values(&command_rows[i]);
	}
	printf("\tesac\n}\n\n");
}

static const char functions[] =
	"# Names that the gateway has. Nothing is said if it does not answer at once.\n"
	"_sekisho_admin_names()\n{\n"
	"\tlocal key=name list=(\"$1\" list) search=()\n"
	"\t[[ $1 == account || $1 == session ]] && key=id\n"
	"\t[[ $1 == account && $2 ]] && search=(-- \"$2\")\n"
	"\ttimeout 2 sekisho-admin \"${socket[@]}\" --json \"${list[@]}\" \"${search[@]}\" "
	"2>/dev/null </dev/null |\n"
	"\t\tsed -n 's/^ \\{0,6\\}{\\{0,1\\}\"'\"$key\"'\": "
	"\\{0,1\\}\"\\(\\([^\"\\\\]\\|\\\\.\\)*\\)\".*$/\\1/p'\n"
	"}\n\n"
	"# What has been typed of a name, without the shell's quotes.\n"
	"_sekisho_admin_bare()\n{\n"
	"\tcase $1 in\n"
	"\t\\'*) bare=${1#?} ;;\n"
	"\t\\\"*) IFS= read bare <<<\"${1#?}\" ;;\n"
	"\t*) IFS= read bare <<<\"$1\" ;;\n"
	"\tesac\n"
	"}\n\n"
	"# Quotes what a shell would take for more than a name, as the person has begun to.\n"
	"_sekisho_admin_offer_names()\n{\n"
	"\tlocal name bare quote=\\'\n"
	"\t_sekisho_admin_bare \"$2\"\n"
	"\twhile IFS= read -r name; do\n"
	"\t\tprintf -v name %b \"$name\" # JSON's escapes are the shell's\n"
	"\t\t[[ ${name,,} == \"${bare,,}\"* ]] || continue\n"
	"\t\tcase $2 in\n"
	"\t\t\\'*) name=${name//\"$quote\"/\"$quote\\\\$quote$quote\"} ;;\n"
	"\t\t\\\"*) name=$(sed 's/[\\\\\"$`]/\\\\&/g' <<<\"$name\") ;;\n"
	"\t\t*) [[ $name == *[^[:alnum:]._@-]* ]] && printf -v name %q \"$name\" ;;\n"
	"\t\tesac\n"
	"\t\tCOMPREPLY+=(\"$name\")\n"
	"\tdone < <(_sekisho_admin_names \"$1\" \"$bare\")\n"
	"}\n\n"
	"_sekisho_admin_offer()\n{\n"
	"\tcase $1 in\n"
	"\twords*) COMPREPLY=($(compgen -W \"${1#words }\" -- \"$2\")) ;;\n"
	"\tnames*) _sekisho_admin_offer_names \"${1#names }\" \"$2\" ;;\n"
	"\tfiles) compopt -o default 2>/dev/null ;;\n"
	"\tesac\n"
	"}\n\n"
	"# Up to the cursor, without the program. Bash splits at colons, which names may have.\n"
	"_sekisho_admin_words()\n{\n"
	"\tlocal word\n"
	"\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD}\"; do\n"
	"\t\tif [[ ${words[*]} && $word != -* && ($word == :* || ${words[-1]} == *:) &&\n"
	"\t\t\t($word || ${COMP_LINE:0:COMP_POINT} != *' ') ]]; then\n"
	"\t\t\twords[-1]+=$word\n"
	"\t\telse\n"
	"\t\t\twords+=(\"$word\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"}\n\n"
	"_sekisho_admin()\n{\n"
	"\tlocal current previous= group= command= wanted= word at place=1 words=() socket=()\n"
	"\tCOMPREPLY=()\n"
	"\t_sekisho_admin_words\n"
	"\tcurrent=${words[-1]}\n"
	"\t# The group and the verb that stand there, and whether a value is waited for.\n"
	"\t# --option=value comes as three words.\n"
	"\tfor word in \"${words[@]:0:${#words[@]}-1}\"; do\n"
	"\t\t[[ $wanted && $word == = ]] && continue\n"
	"\t\tif [[ $wanted ]]; then\n"
	"\t\t\t[[ $previous == --socket ]] && socket=(--socket \"$word\")\n"
	"\t\t\twanted=\n"
	"\t\telif [[ $word == -* ]]; then\n"
	"\t\t\tprevious=$word wanted=$(_sekisho_admin_value \"$command $word\")\n"
	"\t\telif [[ ! $group ]]; then\n"
	"\t\t\tgroup=$word\n"
	"\t\t\t[[ $(_sekisho_admin_verbs \"$group\") == \" \" ]] && command=\"$group \"\n"
	"\t\telif [[ ! $command ]]; then\n"
	"\t\t\tcommand=\"$group $word\"\n"
	"\t\telse\n"
	"\t\t\t((place++))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $wanted ]]; then\n"
	"\t\t[[ $current == = ]] && current=\n"
	"\t\t_sekisho_admin_offer \"$wanted\" \"$current\"\n"
	"\telif [[ $current == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_sekisho_admin_options \"$command\") "
	"$_sekisho_admin_globals\" -- \"$current\"))\n"
	"\telif [[ ! $group ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$_sekisho_admin_groups\" -- \"$current\"))\n"
	"\telif [[ ! $command ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_sekisho_admin_verbs \"$group\")\" -- \"$current\"))\n"
	"\telse\n"
	"\t\t_sekisho_admin_offer \"$(_sekisho_admin_value \"$command *$place\")\" \"$current\"\n"
	"\t\t[[ ${COMPREPLY[*]} || $current ]] ||\n"
	"\t\t\tCOMPREPLY=($(compgen -W \"$(_sekisho_admin_options \"$command\")\"))\n"
	"\tfi\n"
	"\t# Bash replaces what stands behind the last colon alone.\n"
	"\tif [[ $current == [!\\'\\\"]*:* && $COMP_WORDBREAKS == *:* ]]; then\n"
	"\t\tword=${current%\"${current##*:}\"}\n"
	"\t\tfor at in \"${!COMPREPLY[@]}\"; do\n"
	"\t\t\tCOMPREPLY[at]=${COMPREPLY[at]:${#word}}\n"
	"\t\tdone\n"
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
	write_values();
	fputs(functions, stdout);
	return 0;
}
