/* Records of a recording, decoded: playback/, and behind it libfreerdp's client as it is installed; what is ours is instrumented. Whatever
 * comes, it ends, no call takes long, and what it shows has a size. A crash of libfreerdp's own is the player's to die of, in
 * its sandbox (tests/player mutates more and counts them).
 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/lock_down_parts.h"
#include "playback/playback.h"

#include <errno.h>
#include <sys/resource.h>

#define TURNS_MOST 4096

/* As in the player's sandbox memory that is too much is not given: a bitmap may say that it has gigabytes. */
#define MEMORY_MOST (1536u << 20)

const char *__asan_default_options(void); /* AddressSanitizer's */

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

struct stream {
	const uint8_t *bytes;
	size_t len, at;
};

static int
stream_next(void *owner, struct recording_record *ret_record)
{
	struct stream *stream = owner;
	const char *why = "";
	int r = recording_head_get(
		stream->bytes + stream->at, stream->len - stream->at, ret_record, &why);

	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	stream->at += (size_t)r;
	return 1;
}

static int
stream_rewind(void *owner)
{
	((struct stream *)owner)->at = 0;
	return 0;
}

static const char *
stream_why(void *owner)
{
	(void)owner;
	return "";
}

static void
look(struct playback *playback)
{
	struct decoder_picture picture;
	struct picture_rectangle change;
	const struct playback_gap *gaps;
	size_t count = playback_gaps(playback, &gaps);

	fuzz_expect(count <= PLAYBACK_GAPS_MOST);
	for (size_t i = 0; i < count; i++)
		fuzz_expect(gaps[i].why != NULL);
	if (!playback_look(playback, &picture))
		return;
	fuzz_expect(picture.width > 0 && picture.height > 0);
	fuzz_expect(picture.stride >= picture.width * 4u);
	if (playback_take_change(playback, &change)) {
		fuzz_expect(change.x + change.width <= picture.width);
		fuzz_expect(change.y + change.height <= picture.height);
	}
}

static void
play(struct playback *playback, uint32_t to_ms)
{
	int turns = 0;

	while (playback_advance(playback, to_ms, 50000) == PLAYBACK_MORE)
		fuzz_expect(++turns < TURNS_MOST);
	look(playback);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct rlimit most = {MEMORY_MOST, MEMORY_MOST};
	static bool warm;
	struct stream stream = {bytes, len, 0};
	const struct playback_source source = {stream_next, stream_rewind, stream_why, &stream};
	struct playback *playback = NULL;

	if (!warm) {
		fuzz_expect(playback_warm_up() == 0);
		fuzz_expect(LOCK_DOWN_SANITIZED || setrlimit(RLIMIT_DATA, &most) == 0);
	}
	warm = true;
	fuzz_expect(playback_new(&source, &playback) == 0);
	play(playback, 500);
	play(playback, UINT32_MAX);
	fuzz_expect(playback_rewind(playback, 200) == 0);
	play(playback, 200);
	playback_free(playback);
	return 0;
}

/* Sessions between xfreerdp3 and freerdp-shadow are files in seeds/playback; this alone gets as far as a segment. */
void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	struct recording_segment segment = {.width = 320,
		.height = 240,
		.bits_per_pixel = 32,
		.user = 1009,
		.server = 1002,
		.io = 1003};
	uint8_t room[RECORDING_HEAD_BYTES + RECORDING_SEGMENT_MOST];
	size_t len = recording_segment_put(&segment, room + RECORDING_HEAD_BYTES);

	recording_head_put(room, RECORDING_SEGMENT, 0, (uint32_t)len);
	fuzz_seed(seeds, room, RECORDING_HEAD_BYTES + len);
}
