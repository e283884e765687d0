/* Memory that runs out while a recording is decoded, and while a player is made: what cannot be decoded is a gap that is told, what was played
 * before stays, and nothing is left behind. The recording is a real session's (tests/fuzz/seeds/playback).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../player/take.h"
#include "fail_nth.h"
#include "playback/playback.h"
#include "player/player_private.h"

#include <errno.h>

static struct take take;
static size_t at;

static int
on_next(void *owner, struct recording_record *ret_record)
{
	(void)owner;
	return take_next(&take, &at, ret_record) ? 1 : -ENODATA;
}

static int
on_rewind(void *owner)
{
	(void)owner;
	at = 0;
	return 0;
}

static const char *
on_why(void *owner)
{
	(void)owner;
	return "";
}

static void
a_recording_is_decoded(void **state)
{
	const struct playback_source source = {on_next, on_rewind, on_why, NULL};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct playback *playback = NULL;
		const struct playback_gap *gaps;
		struct decoder_picture picture;
		enum playback_result result = PLAYBACK_ENDED;
		int r;

		at = 0;
		fail_arm(&run);
		r = playback_new(&source, &playback);
		while (r == 0 &&
			(result = playback_advance(playback, UINT32_MAX, 1000000)) == PLAYBACK_MORE)
			;
		fail_disarm(&run);
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_null(playback);
			continue;
		}
		assert_int_equal(result, PLAYBACK_ENDED);
		if (!run.hit || playback_gaps(playback, &gaps) == 0)
			assert_true(playback_look(playback, &picture));
		playback_free(playback);
	}
}

static void
a_player_is_made(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct player *player = NULL;
		int r;

		fail_arm(&run);
		r = player_new(&player);
		fail_disarm(&run);
		assert_true(r == 0 || r == -ENOMEM);
		assert_int_equal(player == NULL, r < 0);
		player_free(player);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_is_decoded),
		cmocka_unit_test(a_player_is_made),
	};

	if (argc != 2 || desk_warm_up() < 0 || playback_warm_up() < 0)
		return 2;
	take_read(&take, argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
