/* gateway/player/reel.c with a recording of a real session: going back shows what was shown then, from nearby where that can be. */
#include "take.h"

#include "base/cleanup.h"
#include "player/reel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TURN_US 50000
#define TURNS_MOST 10000
/* The session takes some two seconds: minutes of it are made. */
#define TIMES 160

static struct take bitmaps;

struct reels {
	int fd;
	struct reel first;
	struct trail trail;
};

static void
advance(struct reel *reel, uint32_t to_ms, enum playback_result wanted)
{
	enum playback_result result = PLAYBACK_MORE;

	for (int turn = 0; turn < TURNS_MOST && result == PLAYBACK_MORE; turn++)
		result = playback_advance(reel->playback, to_ms, TURN_US);
	assert_int_equal(result, wanted);
}

static void
let_work(struct reels *reels)
{
	trail_work(&reels->trail, &reels->first);
	for (int turn = 0; turn < TURNS_MOST && reels->trail.works; turn++)
		trail_work(&reels->trail, &reels->first);
	assert_false(reels->trail.works);
}

/* At its end. */
static uint32_t
open_reels(struct reels *reels)
{
	const char *why = "";

	memset(reels, 0, sizeof(*reels));
	reels->fd = take_file_of(&bitmaps, TIMES);
	assert_int_equal(reel_open(&reels->first, reels->fd, take_key, &why), 0);
	assert_int_equal(reel_open(&reels->trail.reel, reels->fd, take_key, &why), 0);
	advance(&reels->first, UINT32_MAX, PLAYBACK_ENDED);
	return playback_now_ms(reels->first.playback);
}

static void
close_reels(struct reels *reels)
{
	reel_close(&reels->trail.reel);
	reel_close(&reels->first);
	(void)close(reels->fd);
}

/* One that began at the beginning. */
static void
assert_picture(const struct reel *reel, int fd, uint32_t ms)
{
	struct decoder_picture shown, wanted;
	struct reel other = {0};
	const char *why = "";

	assert_int_equal(reel_open(&other, fd, take_key, &why), 0);
	advance(&other, ms, PLAYBACK_REACHED);
	assert_true(playback_look(other.playback, &wanted));
	assert_true(playback_look(reel->playback, &shown));
	assert_int_equal(shown.width, wanted.width);
	assert_int_equal(shown.height, wanted.height);
	for (size_t row = 0; row < wanted.height; row++)
		assert_memory_equal(shown.pixels + row * shown.stride,
			wanted.pixels + row * wanted.stride, wanted.width * 4u);
	reel_close(&other);
}

/* The second one becomes the first, knows as much, and its place is taken again behind it. */
static void
back_a_little_is_near(void **state)
{
	struct reels reels;
	uint32_t end_ms = open_reels(&reels), to_ms = end_ms - 20000;
	struct playback *behind = reels.trail.reel.playback;

	(void)state;
	assert_true(end_ms > REEL_BEHIND_MOST_MS + REEL_BEHIND_LEAST_MS);
	let_work(&reels);
	assert_in_range(playback_now_ms(behind), end_ms - REEL_BEHIND_MOST_MS,
		end_ms - REEL_BEHIND_LEAST_MS);
	assert_int_equal(trail_go_back(&reels.trail, &reels.first, to_ms), 0);
	assert_ptr_equal(reels.first.playback, behind);
	assert_int_equal(playback_seen_ms(behind), end_ms);
	advance(&reels.first, to_ms, PLAYBACK_REACHED);
	assert_picture(&reels.first, reels.fd, to_ms);

	let_work(&reels);
	assert_in_range(playback_now_ms(reels.trail.reel.playback), to_ms - REEL_BEHIND_MOST_MS,
		to_ms - REEL_BEHIND_LEAST_MS);
	to_ms -= 60000;
	assert_int_equal(trail_go_back(&reels.trail, &reels.first, to_ms), 0);
	assert_ptr_not_equal(reels.first.playback, behind);
	advance(&reels.first, to_ms, PLAYBACK_REACHED);
	assert_picture(&reels.first, reels.fd, to_ms);
	close_reels(&reels);
}

static void
back_further_begins_anew(void **state)
{
	struct reels reels;
	uint32_t end_ms = open_reels(&reels), to_ms = end_ms / 3;
	struct playback *first = reels.first.playback;

	(void)state;
	let_work(&reels);
	assert_int_equal(trail_go_back(&reels.trail, &reels.first, to_ms), 0);
	assert_ptr_equal(reels.first.playback, first);
	advance(&reels.first, to_ms, PLAYBACK_REACHED);
	assert_picture(&reels.first, reels.fd, to_ms);
	let_work(&reels);
	assert_in_range(
		playback_now_ms(reels.trail.reel.playback), 0, to_ms - REEL_BEHIND_LEAST_MS);
	close_reels(&reels);
}

/* In the middle of its work it is as good as it has come. */
static void
work_that_is_not_done_is_used(void **state)
{
	struct reels reels;
	uint32_t end_ms = open_reels(&reels), to_ms = end_ms - 20000;

	(void)state;
	trail_work(&reels.trail, &reels.first);
	assert_int_equal(trail_go_back(&reels.trail, &reels.first, to_ms), 0);
	advance(&reels.first, to_ms, PLAYBACK_REACHED);
	assert_picture(&reels.first, reels.fd, to_ms);
	close_reels(&reels);
}

static void
without_a_second_it_goes_back_as_well(void **state)
{
	struct reels reels;
	uint32_t to_ms = open_reels(&reels) - 20000;

	(void)state;
	reel_close(&reels.trail.reel);
	let_work(&reels);
	assert_int_equal(trail_go_back(&reels.trail, &reels.first, to_ms), 0);
	advance(&reels.first, to_ms, PLAYBACK_REACHED);
	assert_picture(&reels.first, reels.fd, to_ms);
	close_reels(&reels);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back_a_little_is_near),
		cmocka_unit_test(back_further_begins_anew),
		cmocka_unit_test(work_that_is_not_done_is_used),
		cmocka_unit_test(without_a_second_it_goes_back_as_well),
	};
	char path[512];
	int failed;

	if (argc != 2 || playback_warm_up() < 0)
		return 2;
	snprintf(path, sizeof(path), "%s/bitmaps", argv[1]);
	take_read(&bitmaps, path);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	take_done(&bitmaps);
	return failed;
}
