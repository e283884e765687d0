/* gateway/recording/records.c and format.c: what a worker says to sekisho-recorder, and the heads of a file. */
#include "fuzz.h"

#include "recording/format.h"
#include "recording/records.h"

#include <errno.h>
#include <string.h>

static void
records(const uint8_t *bytes, size_t len)
{
	uint8_t room[RECORDING_SEGMENT_MOST];
	struct recording_segment segment;
	struct recording_record record;
	const char *why = NULL;
	int r;

	while ((r = recording_head_get(bytes, len, &record, &why)) > 0) {
		fuzz_expect((size_t)r <= len && (size_t)r == RECORDING_HEAD_BYTES + record.len);
		fuzz_expect(recording_kind_name(record.kind) != NULL);
		if (recording_record_check(&record) == 0 && record.kind == RECORDING_SEGMENT) {
			fuzz_expect(recording_segment_get(&record, &segment) == 0);
			fuzz_expect(recording_segment_put(&segment, room) == record.len);
		}
		bytes += r;
		len -= (size_t)r;
	}
	fuzz_expect(r == 0 || (r == -EPROTO && why != NULL));
}

static void
header(const uint8_t *bytes, size_t len)
{
	uint8_t again[RECORDING_HEADER_MOST];
	struct recording_about about;
	const char *why = NULL;
	int r = recording_header_get(bytes, len, &about, &why);

	fuzz_expect(r == 0 || why != NULL);
	fuzz_expect(r != -EAGAIN || len < RECORDING_HEADER_MOST);
	if (r < 0)
		return;
	/* There is one way to write a header. */
	fuzz_expect(recording_header_put(&about, again) == 0);
	fuzz_expect(memcmp(again, bytes, about.header_bytes) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct recording_closing closing;
	const char *why = NULL;

	records(bytes, len);
	header(bytes, len);
	if (recording_closing_get(bytes, len, &closing, &why) == 0)
		fuzz_expect(closing.len == len);
	else
		fuzz_expect(why != NULL);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const struct recording_segment segment = {.width = 800,
		.height = 600,
		.bits_per_pixel = 32,
		.io = 1003,
		.channel_count = 1,
		.channels = {{"drdynvc", 1, 1004, true}}};
	const struct recording_gap gap = {RECORDING_GAP_RELAY_FULL, 9, 8};
	struct recording_about about = {.session = {7},
		.part = 1,
		.account = "sato",
		.terminal = "pacs-01",
		.sealed_count = 2};
	struct recording_summary summary = {.session = {7}};
	static const uint8_t signature[RECORDING_SIGNATURE_BYTES];
	uint8_t room[RECORDING_HEADER_MOST] = {0};
	size_t len;

	len = recording_segment_put(&segment, room + RECORDING_HEAD_BYTES);
	recording_head_put(room, RECORDING_SEGMENT, 3, (uint32_t)len);
	fuzz_seed(seeds, room, RECORDING_HEAD_BYTES + len);
	len = recording_gap_put(&gap, room + RECORDING_HEAD_BYTES);
	recording_head_put(room, RECORDING_GAP, 3, (uint32_t)len);
	recording_head_put(room + RECORDING_HEAD_BYTES + len, RECORDING_FROM_HOST, 4, 5);
	fuzz_seed(seeds, room, 2 * RECORDING_HEAD_BYTES + len + 5);
	(void)recording_header_put(&about, room);
	fuzz_seed(seeds, room, about.header_bytes);
	memset(room, 0, 8);
	len = 8 + recording_closing_put(&summary, signature, 0, room + 8);
	fuzz_seed(seeds, room, len);
}
