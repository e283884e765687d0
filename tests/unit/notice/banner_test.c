/* notice/banner.c: what a notice says, where it lies, and that drawing opens no file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "notice/banner.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct banner_setup simple = {
	.text = "The gateway restarts at 18:00.", .desktop_width = 1024, .desktop_height = 768};

static struct banner
drawn(const struct banner_setup *setup)
{
	struct banner banner;

	assert_int_equal(banner_draw(setup, &banner), 0);
	assert_non_null(banner.pixels);
	assert_true(banner.x + banner.width <= setup->desktop_width);
	assert_true(banner.y + banner.height <= setup->desktop_height);
	return banner;
}

static bool
differ(const struct banner_setup *one, const struct banner_setup *other)
{
	struct banner first = drawn(one), second = drawn(other);
	bool result = first.width != second.width || first.height != second.height ||
		      memcmp(first.pixels, second.pixels, first.width * 4u * first.height) != 0;

	banner_done(&first);
	banner_done(&second);
	return result;
}

static void
what_it_says_is_what_was_asked_for(void **state)
{
	static const uint8_t five[] = "5", fifteen[] = "15";
	struct banner_setup one = simple, other = simple;

	(void)state;
	assert_false(differ(&one, &other));
	other.text = "The gateway restarts at 19:00.";
	assert_true(differ(&one, &other));
	other = simple;
	other.language = LANGUAGE_JAPANESE; /* the words around the text */
	assert_true(differ(&one, &other));
	other = simple;
	other.acknowledge = true;
	assert_true(differ(&one, &other));
	other = simple;
	other.by_person = true;
	assert_true(differ(&one, &other));
	one.text = other.text = "in %s min";
	one.values = five;
	one.values_len = sizeof(five);
	other = one;
	other.values = fifteen;
	other.values_len = sizeof(fifteen);
	assert_true(differ(&one, &other));
}

static void
a_long_text_is_wrapped_and_ends(void **state)
{
	char text[BANNER_TEXT_MOST * 12 + 1] = "";
	struct banner_setup setup = simple;
	struct banner small = drawn(&setup), large;

	(void)state;
	setup.text = text;
	for (size_t i = 0; i < BANNER_TEXT_MOST * 2; i++)
		strcat(text, i % 7 == 6 ? " " : "病");
	large = drawn(&setup);
	assert_int_equal(large.width, small.width);
	assert_true(large.height > small.height * 2);
	assert_true(large.height <= setup.desktop_height / 2 + 40);
	banner_done(&large);
	setup.desktop_width = setup.desktop_height = AREA_SIZE_LEAST;
	large = drawn(&setup);
	assert_true(large.width < AREA_SIZE_LEAST && large.height < AREA_SIZE_LEAST);
	banner_done(&large);
	banner_done(&small);
}

static void
it_lies_on_the_primary_monitor(void **state)
{
	static const struct area_monitor monitors[] = {
		{.x = -1280, .y = 0, .width = 1280, .height = 1024},
		{.x = 0, .y = 0, .width = 1920, .height = 1080, .is_primary = true},
	};
	struct banner_setup setup = simple;
	struct banner banner;

	(void)state;
	setup.desktop_width = 3200;
	setup.desktop_height = 1080;
	setup.monitors = monitors;
	setup.monitor_count = 2;
	banner = drawn(&setup);
	assert_true(banner.x >= 1280);
	assert_true(banner.x + banner.width <= 3200);
	assert_true(banner.y + banner.height <= 1080);
	banner_done(&banner);
}

static void
it_grows_with_the_desktop(void **state)
{
	struct banner_setup setup = simple;
	struct banner one = drawn(&setup), other;

	(void)state;
	setup.desktop_width = 3840;
	setup.desktop_height = 2160;
	other = drawn(&setup);
	assert_true(other.height > one.height * 3 / 2);
	banner_done(&one);
	banner_done(&other);
	setup.desktop_width = 100;
	assert_int_equal(banner_draw(&setup, &one), -EINVAL);
	setup.desktop_width = 100000;
	assert_int_equal(banner_draw(&setup, &one), -EINVAL);
}

/* In a process of its own: a filter cannot be undone. Returns its exit status. */
static int
draw_behind_a_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	struct banner_setup setup = simple;
	struct banner banner;

	if (filter == NULL ||
		seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), 0) < 0 ||
		seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone3), 0) < 0 ||
		seccomp_load(filter) < 0)
		return 2;
	seccomp_release(filter);
	setup.text =
		"Maintenance 定期点検 \u0e2a\u0e27\u0e31 \u05e9\u05dc \U0001f600 \u0378 żółć 한글";
	for (uint32_t width = 320; width <= 3840; width *= 2) {
		setup.desktop_width = width;
		setup.desktop_height = width * 3 / 4;
		if (banner_draw(&setup, &banner) < 0)
			return 1;
		banner_done(&banner);
	}
	return 0;
}

static void
drawing_opens_no_file(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(draw_behind_a_filter());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_is_what_was_asked_for),
		cmocka_unit_test(a_long_text_is_wrapped_and_ends),
		cmocka_unit_test(it_lies_on_the_primary_monitor),
		cmocka_unit_test(it_grows_with_the_desktop),
		cmocka_unit_test(drawing_opens_no_file),
	};
	const char *why = "";

	if (argc < 2 || banner_warm_up(argv[1], &why) < 0) {
		fprintf(stderr, "notice_banner_test CATALOGUE: %s\n", why);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
