/* gateway/relay/phase_bridge.c and file_news.c: what the supervisor is told of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "relay/bridge.h"

#include <stdio.h>
#include <stdlib.h>

/* Nothing that may pass before the desktop: it is dealt with, and then there is time for news. */
static void
give_bytes(void)
{
	uint8_t bytes[1] = {3};

	(void)phase_bridge.on_bytes(&fakes.conn, SIDE_CLIENT, bytes, sizeof(bytes));
	assert_int_equal(fakes.closed, CLOSE_NONE);
}

static int
begin(void **state)
{
	(void)state;
	fakes_reset(PHASE_BRIDGE, &phase_bridge);
	fakes.conn.bridge = bridge_new(SIDE_HOST);
	assert_non_null(fakes.conn.bridge);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	fakes_done();
	return 0;
}

static void
move_files(unsigned int count)
{
	char path[16];

	for (unsigned int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		file_news_add(&fakes.conn.bridge->news, FILE_MOVE_OUT, FILE_BY_DRIVE, path, i);
	}
}

static void
each_file_is_told(void **state)
{
	(void)state;
	move_files(3);
	give_bytes();
	assert_int_equal(fakes.told_count, 3);
	assert_int_equal(fakes.told, MSG_FILE_MOVED);
	assert_string_equal(fakes.message.file_moved.path, "2");
	assert_int_equal(fakes.message.file_moved.bytes, 2);
	assert_int_equal(fakes.message.file_moved.missed, 0);
	give_bytes();
	assert_int_equal(fakes.told_count, 3);
}

/* The channel to the supervisor is all sessions': nobody may fill it with files. */
static void
files_wait_until_the_supervisor_has_heard(void **state)
{
	(void)state;
	fakes.unheard = true;
	move_files(FILE_NEWS_MOST + 5);
	give_bytes();
	assert_int_equal(fakes.told_count, 0);
	fakes.unheard = false;
	give_bytes();
	assert_int_equal(fakes.told_count, FILE_NEWS_MOST + 1);
	assert_int_equal(fakes.message.file_moved.missed, 5);
	move_files(1);
	give_bytes();
	assert_int_equal(fakes.told_count, FILE_NEWS_MOST + 2);
}

static void
what_cannot_be_told_at_the_end_is_counted(void **state)
{
	(void)state;
	fakes.unheard = true;
	move_files(7);
	phase_bridge.leave(&fakes.conn);
	assert_int_equal(fakes.told_count, 1);
	assert_int_equal(fakes.message.file_moved.missed, 7);
}

/* Taken out at the front, put in at the end. */
static void
news_keep_their_order(void **state)
{
	struct file_news *news = &fakes.conn.bridge->news;
	struct file_moved file;

	(void)state;
	move_files(FILE_NEWS_MOST);
	for (uint64_t i = 0; i < 2000; i++) {
		assert_true(file_news_take(news, &file));
		assert_int_equal(file.bytes, i);
		free(file.path);
		file_news_add(news, FILE_MOVE_OUT, FILE_BY_DRIVE, "x", FILE_NEWS_MOST + i);
	}
	assert_int_equal(news->missed, 0);
}

int
main(void)
{
#define BRIDGED(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		BRIDGED(each_file_is_told),
		BRIDGED(files_wait_until_the_supervisor_has_heard),
		BRIDGED(what_cannot_be_told_at_the_end_is_counted),
		BRIDGED(news_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
