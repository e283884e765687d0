/* gateway/relay/channel_filter.c and filter_rdpsnd.c: chunks that lie, what is held back, and what is written anew. */
#include "filtered.h"

#include "base/cleanup.h"
#include "rdp/cliprdr.h"

#include <string.h>

#define MICROPHONE SESSION_RIGHT_MICROPHONE

static const uint8_t create_refused[] = "\x10\x07"
					"AUDIO_INPUT";
static const uint8_t capability[] = {0x50, 0, 1, 0};

struct chunk {
	size_t len;
	uint32_t total, flags;
};

/* Each ends its session, whichever side says it. The last one of a row is the wrong one. */
static void
chunks_that_do_not_add_up_end_the_session(void **state)
{
	static const struct chunk rows[][2] = {
		{{10, 9, 3}},                      /* longer than its PDU */
		{{10, 11, 3}},                     /* shorter */
		{{10, 10, 1}},                     /* all there, and not the last */
		{{10, 20, 2}},                     /* a last one without a first */
		{{10, 20, 0}},                     /* a middle one */
		{{0, 20, 1}},                      /* an empty one in the middle */
		{{0, 0, 3}},                       /* nothing at all */
		{{10, 20, 1}, {10, 21, 2}},        /* another length */
		{{10, 20, 1}, {10, 20, 3}},        /* a second first */
		{{10, 20, 1}, {11, 20, 2}},        /* too much */
		{{10, 20, 1}, {0, 20, 0}},         /* without end */
		{{10, 10, 0x00200003}},            /* compressed */
		{{10, 20, 1}, {10, 20, 0x200002}}, /* the rest of it is */
		{{10, UINT32_MAX, 3}},
	};
	static const uint8_t bytes[32] = {0x50};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int from = 0; from < BRIDGE_SIDES; from++) {
			filtered_begin("drdynvc", 0);
			for (size_t j = 0; j < 2 && filtered.reason == CLOSE_NONE; j++)
				if (rows[i][j].flags != 0 || rows[i][j].total != 0)
					filtered_say_chunk((enum side)from, bytes, rows[i][j].len,
						rows[i][j].total, rows[i][j].flags);
			if (filtered.reason != (from == SIDE_HOST ? CLOSE_HOST_BAD_CHANNEL
								  : CLOSE_CLIENT_BAD_CHANNEL))
				fail_msg("row %zu from %d: %d", i, from, filtered.reason);
			(void)filtered_end(NULL);
		}
	filtered_begin("drdynvc", 0);
}

/* MS-RDPBCGR 2.2.6.1.1: the flag is the channel's, by its options in CS_NET. */
static void
what_is_written_shows_its_header_as_the_channel_does(void **state)
{
	static const uint8_t caps[] = {
		7, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 2, 0, 0, 0};
	static const uint8_t offer[] = {2, 0, 0, 0, 6, 0, 0, 0, 13, 0, 0, 0, 0, 0};

	(void)state;
	for (int shows = 0; shows < 2; shows++) {
		uint32_t options = shows ? GCC_CHANNEL_SHOW_PROTOCOL : 0;
		uint32_t expected =
			CHUNK_FIRST | CHUNK_LAST | (shows ? (uint32_t)CHUNK_SHOW_PROTOCOL : 0u);

		filtered_begin_with("drdynvc", 0, options);
		filtered_say(SIDE_HOST, create_refused, sizeof(create_refused));
		assert_int_equal(filtered_expect_answer()->flags, expected);
		(void)filtered_end(NULL);

		filtered_begin_with("cliprdr", SESSION_RIGHT_CLIPBOARD_OUT, options);
		filtered_say(SIDE_HOST, caps, sizeof(caps));
		filtered_say(SIDE_HOST, offer, sizeof(offer));
		assert_int_equal(filtered.got[SIDE_CLIENT][0].flags, expected);
		(void)filtered_end(NULL);
	}
	filtered_begin("drdynvc", 0);
}

/* Two directions and what is under way in each know nothing of each other. */
static void
directions_are_apart(void **state)
{
	(void)state;
	filtered_begin("drdynvc", 0);
	filtered_say_chunk(SIDE_HOST, create_refused, 5, sizeof(create_refused), CHUNK_FIRST);
	filtered_say(SIDE_CLIENT, capability, sizeof(capability));
	filtered_expect_passed();
	filtered_say_chunk(SIDE_HOST, create_refused + 5, sizeof(create_refused) - 5,
		sizeof(create_refused), CHUNK_LAST);
	assert_int_equal(filtered.count[SIDE_HOST], 2); /* the capability, and the refusal */
	assert_int_equal(filtered.count[SIDE_CLIENT], 0);
}

/* A PDU that is wanted whole and says that it is longer than any is not begun to be held. */
static void
what_is_held_has_its_bound(void **state)
{
	static const struct {
		const char *channel;
		uint8_t head[4];
		size_t most;
	} rows[] = {
		{"cliprdr", {CLIPRDR_FORMAT_LIST}, 64 * 1024},
		{"drdynvc", {0x10, 7}, 1600},
		{"rdpdr", {0x72, 0x44, 0x41, 0x44}, 256 * 1024},
	};
	uint8_t bytes[1600] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int longer = 0; longer < 2; longer++) {
			enum side from = i == 1 ? SIDE_HOST : SIDE_CLIENT;
			uint32_t total = (uint32_t)rows[i].most + (uint32_t)longer;

			filtered_begin(rows[i].channel, SESSION_RIGHTS_DRIVES);
			memcpy(bytes, rows[i].head, sizeof(rows[i].head));
			filtered_say_chunk(from, bytes, 1000, total, CHUNK_FIRST);
			assert_int_equal(filtered.reason == CLOSE_NONE, !longer);
			(void)filtered_end(NULL);
		}
	filtered_begin("drdynvc", 0);
}

/* Some servers and clients record by the channel that is there for playing: SNDC_REC_NEGOTIATE and its followers. */
static void
sound_is_played_and_not_recorded(void **state)
{
	static const struct {
		uint8_t type;
		bool needs_microphone;
	} rows[] = {{5, false}, {6, false}, {7, false}, {12, false}, {39, true}, {42, true},
		{43, true}, {99, true}};
	uint8_t pdu[64] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int granted = 0; granted < 2; granted++) {
			filtered_begin("rdpsnd", SESSION_RIGHT_SOUND | (granted ? MICROPHONE : 0u));
			pdu[0] = rows[i].type;
			filtered_say(SIDE_CLIENT, pdu, sizeof(pdu));
			if (granted || !rows[i].needs_microphone)
				filtered_expect_passed();
			else
				filtered_expect_dropped();
			/* A wave begins with whatever it is. */
			filtered_say(SIDE_HOST, pdu, sizeof(pdu));
			filtered_expect_passed();
			(void)filtered_end(NULL);
		}
	filtered_begin("rdpsnd", 0);
}

int
main(void)
{
#define FILTERED(test) cmocka_unit_test_teardown(test, filtered_end)
	const struct CMUnitTest tests[] = {
		FILTERED(chunks_that_do_not_add_up_end_the_session),
		FILTERED(what_is_written_shows_its_header_as_the_channel_does),
		FILTERED(directions_are_apart),
		FILTERED(what_is_held_has_its_bound),
		FILTERED(sound_is_played_and_not_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
