/* See show.h. */
#include "show.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "playback/playback.h"

#include <cairo.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

const char *show_program;

/* begin_ms: where it begins to play. */
void
begin_from(struct show *show, int fd, uint32_t begin_ms)
{
	const struct viewer_setup setup = {
		.width = WIDTH, .height = HEIGHT, .depth = 32, .keyboard_layout = 0x409};

	show->fd = fd;
	stage_start_player(&show->stage, show_program);
	show->stage.begin_ms = begin_ms;
	show->viewer = viewer_new(&setup, stage_play(&show->stage, fd, take_key, false, "en"));
	assert_non_null(show->viewer);
}

void
begin_at(struct show *show, int fd, const uint8_t *key, bool live, uint32_t width, uint32_t height)
{
	const struct viewer_setup setup = {
		.width = width, .height = height, .depth = 32, .keyboard_layout = 0x409};

	show->fd = fd;
	stage_start_player(&show->stage, show_program);
	show->viewer = viewer_new(&setup, stage_play(&show->stage, fd, key, live, "en"));
	assert_non_null(show->viewer);
}

void
begin(struct show *show, int fd, bool live)
{
	begin_at(show, fd, take_key, live, WIDTH, HEIGHT);
}

/* Exit 0: nothing of it was killed by the sandbox. */
void
end(struct show *show)
{
	int status;

	viewer_free(show->viewer);
	assert_true(stage_wait_gone(&show->stage, LIMIT_MS));
	assert_null(show->stage.broke);
	assert_true(show->stage.over);
	status = stage_end(&show->stage);
	if (WIFSIGNALED(status))
		fail_msg("the player died of signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	if (show->fd >= 0)
		(void)close(show->fd);
}

void
serve(struct show *show)
{
	assert_true(viewer_serve(show->viewer, 20));
	stage_serve(&show->stage);
	assert_false(show->stage.gone);
}

void
wait_state(struct show *show, enum play_state state)
{
	int64_t limit = clock_boottime_ms() + LIMIT_MS;

	while (show->stage.plays == 0 || show->stage.play.state != state) {
		if (clock_boottime_ms() > limit)
			fail_msg("it is %u and not %u", show->stage.play.state, state);
		serve(show);
	}
}

/* Something is told anew, and it is this. */
void
wait_again(struct show *show, enum play_state state)
{
	uint32_t plays = show->stage.plays;
	int64_t limit = clock_boottime_ms() + LIMIT_MS;

	while (show->stage.plays == plays || show->stage.play.state != state) {
		if (clock_boottime_ms() > limit)
			fail_msg("it is %u and not %u again", show->stage.play.state, state);
		serve(show);
	}
}

void
press(struct show *show, uint32_t code)
{
	viewer_key(show->viewer, code, true);
	viewer_key(show->viewer, code, false);
}

void
keep(struct show *show, const char *name)
{
	const char *folder = getenv("SEKISHO_PICTURES");
	char path[512];
	size_t stride;
	const uint8_t *pixels = viewer_pixels(show->viewer, &stride);
	cairo_surface_t *surface;

	if (folder == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s.png", folder, name);
	surface = cairo_image_surface_create_for_data((unsigned char *)(uintptr_t)pixels,
		CAIRO_FORMAT_RGB24, (int)stride / 4, HEIGHT, (int)stride);
	(void)cairo_surface_write_to_png(surface, path);
	cairo_surface_destroy(surface);
}

/* What a decoder without player, desk and client makes of it at that time. */
struct truth {
	const struct take *take;
	size_t at;
};

static int
truth_next(void *owner, struct recording_record *ret_record)
{
	struct truth *truth = owner;

	return take_next(truth->take, &truth->at, ret_record) ? 1 : -ENODATA;
}

static int
truth_rewind(void *owner)
{
	((struct truth *)owner)->at = 0;
	return 0;
}

static const char *
truth_why(void *owner)
{
	(void)owner;
	return "";
}

static struct playback *
true_picture(const struct take *take, uint32_t ms, struct truth *truth, struct decoder_picture *ret)
{
	const struct playback_source source = {truth_next, truth_rewind, truth_why, truth};
	struct playback *playback = NULL;

	*truth = (struct truth){.take = take};
	assert_int_equal(playback_new(&source, &playback), 0);
	while (playback_advance(playback, ms, 1000000) == PLAYBACK_MORE)
		;
	assert_true(playback_look(playback, ret));
	assert_int_equal(ret->width, SESSION_WIDTH);
	assert_int_equal(ret->height, SESSION_HEIGHT);
	return playback;
}

static bool
is_shown(struct show *show, const struct decoder_picture *truth)
{
	size_t stride;
	const uint8_t *pixels = viewer_pixels(show->viewer, &stride);

	for (size_t row = 0; row < SESSION_HEIGHT; row++)
		for (size_t column = 0; column < SESSION_WIDTH; column++)
			if (memcmp(pixels + (SESSION_TOP + row) * stride +
					    (SESSION_LEFT + column) * 4,
				    truth->pixels + row * truth->stride + column * 4, 3) != 0)
				return false;
	return true;
}

/* Waits until the watcher's picture is that of the recording at a time. */
void
wait_picture(struct show *show, const struct take *take, uint32_t ms)
{
	struct truth truth;
	struct decoder_picture picture;
	struct playback *playback = true_picture(take, ms, &truth, &picture);
	int64_t limit = clock_boottime_ms() + LIMIT_MS;

	while (!is_shown(show, &picture)) {
		if (clock_boottime_ms() > limit) {
			keep(show, "missed");
			fail_msg("the picture of %u ms is not shown", ms);
		}
		serve(show);
	}
	playback_free(playback);
}
