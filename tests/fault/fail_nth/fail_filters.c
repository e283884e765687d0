/* Memory that runs out in the filters of channels, in the relay worker: the session ends, or goes on with every file told or
 * counted, and what may not pass does not. */
#include "filtered.h"

#include "base/cleanup.h"
#include "fail_nth.h"
#include "rdp/cliprdr.h"
#include "rdp/rdpdr.h"

#include <errno.h>
#include <string.h>

/* What is said, in chunks of so many bytes; 0: in one. `tells` moves a file, if it passes. */
struct line {
	enum side from;
	const uint8_t *bytes;
	size_t len;
	size_t piece;
	bool tells;
};

#define LINE(from, bytes, piece, tells)                         \
	{                                                       \
		SIDE_##from, bytes, sizeof(bytes), piece, tells \
	}

/* Says all of it, as long as the session goes on. Returns how many PDUs that move a file have passed. */
static unsigned int
say_all(const struct line *lines, size_t count)
{
	unsigned int moved = 0;

	for (size_t i = 0; i < count && filtered.reason == CLOSE_NONE; i++) {
		enum side to = other_side(lines[i].from);
		size_t before = filtered.heard[to];

		filtered_say_in_pieces(lines[i].from, lines[i].bytes, lines[i].len,
			lines[i].piece != 0 ? lines[i].piece : lines[i].len);
		moved += lines[i].tells && filtered.heard[to] > before;
	}
	if (filtered.reason == CLOSE_NONE)
		bridge_filters_finish(filtered.bridge);
	return moved;
}

static void
expect_honest(const char *channel, uint32_t rights, const struct line *lines, size_t count,
	unsigned int files)
{
	struct fail_run run;

	fail_begin(&run);
	while (fail_next(&run)) {
		unsigned int moved;

		filtered_begin(channel, rights);
		filtered.deaf = true;
		fail_arm(&run);
		moved = say_all(lines, count);
		fail_disarm(&run);
		if (filtered.reason == CLOSE_NONE)
			assert_in_range(filtered.bridge->news.count + filtered.bridge->news.missed,
				moved, files);
		else
			assert_true(run.hit);
		if (!run.hit)
			assert_int_equal(filtered.bridge->news.count, files);
		(void)filtered_end(NULL);
	}
	assert_true(run.tried >= 4);
}

static void
files_of_the_clipboard_are_told_or_do_not_move(void **state)
{
	static const uint8_t caps[] = {
		7, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 0x3e, 0, 0, 0};
	static const uint8_t offer[] = {2, 0, 0, 0, 46, 0, 0, 0, 0xf1, 0xc0, 0, 0, 'F', 0, 'i', 0,
		'l', 0, 'e', 0, 'G', 0, 'r', 0, 'o', 0, 'u', 0, 'p', 0, 'D', 0, 'e', 0, 's', 0, 'c',
		0, 'r', 0, 'i', 0, 'p', 0, 't', 0, 'o', 0, 'r', 0, 'W', 0, 0, 0};
	static const uint8_t lock[] = {10, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0};
	static const uint8_t ask[] = {4, 0, 0, 0, 4, 0, 0, 0, 0xf1, 0xc0, 0, 0};
	static uint8_t list[CLIPRDR_HEAD_LEN + 4 + CLIPRDR_FILE_LEN] = {
		5, 0, 1, 0, 0x54, 2, 0, 0, 1};
	static const uint8_t fetch[] = {8, 0, 0, 0, 28, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0};
	static const uint8_t fetch_another[] = {8, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
	static const struct line lines[] = {
		LINE(HOST, caps, 0, false),
		LINE(CLIENT, caps, 5, false),
		LINE(HOST, offer, 20, false),
		LINE(CLIENT, lock, 0, false),
		LINE(CLIENT, ask, 0, false),
		LINE(HOST, list, 100, false),
		LINE(HOST, offer, 0, false),
		LINE(CLIENT, fetch, 0, true),
		LINE(CLIENT, fetch_another, 0, true),
	};

	(void)state;
	list[CLIPRDR_HEAD_LEN + 4 + 72] = 'a';
	/* The longer the list is, the more is told: of a lock that memory did not reach, by its place. */
	expect_honest("cliprdr", SESSION_RIGHTS_CLIPBOARD, lines, ARRAY_SIZE(lines), 2);
}

static void
files_of_drives_are_told_or_do_not_move(void **state)
{
	static const uint8_t devices[] = {0x72, 0x44, 0x41, 0x44, 1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0,
		0, 'T', 'M', 'P', 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static uint8_t open_file[60] = {0x72, 0x44, 0x52, 0x49, 1};
	static uint8_t opened[20] = {0x72, 0x44, 0x43, 0x49, 1};
	static uint8_t write_file[60] = {0x72, 0x44, 0x52, 0x49, 1, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0,
		RDPDR_WRITE, 0, 0, 0, 0, 0, 0, 0, 4};
	static uint8_t close_file[56] = {
		0x72, 0x44, 0x52, 0x49, 1, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, RDPDR_CLOSE};
	static const struct line lines[] = {
		LINE(CLIENT, devices, 10, false),
		LINE(HOST, open_file, 30, false),
		LINE(CLIENT, opened, 7, false),
		LINE(HOST, write_file, 9, true),
		LINE(HOST, close_file, 0, false),
	};

	(void)state;
	open_file[44] = 1; /* FILE_OPEN */
	open_file[52] = 4;
	open_file[56] = 'a';
	opened[16] = 5;
	expect_honest("rdpdr", SESSION_RIGHTS_DRIVES, lines, ARRAY_SIZE(lines), 1);
}

static void
a_dynamic_channel_opens_whole_or_not_at_all(void **state)
{
	static const uint8_t create[] = "\x10\x07"
					"AUDIO_INPUT";
	static const uint8_t granted[] = "\x10\x08"
					 "ECHO";
	static const uint8_t data[] = {0x30, 7, 1, 2, 3, 4};
	static const struct line lines[] = {
		LINE(HOST, create, 3, true),
		LINE(HOST, granted, 3, false),
		LINE(HOST, data, 0, true),
	};

	(void)state;
	expect_honest("drdynvc", 0, lines, ARRAY_SIZE(lines), 0);
}

/* Four eyes: without memory for the gate, or for what is let go, the session must end. */
static void
a_gate(void **state)
{
	uint8_t keys[] = {0x08, 6, 0x00, 0x1d, 0x00, 0x1e};
	struct bridge_result result;
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct bridge_queue *queue;
		uint8_t bytes[sizeof(keys)];
		int r;

		filtered_begin("drdynvc", 0);
		memcpy(bytes, keys, sizeof(keys));
		fail_arm(&run);
		r = bridge_gate(filtered.bridge, true);
		bridge_filter(filtered.bridge, SIDE_CLIENT, bytes, sizeof(bytes), &result);
		if (r == 0)
			r = bridge_gate(filtered.bridge, false);
		fail_disarm(&run);
		queue = &filtered.bridge->ways[SIDE_CLIENT].queue;
		assert_true(r == 0 || r == -ENOMEM);
		if (r == 0)
			assert_int_equal(queue->len, 6);
		if (!run.hit)
			assert_int_equal(queue->len, 6);
		(void)filtered_end(NULL);
	}
	assert_true(run.tried >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_the_clipboard_are_told_or_do_not_move),
		cmocka_unit_test(files_of_drives_are_told_or_do_not_move),
		cmocka_unit_test(a_gate),
		cmocka_unit_test(a_dynamic_channel_opens_whole_or_not_at_all),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
