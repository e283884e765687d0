/* From settings.def: `settings-manual man` writes sekisho-gateway.yaml(5), `settings-manual yaml` writes
 * conf/gateway.yaml. Runs at build time; a test compares the checked-in conf/gateway.yaml with it. */
#include "base/cleanup.h"
#include "man/troff.h"
#include "settings/kinds.h"
#include "settings/rows.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 100

static const char *
value_shown(const struct settings_row *row)
{
	return row->need == NEED_DEFAULT ? row->default_text : row->example;
}

/* "A number from 1 to 256, or cores. Left out: cores." */
static void
describe(const struct settings_row *row, char *ret_text, size_t size)
{
	char allowed[512];

	if (row->type == ROW_LIST)
		snprintf(allowed, sizeof(allowed), "a list of %u to %u items", row->least,
			row->most);
	else
		kind_describe(row, allowed, sizeof(allowed));
	switch (row->need) {
	case NEED_REQUIRED:
		snprintf(ret_text, size, "Required: %s.", allowed);
		break;
	case NEED_OPTIONAL:
		snprintf(ret_text, size, "Optional: %s.", allowed);
		break;
	case NEED_DEFAULT:
		snprintf(ret_text, size, "Allowed: %s. Default: %s.", allowed, row->default_text);
		break;
	}
}

static unsigned int
depth_of(const struct settings_row *row)
{
	unsigned int depth = 0;

	for (const char *at = row->path; *at != '\0'; at++)
		depth += *at == '.';
	/* The items of a list stand one step further in, behind their "- ". */
	return strstr(row->path, "[].") != NULL ? depth + 1 : depth;
}

/* The row of the list that this row's group is an item of; NULL if none. */
static const struct settings_row *
list_of(const struct settings_row *row)
{
	char path[128];
	char *end;

	snprintf(path, sizeof(path), "%s", row->path);
	end = strstr(path, "[].");
	if (end == NULL)
		return NULL;
	*end = '\0';
	return settings_row_find(path);
}

/* Words of a paragraph as comment lines of at most WIDTH columns. */
static void
write_comment(unsigned int indent, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column != 0 && column + 1 + len > WIDTH) {
			putchar('\n');
			column = 0;
		}
		if (column == 0)
			column = (size_t)printf("%*s#", (int)indent, "");
		column += (size_t)printf(" %.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void
write_key(const struct settings_row *row, bool first_of_item)
{
	const struct settings_row *list = list_of(row);
	unsigned int indent = 2 * depth_of(row);
	bool whole_list_off = list != NULL && list->need != NEED_REQUIRED;
	bool off = row->type != ROW_GROUP && row->need != NEED_REQUIRED;
	const char *value = row->type == ROW_SETTING ? value_shown(row) : "";

	if (whole_list_off) {
		unsigned int outer = 2 * depth_of(list);

		printf("%*s#%*s", (int)outer, "", (int)(indent - outer) - (first_of_item ? 2 : 0),
			"");
	} else {
		printf("%*s%s", (int)indent - (first_of_item ? 2 : 0), "", off ? "#" : "");
	}
	printf("%s%s:%s%s\n", first_of_item ? "- " : "", settings_row_key(row),
		value[0] != '\0' ? " " : "", value);
}

static void
write_yaml_row(const struct settings_row *row, bool first_of_item)
{
	const struct settings_row *list = list_of(row);
	unsigned int indent = 2 * depth_of(row);
	char allowed[640];

	if (list != NULL && list->need != NEED_REQUIRED)
		indent = 2 * depth_of(list);
	if (row->type == ROW_GROUP || list == NULL)
		putchar('\n');
	write_comment(indent, row->paragraph);
	if (row->type != ROW_GROUP) {
		describe(row, allowed, sizeof(allowed));
		write_comment(indent, allowed);
	}
	write_key(row, first_of_item);
}

static void
write_yaml(void)
{
	const struct settings_row *list = NULL;

	printf("# Settings of the Sekisho gateway: every key there is, see "
	       "sekisho-gateway.yaml(5).\n"
	       "# A key behind # has the value shown, or none if its comment says Optional.\n"
	       "#\n"
	       "# After every change:  sekisho-gateway --check /etc/sekisho/gateway.yaml\n");
	for (size_t i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		write_yaml_row(row, list_of(row) != NULL && list_of(row) != list);
		list = list_of(row);
	}
}

static void
write_man_row(const struct settings_row *row)
{
	char text[640];

	if (row->type == ROW_GROUP || row->type == ROW_LIST || strpbrk(row->path, ".[") == NULL)
		troff_subsection(row->path);
	if (row->type != ROW_SETTING) {
		troff_paragraph(row->paragraph);
		if (row->type == ROW_GROUP)
			return;
		describe(row, text, sizeof(text));
		troff_paragraph(text);
		return;
	}
	troff_item(settings_row_key(row), row->paragraph);
	describe(row, text, sizeof(text));
	troff_more(text);
	snprintf(text, sizeof(text), "Example: `%s: %s`. %s", settings_row_key(row), row->example,
		row->restart ? "Read at the start." : "Taken up by a reload.");
	troff_more(text);
}

static void
write_man(void)
{
	troff_start("sekisho-gateway.yaml", "5", "NAME", "settings of the Sekisho gateway");
	troff_section("DESCRIPTION");
	troff_paragraph("`/etc/sekisho/gateway.yaml` is read by sekisho-gateway(8) at its start. "
			"It is one YAML "
			"document in UTF-8, at most 1 MiB, without anchors, aliases and tags.");
	troff_paragraph("The file is checked strictly: an unknown key, a value of another type or "
			"out of range, a key that "
			"stands there twice or is missing, or a file that is not where it is said "
			"to be is named with "
			"file, line and column, together with what is allowed. All mistakes are "
			"shown at once, and with one "
			"mistake the gateway does not start. `sekisho-gateway --check FILE` does "
			"no more than this check.");
	troff_paragraph("Times are written as 500ms, 10s, 5min, 2h or 7d; a plain number is "
			"milliseconds. Lists of "
			"words stand in brackets: [vpn, vouched].");
	troff_section("KEYS");
	for (size_t i = 0; i < settings_row_count; i++)
		write_man_row(&settings_rows[i]);
	troff_section("EXAMPLE");
	troff_example(
		"facility:\n  id: \"998-\"\n  name: Sakura General Hospital\n  domain: "
		"sakura.example.jp\n"
		"listeners:\n  - name: outside\n    address: \"0.0.0.0:3389\"\n    side: outside\n"
		"    evidence: [vouched]\ntls:\n  certificate: /etc/sekisho/tls/gateway.crt\n"
		"  key: /etc/sekisho/tls/gateway.key");
	troff_section("SEE ALSO");
	troff_paragraph("sekisho-gateway(8), sekisho-admin(8)");
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "yaml") == 0) {
		write_yaml();
	} else if (argc == 2 && strcmp(argv[1], "man") == 0) {
		write_man();
	} else {
		fprintf(stderr, "usage: settings-manual yaml|man\n");
		return 2;
	}
	return 0;
}
