/* admin-cli/command.c: the question before something is deleted. argv[0]'s language is set by the test. */
#include "admin-cli/command.h"

#include "admin-cli/text.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *
written(const struct fact *facts, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	confirm_write(out, facts, count,
		_("This cannot be undone. Its running sessions end; history and logs keep the "
		  "name."),
		_("Delete this account?"));
	(void)fclose(out);
	return text;
}

static void
question_shows_whom_it_is_about(void **state)
{
	const struct fact facts[] = {
		{"Account", "taro"}, {"User name", "山田 太郎"}, {"E-mail", "a@b\x1b[2J"}};
	auto_free char *text = written(facts, 3);

	(void)state;
	assert_string_equal(text,
		"Delete this account?\n\n"
		"  Account    taro\n"
		"  User name  山田 太郎\n"
		"  E-mail     a@b?[2J\n\n"
		"This cannot be undone. Its running sessions end; history and logs keep the name.\n"
		"Go on? [y/N] ");
}

static void
only_yes_is_yes(void **state)
{
	static const char *const yes[] = {"y", "Y", "yes", "YES", "はい"};
	static const char *const no[] = {"", "n", "no", "yess", "いいえ", "y y", "1", "ok"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(confirm_is_yes(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(confirm_is_yes(no[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_shows_whom_it_is_about),
		cmocka_unit_test(only_yes_is_yes),
	};

	(void)setenv("LC_ALL", "C.UTF-8", 1);
	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
