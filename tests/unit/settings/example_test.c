/* conf/gateway.yaml: good as it is shipped, and with everything behind # switched on. argv[1] is its path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/rows.h"
#include "settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *example_path;

/* "#key: value" and "#  - path: value" are keys; "# Text" is a comment. */
static bool
is_switched_off(const char *line)
{
	return line[0] == '#' &&
	       ((line[1] != ' ' && line[1] != '\n') || (line[1] == ' ' && line[2] == ' '));
}

/* The example as it is, or with the # of its keys taken away. Allocated. */
static char *
read_example(bool switch_on, size_t *ret_len)
{
	FILE *in = fopen(example_path, "r");
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);
	char line[256];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		size_t indent = strspn(line, " ");

		if (switch_on && is_switched_off(line + indent))
			memmove(line + indent, line + indent + 1, strlen(line + indent + 1) + 1);
		/* The alternative to `proxy: off` comes with proxy_from. */
		if (switch_on && strstr(line, "    proxy: off") != NULL)
			strcpy(line, "    proxy: v2\n");
		fputs(line, out);
	}
	(void)fclose(in);
	(void)fclose(out);
	return text;
}

static void
expect_good(bool switch_on)
{
	struct settings_errors errors = {0};
	struct settings *settings = NULL;
	size_t len = 0;
	char *text = read_example(switch_on, &len);

	(void)settings_parse(example_path, text, len, &settings, &errors);
	settings_print_errors(&errors, stderr);
	assert_int_equal(errors.count, 0);
	assert_non_null(settings);
	if (switch_on) {
		assert_int_equal(settings->evidence.lease_files.count, 1);
		assert_string_equal(settings->evidence.radius.address.text, "10.0.0.5:1813");
		assert_string_equal(settings->public_address.name, "rdp.sakura.example.jp");
		assert_int_equal(settings->listeners.items[0].proxy_from.count, 1);
	}
	settings_free(settings);
	settings_errors_done(&errors);
	free(text);
}

static void
example_is_good_as_it_is(void **state)
{
	(void)state;
	expect_good(false);
}

static void
example_is_good_with_every_key_switched_on(void **state)
{
	(void)state;
	expect_good(true);
}

static void
example_has_every_key(void **state)
{
	size_t len = 0;
	char *text = read_example(true, &len);

	(void)state;
	for (size_t i = 0; i < settings_row_count; i++) {
		char key[80];

		snprintf(key, sizeof(key), " %s:", settings_row_key(&settings_rows[i]));
		if (strchr(settings_rows[i].path, '.') == NULL)
			key[0] = '\n';
		if (strstr(text, key) == NULL)
			fail_msg("%s is not in %s", settings_rows[i].path, example_path);
	}
	free(text);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_is_good_as_it_is),
		cmocka_unit_test(example_is_good_with_every_key_switched_on),
		cmocka_unit_test(example_has_every_key),
	};

	if (argc != 2)
		return 2;
	example_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
