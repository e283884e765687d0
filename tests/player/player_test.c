/* sekisho-player itself, in its sandbox, between a supervisor and a client that are played here: recordings of real sessions, closed, growing,
 * broken; keys; a client that does not read. With SEKISHO_PICTURES=FOLDER what the watcher sees is kept there as PNG files.
 */
#include "show.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "playback/playback.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct take gfx, bitmaps,
	anew; /* anew: the desktop is deactivated and begins again in the middle */

/* To the end by itself, and the last picture is that of the session. */
static void
a_recording_is_played_to_its_end(void **state)
{
	const struct take *takes[] = {&gfx, &bitmaps, &anew};
	struct show show;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(takes); i++) {
		begin(&show, take_file_of(takes[i], 1), false);
		wait_state(&show, PLAY_PLAYING);
		wait_state(&show, PLAY_ENDED);
		wait_picture(&show, takes[i], UINT32_MAX);
		keep(&show, i == 0 ? "gfx_end" : i == 1 ? "bitmaps_end" : "anew_end");
		press(&show, KEY_HOME);
		wait_state(&show, PLAY_PLAYING);
		wait_picture(&show, takes[i], 1000);
		wait_state(&show, PLAY_ENDED);
		wait_picture(&show, takes[i], UINT32_MAX);
		end(&show);
		assert_true(show.stage.watched_ms > 0);
	}
}

/* It stands still where it was stopped; Home, End, arrows and Space move it, backwards too. */
static void
keys_move_it(void **state)
{
	struct show show;
	uint32_t at_ms;

	(void)state;
	/* Times twenty: a second and a half are half a minute. */
	begin(&show, take_file_of(&bitmaps, 20), false);
	wait_state(&show, PLAY_PLAYING);
	press(&show, KEY_SPACE);
	wait_state(&show, PLAY_PAUSED);
	at_ms = show.stage.play.at_ms;
	press(&show, KEY_RIGHT);
	wait_again(&show, PLAY_PAUSED);
	assert_in_range(show.stage.play.at_ms, at_ms + 10000, at_ms + 10000);
	wait_picture(&show, &bitmaps, (at_ms + 10000) / 20);
	keep(&show, "paused");
	press(&show, KEY_RIGHT);
	wait_again(&show, PLAY_PAUSED);
	wait_picture(&show, &bitmaps, (at_ms + 20000) / 20);
	press(&show, KEY_LEFT);
	wait_again(&show, PLAY_PAUSED);
	assert_int_equal(show.stage.play.at_ms, at_ms + 10000);
	wait_picture(&show, &bitmaps, (at_ms + 10000) / 20);
	press(&show, KEY_END);
	wait_state(&show, PLAY_ENDED);
	wait_picture(&show, &bitmaps, UINT32_MAX);
	press(&show, KEY_HOME);
	wait_state(&show, PLAY_PLAYING);
	assert_in_range(show.stage.play.at_ms, 0, 5000);
	end(&show);
}

/* Minutes of it: what goes back is a decoder that has stayed behind, or one that begins anew. */
static void
it_goes_back_from_its_end(void **state)
{
	struct show show;

	(void)state;
	begin(&show, take_file_of(&bitmaps, 160), false);
	wait_state(&show, PLAY_PLAYING);
	press(&show, KEY_END);
	wait_state(&show, PLAY_ENDED);
	press(&show, KEY_LEFT);
	wait_state(&show, PLAY_PLAYING);
	press(&show, KEY_SPACE);
	wait_state(&show, PLAY_PAUSED);
	for (int i = 0; i < 15; i++) {
		press(&show, KEY_LEFT);
		wait_again(&show, PLAY_PAUSED);
		wait_picture(&show, &bitmaps, show.stage.play.at_ms / 160);
	}
	end(&show);
}

/* recording play --at: the first that is seen is the picture of that time; behind the end it is the last one. */
static void
it_begins_where_it_is_told(void **state)
{
	struct show show;

	(void)state;
	begin_from(&show, take_file_of(&bitmaps, 20), 22000);
	wait_state(&show, PLAY_PLAYING);
	assert_in_range(show.stage.play.at_ms, 22000, 24000);
	press(&show, KEY_SPACE);
	wait_state(&show, PLAY_PAUSED);
	wait_picture(&show, &bitmaps, show.stage.play.at_ms / 20);
	press(&show, KEY_LEFT);
	wait_again(&show, PLAY_PAUSED);
	assert_in_range(show.stage.play.at_ms, 12000, 18000);
	wait_picture(&show, &bitmaps, show.stage.play.at_ms / 20);
	end(&show);

	begin_from(&show, take_file_of(&bitmaps, 1), 3600000);
	wait_state(&show, PLAY_ENDED);
	wait_picture(&show, &bitmaps, UINT32_MAX);
	end(&show);
}

/* Of a session in which nobody did anything for ten minutes the watcher sees the next thing at once. */
static void
long_pauses_are_shortened(void **state)
{
	struct take_file file;
	struct recording_record record;
	struct show show;
	size_t at = 0;
	uint32_t ms = 0;
	int64_t began;

	(void)state;
	take_file_begin(&file);
	while (take_next(&bitmaps, &at, &record)) {
		ms = record.ms < 2000 ? record.ms : record.ms + 600000;
		take_file_put(&file, &record, ms);
	}
	take_file_end(&file, ms);
	begin(&show, file.fd, false);
	press(&show, KEY_S);
	began = clock_boottime_ms();
	wait_state(&show, PLAY_ENDED);
	assert_true(clock_boottime_ms() - began < 60000);
	wait_picture(&show, &bitmaps, UINT32_MAX);
	file.fd = -1;
	take_file_done(&file);
	end(&show);
}

/* A running session: what is known is caught up with, what comes is shown within two seconds, until it is over. */
static void
a_running_session_is_followed(void **state)
{
	struct take_file file;
	struct recording_record record;
	struct show show;
	size_t at = 0;
	uint32_t ms = 0;
	int64_t began;

	(void)state;
	take_file_begin(&file);
	while (take_next(&gfx, &at, &record) && record.ms < 1000) {
		ms = record.ms;
		take_file_put(&file, &record, ms);
	}
	take_file_flush(&file);
	begin(&show, file.fd, true);
	wait_state(&show, PLAY_LIVE);
	wait_picture(&show, &gfx, ms);
	keep(&show, "live");
	do {
		if (record.kind == RECORDING_END)
			break;
		ms = record.ms;
		take_file_put(&file, &record, ms);
	} while (take_next(&gfx, &at, &record));
	take_file_flush(&file);
	began = clock_boottime_ms();
	wait_picture(&show, &gfx, UINT32_MAX);
	print_message("behind by %lld ms\n", (long long)(clock_boottime_ms() - began));
	assert_true(clock_boottime_ms() - began < 2000);
	assert_int_equal(show.stage.play.state, PLAY_LIVE);
	/* Back, and to what is there now again. */
	press(&show, KEY_HOME);
	wait_state(&show, PLAY_PLAYING);
	press(&show, KEY_END);
	wait_state(&show, PLAY_LIVE);
	take_file_end(&file, ms);
	wait_state(&show, PLAY_ENDED);
	keep(&show, "live_over");
	file.fd = -1;
	take_file_done(&file);
	end(&show);
}

/* It has not even begun: nothing is there, and then everything. */
static void
a_session_that_begins_later_is_waited_for(void **state)
{
	struct take_file file;
	struct recording_record record;
	struct show show;
	size_t at = 0;
	uint32_t ms = 0;
	int empty;

	(void)state;
	take_file_begin(&file);
	empty = dup(file.fd);
	begin(&show, empty, true);
	wait_state(&show, PLAY_LIVE);
	while (take_next(&bitmaps, &at, &record)) {
		ms = record.ms;
		take_file_put(&file, &record, ms);
	}
	take_file_flush(&file);
	wait_picture(&show, &bitmaps, UINT32_MAX);
	end(&show);
	take_file_done(&file);
}

/* A sentence on the screen, with the place; the process lives, and so does the client's connection. */
static void
a_broken_recording_says_so(void **state)
{
	static const uint8_t other_key[32] = {1, 2, 3};
	struct show show;
	uint8_t byte;
	int fd;

	(void)state;
	fd = take_file_of(&gfx, 1);
	begin_at(&show, fd, other_key, false, WIDTH, HEIGHT);
	wait_state(&show, PLAY_BROKEN);
	print_message("another key: %s\n", show.stage.play.why);
	assert_true(show.stage.play.why[0] != '\0');
	end(&show);

	fd = take_file_of(&gfx, 1);
	assert_int_equal(pread(fd, &byte, 1, 200000), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 200000), 1);
	begin(&show, fd, false);
	wait_state(&show, PLAY_BROKEN);
	print_message("one bit: %s\n", show.stage.play.why);
	for (int i = 0; i < 20; i++)
		serve(&show);
	keep(&show, "broken");
	press(&show, KEY_HOME);
	press(&show, KEY_SPACE);
	press(&show, KEY_END);
	for (int i = 0; i < 20; i++)
		serve(&show);
	assert_int_equal(show.stage.play.state, PLAY_BROKEN);
	end(&show);
}

/* Of a recording that was cut what is there is shown. */
static void
a_cut_recording_is_shown_as_far_as_it_goes(void **state)
{
	struct show show;
	int fd = take_file_of(&bitmaps, 1);

	(void)state;
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 300), 0);
	begin(&show, fd, false);
	wait_state(&show, PLAY_ENDED);
	end(&show);
}

/* The session is larger than the watcher's desktop: all of it is to be seen, or, with Z, as it is. */
static void
a_small_desktop_sees_all_of_it(void **state)
{
	struct show show;

	(void)state;
	begin_at(&show, take_file_of(&bitmaps, 1), take_key, false, 240, 200);
	wait_state(&show, PLAY_ENDED);
	press(&show, KEY_Z);
	press(&show, KEY_H);
	viewer_mouse(show.viewer, 0x9000, 100, 100);
	viewer_mouse(show.viewer, 0x0800, 60, 40);
	viewer_mouse(show.viewer, 0x1000, 60, 40);
	for (int i = 0; i < 20; i++)
		serve(&show);
	end(&show);
}

/* A watcher that does not read holds nothing up: the player answers its supervisor, and shows what is there when he reads again. */
static void
a_watcher_that_does_not_read_holds_nothing_up(void **state)
{
	struct show show;
	int64_t limit;

	(void)state;
	begin(&show, take_file_of(&gfx, 1), false);
	wait_state(&show, PLAY_PLAYING);
	for (unsigned int i = 1; i <= 20; i++) {
		limit = clock_boottime_ms() + LIMIT_MS;
		stage_ping(&show.stage);
		while (show.stage.pongs < i)
			assert_true(stage_serve_until(&show.stage, limit));
	}
	limit = clock_boottime_ms() + LIMIT_MS;
	while (show.stage.play.state != PLAY_ENDED)
		assert_true(stage_serve_until(&show.stage, limit));
	wait_picture(&show, &gfx, UINT32_MAX);
	end(&show);
}

static void
follow_all_of(struct show *show, const struct take *take)
{
	struct take_file file;
	struct recording_record record;
	size_t at = 0;

	take_file_begin(&file);
	while (take_next(take, &at, &record))
		take_file_put(&file, &record, record.ms);
	take_file_flush(&file);
	begin(show, file.fd, true);
	file.fd = -1;
	take_file_done(&file);
	wait_state(show, PLAY_LIVE);
}

/* For four eyes: who has minimised his client's window does not watch, and watches again when it is back. */
static void
a_minimised_window_is_not_seen(void **state)
{
	struct show show;

	(void)state;
	follow_all_of(&show, &gfx);
	viewer_suppress(show.viewer, true);
	wait_state(&show, PLAY_WAITING);
	for (int i = 0; i < 50; i++)
		serve(&show);
	assert_int_equal(show.stage.play.state, PLAY_WAITING);
	viewer_suppress(show.viewer, false);
	wait_state(&show, PLAY_LIVE);
	wait_picture(&show, &gfx, UINT32_MAX);
	end(&show);
}

#define PRESSED_MS \
	50 /* a key of a hand that types on until the player says what has become of it */

/* Nor does he whose client reads nothing any more, long before it is cut. */
static void
what_is_not_read_is_not_seen(void **state)
{
	int64_t limit;
	struct show show;

	(void)state;
	follow_all_of(&show, &gfx);
	limit = clock_boottime_ms() + LIMIT_MS;
	while (show.stage.play.state != PLAY_WAITING) {
		assert_true(clock_boottime_ms() < limit);
		press(&show, KEY_H); /* all of it is drawn again */
		(void)stage_serve_until(&show.stage, clock_boottime_ms() + PRESSED_MS);
	}
	wait_state(&show, PLAY_LIVE);
	end(&show);
}

#define LONG_TIMES 6000

/* One connection in which the same is drawn again and again: for many seconds nothing but decoding helps. */
static int
long_file(void)
{
	struct take_file file;
	struct recording_record record;
	uint32_t ms = 0;
	int fd;

	take_file_begin(&file);
	for (uint32_t turn = 0; turn < LONG_TIMES; turn++) {
		uint32_t since_ms = ms;
		size_t at = 0;

		while (take_next(&bitmaps, &at, &record)) {
			if (turn > 0 && (record.ms < 500 || record.kind != RECORDING_FROM_HOST))
				continue;
			ms = since_ms + record.ms;
			take_file_put(&file, &record, ms);
		}
	}
	take_file_end(&file, ms);
	fd = file.fd;
	file.fd = -1;
	take_file_done(&file);
	return fd;
}

static void
copy_session(struct show *show, uint8_t *room)
{
	size_t stride;
	const uint8_t *pixels = viewer_pixels(show->viewer, &stride);

	/* Without what is said above the bar. */
	for (size_t row = 0; row < SESSION_HEIGHT / 2; row++)
		memcpy(room + row * SESSION_WIDTH * 4,
			pixels + (SESSION_TOP + row) * stride + SESSION_LEFT * 4,
			(size_t)SESSION_WIDTH * 4);
}

/* While it searches for the end it answers, its bar moves and its picture does not; another place is looked for at once, and who has had
 * enough goes. */
static void
a_long_search_holds_nobody_up(void **state)
{
	static uint8_t before[SESSION_WIDTH * SESSION_HEIGHT * 2],
		meanwhile[SESSION_WIDTH * SESSION_HEIGHT * 2];
	unsigned int pongs, updates;
	struct show show;
	int64_t began;

	(void)state;
	begin(&show, long_file(), false);
	wait_state(&show, PLAY_PLAYING);
	press(&show, KEY_SPACE);
	wait_state(&show, PLAY_PAUSED);
	for (int i = 0; i < 20; i++)
		serve(&show);
	copy_session(&show, before);
	press(&show, KEY_END);
	wait_state(&show, PLAY_SEEKING);
	updates = viewer_updates(show.viewer);
	for (unsigned int i = 1; i <= 10; i++) {
		stage_ping(&show.stage);
		began = clock_boottime_ms();
		for (pongs = show.stage.pongs; show.stage.pongs == pongs;)
			serve(&show);
		print_message("answered in %lld ms\n", (long long)(clock_boottime_ms() - began));
		assert_true(clock_boottime_ms() - began < 2000);
		if (show.stage.play.state == PLAY_SEEKING)
			copy_session(&show, meanwhile);
	}
	assert_int_equal(show.stage.play.state, PLAY_SEEKING);
	assert_memory_equal(before, meanwhile, sizeof(before));
	while (viewer_updates(show.viewer) == updates)
		serve(&show);
	assert_int_equal(show.stage.play.state, PLAY_SEEKING);
	press(&show, KEY_HOME);
	wait_state(&show, PLAY_PLAYING);
	assert_in_range(show.stage.play.at_ms, 0, 5000);
	press(&show, KEY_END);
	wait_state(&show, PLAY_SEEKING);
	end(&show);
}

/* The slider's end is the end. */
static void
the_slider_is_clicked(void **state)
{
	struct show show;

	(void)state;
	begin(&show, take_file_of(&bitmaps, 50), false);
	wait_state(&show, PLAY_PLAYING);
	press(&show, KEY_SPACE);
	wait_state(&show, PLAY_PAUSED);
	viewer_mouse(show.viewer, 0x9000, WIDTH / 2, BAR_TOP + 14);
	viewer_mouse(show.viewer, 0x1000, WIDTH / 2, BAR_TOP + 14);
	wait_again(&show, PLAY_PAUSED);
	assert_true(show.stage.play.length_ms > 100000);
	assert_in_range(show.stage.play.at_ms, show.stage.play.length_ms * 48 / 100,
		show.stage.play.length_ms * 52 / 100);
	keep(&show, "slider");
	end(&show);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_is_played_to_its_end),
		cmocka_unit_test(keys_move_it),
		cmocka_unit_test(it_goes_back_from_its_end),
		cmocka_unit_test(it_begins_where_it_is_told),
		cmocka_unit_test(long_pauses_are_shortened),
		cmocka_unit_test(a_running_session_is_followed),
		cmocka_unit_test(a_session_that_begins_later_is_waited_for),
		cmocka_unit_test(a_broken_recording_says_so),
		cmocka_unit_test(a_cut_recording_is_shown_as_far_as_it_goes),
		cmocka_unit_test(a_small_desktop_sees_all_of_it),
		cmocka_unit_test(a_watcher_that_does_not_read_holds_nothing_up),
		cmocka_unit_test(a_minimised_window_is_not_seen),
		cmocka_unit_test(what_is_not_read_is_not_seen),
		cmocka_unit_test(a_long_search_holds_nobody_up),
		cmocka_unit_test(the_slider_is_clicked),
	};
	char path[512];

	if (argc < 3 || playback_warm_up() < 0)
		return 2;
	if (argc > 3)
		cmocka_set_test_filter(argv[3]);
	show_program = argv[1];
	snprintf(path, sizeof(path), "%s/gfx", argv[2]);
	take_read(&gfx, path);
	snprintf(path, sizeof(path), "%s/bitmaps", argv[2]);
	take_read(&bitmaps, path);
	snprintf(path, sizeof(path), "%s/anew", argv[2]);
	take_read(&anew, path);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
