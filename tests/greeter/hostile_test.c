/* What tests/peers/hostile_greeter does and the channel says to it: whatever its table of messages does not allow ends it. What the
 * supervisor makes of the rest is shown by scenarios.
 */
#include "stage.h"

#include "base/cleanup.h"
#include "greeter/screens.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 60000
#define AT_START 4 /* of the modes that are not allowed: the first */

static const char *program;

struct place {
	char folder[64], copy[96], mode[96], heard[96];
};

static void
make_place(struct place *place, const char *mode)
{
	char command[512];
	FILE *file;

	snprintf(place->folder, sizeof(place->folder), "/tmp/sekisho-hostile-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->copy, sizeof(place->copy), "%s/sekisho-greeter", place->folder);
	snprintf(place->mode, sizeof(place->mode), "%s/hostile-greeter", place->folder);
	snprintf(place->heard, sizeof(place->heard), "%s/hostile-greeter.heard", place->folder);
	snprintf(command, sizeof(command), "cp '%s' '%s'", program, place->copy);
	assert_int_equal(system(command), 0);
	file = fopen(place->mode, "we");
	assert_non_null(file);
	fprintf(file, "%s\n", mode);
	assert_int_equal(fclose(file), 0);
}

static void
remove_place(const struct place *place)
{
	(void)unlink(place->copy);
	(void)unlink(place->mode);
	(void)unlink(place->heard);
	(void)rmdir(place->folder);
}

/* Returns why the channel was closed by us, NULL if it was not. at_start: it acts behind its HELLO, which is too early only as long as
 * nothing is shown. */
static const char *
play(const char *mode, bool at_start)
{
	static const struct msg_show show = {.screen = SCREEN_SIGN_IN};
	struct place place;
	struct stage stage;
	const char *broke;

	make_place(&place, mode);
	stage_start(&stage, place.copy);
	while (!stage.hello && stage_wait(&stage, &stage.shown, 1, 50))
		;
	if (at_start)
		(void)stage_wait_gone(&stage, LIMIT_MS);
	if (!stage.gone) {
		(void)close(stage_begin(&stage, 0x0409, -1));
		stage_show(&stage, &show);
		/* Whatever it says comes before its PONG. */
		for (uint64_t pongs = stage.pongs; !stage.gone && stage.pongs == pongs;) {
			stage_ping(&stage);
			if (!stage_wait(&stage, &stage.shown, 1, 200) && stage.gone)
				break;
		}
	}
	broke = stage.broke;
	(void)kill(stage.pid, SIGKILL);
	(void)stage_end(&stage);
	remove_place(&place);
	return broke;
}

static void
what_is_not_allowed_ends_it(void **state)
{
	static const char *const modes[] = {"other-build", "hello-twice", "shown-too-early",
		"answer-too-early", "descriptor", "unknown-message", "cut-message", "long-message"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (play(modes[i], i < AT_START) == NULL)
			fail_msg("mode %s was not ended", modes[i]);
}

/* Every row of messages.def that is not the greeter's. */
static void
what_others_say_ends_it(void **state)
{
	unsigned int count = 0;

	(void)state;
	for (size_t i = 0; message_row_at(i) != NULL; i++) {
		char mode[64];

		if ((message_row_at(i)->from & PROCESS_GREETER) != 0)
			continue;
		count++;
		snprintf(mode, sizeof(mode), "say %s", message_row_at(i)->name);
		if (play(mode, false) == NULL)
			fail_msg("mode %s was not ended", mode);
	}
	assert_true(count > 25);
}

static void
what_is_allowed_does_not(void **state)
{
	static const char *const modes[] = {"listen", "other-serials", "guess", "leave"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		assert_null(play(modes[i], false));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_allowed_ends_it),
		cmocka_unit_test(what_others_say_ends_it),
		cmocka_unit_test(what_is_allowed_does_not),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
