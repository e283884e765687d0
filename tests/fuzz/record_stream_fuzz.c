/* gateway/recorder/source.c and keeping.c: the stream of a worker that somebody has taken over. */
#include "fuzz.h"

#include "recorder/keeping.h"
#include "recorder/source.h"
#include "sample.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sample sample;
static struct source source;
static int file = -1;

static void
prepare(void)
{
	if (file >= 0)
		return;
	sample_init(&sample);
	file = memfd_create("fuzz", MFD_CLOEXEC);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct recording_record record;
	struct keeping keeping;
	size_t room, at = 0;
	uint32_t ms = 0;
	int r = 0;

	prepare();
	fuzz_expect(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
	source_init(&source);
	fuzz_expect(keeping_begin(&keeping, &sample.about, sample.key, file, 1 << 20) == 0);
	while (at < len && r == 0) {
		uint8_t *into = source_room(&source, &room);
		/* Pieces of different lengths, as a socket gives them. */
		size_t take = 1 + (at * 7 + bytes[at]) % 300;

		fuzz_expect(room > 0);
		take = take < len - at ? take : len - at;
		take = take < room ? take : room;
		memcpy(into, bytes + at, take);
		source_came(&source, take);
		at += take;
		while ((r = source_next(&source, &record)) > 0)
			keeping_take(&keeping, &record, ms += 50);
	}
	fuzz_expect(recording_writer_summary(keeping.writer)->length_ms <= ms);
	fuzz_expect(keeping_end(&keeping, ms, 1, "SK2001") == 0);
	keeping_done(&keeping);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	const struct recording_gap gap = {RECORDING_GAP_RELAY_FULL, 9, 8};
	uint8_t stream[2048] = {0}, body[RECORDING_SEGMENT_MOST];
	size_t len, at = 0;

	len = sample_segment(body);
	recording_head_put(stream, RECORDING_SEGMENT, 1, (uint32_t)len);
	memcpy(stream + RECORDING_HEAD_BYTES, body, len);
	at = RECORDING_HEAD_BYTES + len;
	recording_head_put(stream + at, RECORDING_FROM_HOST, 2, 100);
	at += RECORDING_HEAD_BYTES + 100;
	fuzz_seed(seeds, stream, at);
	len = recording_gap_put(&gap, body);
	recording_head_put(stream + at, RECORDING_GAP, 3, (uint32_t)len);
	memcpy(stream + at + RECORDING_HEAD_BYTES, body, len);
	at += RECORDING_HEAD_BYTES + len;
	recording_head_put(stream + at, RECORDING_FROM_CLIENT, 3, 5);
	at += RECORDING_HEAD_BYTES + 5;
	fuzz_seed(seeds, stream, at);
}
