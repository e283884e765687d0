/* sekisho-greeter as its two neighbours see it: this program is the supervisor (stage.c), and a client of libfreerdp that decodes what
 * it is sent (viewer.c). What a picture must be is drawn here, by the same screen.
 */
#include "stage.h"
#include "viewer.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "greeter/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <freerdp/input.h>
#include <freerdp/scancode.h>

#define LIMIT_MS 60000
#define US 0x0409
#define JAPANESE 0x0411

static const char *program;

static const struct viewer_setup usual = {
	.width = 1024, .height = 768, .depth = 32, .keyboard_layout = US};
static const struct msg_show busy = {.screen = SCREEN_BUSY, .text = "Connecting"};
static const struct msg_show sign_in = {.screen = SCREEN_SIGN_IN};

struct pair {
	struct stage stage;
	struct viewer *viewer;
};

static void
begin(struct pair *pair, const struct viewer_setup *setup, const struct msg_show *show)
{
	int fd;

	stage_start(&pair->stage, program);
	fd = stage_begin(&pair->stage, setup->keyboard_layout, -1);
	stage_show(&pair->stage, show);
	pair->viewer = viewer_new(setup, fd);
	assert_non_null(pair->viewer);
}

static void
end(struct pair *pair)
{
	int status;

	viewer_free(pair->viewer);
	assert_null(pair->stage.broke);
	status = stage_end(&pair->stage);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Until a condition holds both sides are served. */
#define WAIT(pair, condition)                                         \
	do {                                                          \
		int64_t limit_ = clock_boottime_ms() + LIMIT_MS;      \
		while (!(condition)) {                                \
			assert_true(clock_boottime_ms() < limit_);    \
			assert_true(viewer_serve((pair)->viewer, 5)); \
			stage_serve(&(pair)->stage);                  \
			assert_false((pair)->stage.gone);             \
		}                                                     \
	} while (0)

static void
never_answered(void *owner, const struct msg_answer *answer)
{
	(void)owner;
	(void)answer;
}

/* The picture of a page as the client must see it. */
static struct screen *
draw(const struct viewer_setup *setup, uint16_t width, uint16_t height, const struct msg_show *show)
{
	const struct screen_setup screen_setup = {.width = width,
		.height = height,
		.scale_percent = setup->scale_percent != 0 ? (uint16_t)setup->scale_percent : 100,
		.facility = "Test Hospital",
		.language = "en",
		.now_ms = clock_boottime_ms,
		.answered = never_answered};
	struct picture_rectangle tiles[64];
	struct screen *screen = NULL;

	assert_int_equal(screen_new(&screen_setup, &screen), 0);
	assert_int_equal(screen_show(screen, show), 0);
	while (screen_draw(screen, tiles, ARRAY_SIZE(tiles)) > 0)
		;
	return screen;
}

/* Whether the client sees it at left, top, each colour within `most` of what it is. */
static bool
sees(const struct viewer *viewer, const struct screen *screen, uint32_t left, uint32_t top,
	uint32_t width, uint32_t height, int most)
{
	size_t stride, screen_stride;
	const uint8_t *seen = viewer_pixels(viewer, &stride);
	const uint8_t *drawn = screen_pixels(screen, &screen_stride);

	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			for (uint32_t i = 0; i < 3; i++)
				if (abs(seen[(y + top) * stride + (x + left) * 4 + i] -
					    drawn[y * screen_stride + x * 4 + i]) > most)
					return false;
	return true;
}

static void
picture_arrives(const struct viewer_setup *setup, int most)
{
	struct screen *screen = draw(setup, (uint16_t)setup->width, (uint16_t)setup->height, &busy);
	struct pair pair;

	begin(&pair, setup, &busy);
	WAIT(&pair, pair.stage.shown == 1);
	WAIT(&pair, sees(pair.viewer, screen, 0, 0, setup->width, setup->height, most));
	screen_free(screen);
	end(&pair);
}

static void
a_picture_arrives_exactly(void **state)
{
	(void)state;
	picture_arrives(&usual, 0);
}

/* As exactly as its bits allow: what a client makes of five bits is at most 7 off. Odd sizes too. */
static void
a_picture_arrives_at_fewer_colours(void **state)
{
	static const struct {
		uint32_t depth, width, height;
		int most;
	} clients[] = {{24, 1024, 768, 0}, {16, 1024, 768, 7}, {15, 1024, 768, 7},
		{24, 1366, 769, 0}, {16, 641, 481, 7}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		struct viewer_setup setup = usual;

		setup.depth = clients[i].depth;
		setup.width = clients[i].width;
		setup.height = clients[i].height;
		picture_arrives(&setup, clients[i].most);
	}
}

static void
a_picture_arrives_at_clients_that_can_less(void **state)
{
	struct viewer_setup setup = usual;

	(void)state;
	setup.keep_alpha = true;
	picture_arrives(&setup, 0);
	setup.multifrag = 16256;
	picture_arrives(&setup, 0);
}

/* Odd ones too: tiles at the edges are padded to a multiple of four columns. */
static void
a_picture_arrives_at_any_size(void **state)
{
	static const struct {
		uint32_t width, height, scale;
	} sizes[] = {{640, 480, 100}, {202, 201, 100}, {1366, 769, 100}, {3840, 2160, 200}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct viewer_setup setup = usual;

		setup.width = sizes[i].width;
		setup.height = sizes[i].height;
		setup.scale_percent = sizes[i].scale;
		picture_arrives(&setup, 0);
	}
}

static void
a_desktop_that_is_too_wide_has_it_in_the_middle(void **state)
{
	struct viewer_setup setup = usual;
	struct screen *screen;
	struct pair pair;

	(void)state;
	setup.width = 16384;
	setup.height = 256;
	screen = draw(&setup, 8192, 256, &busy);
	begin(&pair, &setup, &busy);
	WAIT(&pair, sees(pair.viewer, screen, 4096, 0, 8192, 256, 0));
	screen_free(screen);
	end(&pair);
}

static void
every_show_is_told_once_when_it_is_seen(void **state)
{
	struct pair pair;

	(void)state;
	begin(&pair, &usual, &busy);
	for (uint32_t serial = 2; serial < 6; serial++) {
		WAIT(&pair, pair.stage.shown == serial - 1);
		stage_show(&pair.stage, serial % 2 == 0 ? &sign_in : &busy);
	}
	WAIT(&pair, pair.stage.shown == 5);
	end(&pair);
}

static void
press(struct viewer *viewer, uint32_t scancode)
{
	viewer_key(viewer, scancode, true);
	viewer_key(viewer, scancode, false);
}

static void
keys_characters_and_tab_fill_the_form(void **state)
{
	static const uint32_t account[] = {
		RDP_SCANCODE_KEY_A, RDP_SCANCODE_KEY_B, RDP_SCANCODE_KEY_1};
	static const uint16_t secret[] = {'p', 0x3042, 0xd83d, 0xde00}; /* "pあ😀" */
	struct pair pair;

	(void)state;
	begin(&pair, &usual, &sign_in);
	WAIT(&pair, pair.stage.shown == 1);
	viewer_synchronize(pair.viewer, 0);
	for (size_t i = 0; i < ARRAY_SIZE(account); i++)
		press(pair.viewer, account[i]);
	press(pair.viewer, RDP_SCANCODE_TAB);
	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		viewer_character(pair.viewer, secret[i]);
	press(pair.viewer, RDP_SCANCODE_RETURN);
	WAIT(&pair, pair.stage.answers == 1);
	assert_int_equal(pair.stage.answer.serial, 1);
	assert_int_equal(pair.stage.answer.action, SCREEN_SUBMIT);
	assert_string_equal(pair.stage.answer.account, "ab1");
	assert_int_equal(pair.stage.answer.secret_len, 8);
	assert_memory_equal(pair.stage.answer.secret, "p\xe3\x81\x82\xf0\x9f\x98\x80", 8);
	end(&pair);
}

/* The layout is the client's: 106/109 has "@" beside P, where others have "[". */
static void
a_japanese_keyboard_types_what_is_on_it(void **state)
{
	struct viewer_setup setup = usual;
	struct pair pair;

	(void)state;
	setup.keyboard_layout = JAPANESE;
	begin(&pair, &setup, &sign_in);
	WAIT(&pair, pair.stage.shown == 1);
	press(pair.viewer, RDP_SCANCODE_OEM_4);
	press(pair.viewer, RDP_SCANCODE_TAB);
	press(pair.viewer, RDP_SCANCODE_BACKSLASH_JP);
	press(pair.viewer, RDP_SCANCODE_RETURN);
	WAIT(&pair, pair.stage.answers == 1);
	assert_string_equal(pair.stage.answer.account, "@");
	assert_int_equal(pair.stage.answer.secret_len, 1);
	assert_int_equal(pair.stage.answer.secret[0], '\\');
	end(&pair);
}

static void
a_window_that_nobody_sees_is_sent_nothing(void **state)
{
	struct screen *screen = draw(&usual, 1024, 768, &busy);
	struct pair pair;
	unsigned int updates;

	(void)state;
	begin(&pair, &usual, &sign_in);
	WAIT(&pair, pair.stage.shown == 1);
	viewer_suppress(pair.viewer, true);
	/* It has been read when the answer to a later PING is here; what was under way may still come, the next page not. */
	for (int i = 0; i < 3; i++) {
		uint64_t pongs = pair.stage.pongs;

		stage_ping(&pair.stage);
		WAIT(&pair, pair.stage.pongs > pongs);
	}
	stage_show(&pair.stage, &busy);
	WAIT(&pair, pair.stage.shown == 2);
	for (int i = 0; i < 3; i++) {
		uint64_t pongs = pair.stage.pongs;

		stage_ping(&pair.stage);
		WAIT(&pair, pair.stage.pongs > pongs);
	}
	assert_false(sees(pair.viewer, screen, 0, 0, 1024, 768, 0));
	viewer_suppress(pair.viewer, false);
	WAIT(&pair, sees(pair.viewer, screen, 0, 0, 1024, 768, 0));
	updates = viewer_updates(pair.viewer);
	viewer_refresh(pair.viewer);
	WAIT(&pair, viewer_updates(pair.viewer) > updates);
	screen_free(screen);
	end(&pair);
}

/* Neither a flood of input nor a client that reads nothing keeps it from answering the supervisor. */
static void
a_flood_leaves_it_answering(void **state)
{
	struct pair pair;

	(void)state;
	begin(&pair, &usual, &sign_in);
	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 250; j++)
			viewer_mouse(
				pair.viewer, PTR_FLAGS_MOVE, (uint16_t)(j * 4), (uint16_t)(i * 16));
		viewer_refresh(pair.viewer);
		if (i % 10 == 0)
			stage_ping(&pair.stage);
	}
	while (pair.stage.pongs < 4) {
		assert_false(pair.stage.gone);
		(void)stage_wait(&pair.stage, &pair.stage.shown, UINT32_MAX, 50);
	}
	end(&pair);
}

static void
it_ends_with_its_client(void **state)
{
	struct pair pair;
	int status;

	(void)state;
	begin(&pair, &usual, &sign_in);
	viewer_free(pair.viewer);
	assert_true(stage_wait_gone(&pair.stage, LIMIT_MS));
	assert_null(pair.stage.broke);
	status = stage_end(&pair.stage);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
it_ends_with_the_supervisor(void **state)
{
	struct stage stage;
	int status;

	(void)state;
	stage_start(&stage, program);
	while (!stage.hello && !stage.gone)
		(void)stage_wait(&stage, &stage.shown, 1, 100);
	assert_true(stage.hello);
	status = stage_end(&stage);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* From the first byte on, and cut anywhere. */
static void
nonsense_ends_it_quietly(void **state)
{
	static const uint8_t request[] = {
		3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 1, 0, 0, 0};
	static const uint8_t nonsense[] = {
		3, 0, 0, 12, 2, 0xf0, 0x80, 0x7f, 0x65, 0xff, 0xff, 0xff};

	(void)state;
	for (size_t sent = 0; sent < 3; sent++) {
		struct stage stage;
		int status, fd;

		stage_start(&stage, program);
		fd = stage_begin(&stage, US, -1);
		if (sent > 0)
			assert_int_equal(send(fd, request, sizeof(request), MSG_NOSIGNAL),
				(ssize_t)sizeof(request));
		if (sent < 2)
			assert_true(send(fd, nonsense, sizeof(nonsense), MSG_NOSIGNAL) > 0);
		else
			assert_int_equal(shutdown(fd, SHUT_WR), 0);
		assert_true(stage_wait_gone(&stage, LIMIT_MS));
		assert_null(stage.broke);
		(void)close(fd);
		status = stage_end(&stage);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_arrives_exactly),
		cmocka_unit_test(a_picture_arrives_at_fewer_colours),
		cmocka_unit_test(a_picture_arrives_at_clients_that_can_less),
		cmocka_unit_test(a_picture_arrives_at_any_size),
		cmocka_unit_test(a_desktop_that_is_too_wide_has_it_in_the_middle),
		cmocka_unit_test(every_show_is_told_once_when_it_is_seen),
		cmocka_unit_test(keys_characters_and_tab_fill_the_form),
		cmocka_unit_test(a_japanese_keyboard_types_what_is_on_it),
		cmocka_unit_test(a_window_that_nobody_sees_is_sent_nothing),
		cmocka_unit_test(a_flood_leaves_it_answering),
		cmocka_unit_test(it_ends_with_its_client),
		cmocka_unit_test(it_ends_with_the_supervisor),
		cmocka_unit_test(nonsense_ends_it_quietly),
	};
	const char *why = "";

	if (argc < 2) {
		fprintf(stderr, "usage: greeter_test PROGRAM [PATTERN]\n");
		return 2;
	}
	program = argv[1];
	if (screen_warm_up(GREETER_CATALOGUE, &why) < 0) {
		fprintf(stderr, "greeter_test: %s\n", why);
		return 2;
	}
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
