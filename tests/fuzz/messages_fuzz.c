/* Messages between our processes: messages/messages.h. A taken-over process writes what it
 * likes. */
#include "fuzz.h"

#include <string.h>

#include "messages/messages.h"
#include "tests/unit/messages/samples.h"

static union message_body body;
static uint8_t room[MESSAGE_MOST_BYTES];

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct message_row *row;
	int written;

	if (message_get(bytes, len, &row, &body) < 0)
		return 0;
	/* There is one wire form of each message: what was read is written as it was. */
	fuzz_expect(len <= row->most_bytes);
	written = message_put(row->number, &body, room, sizeof(room));
	fuzz_expect(written >= 0 && (size_t)written == len);
	fuzz_expect(memcmp(room, bytes, len) == 0);
	message_wipe(row, &body);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		const struct message_row *row = message_row_at(i);
		int len;

		/* Not the full ones: 64 KB of one letter would only make the others rare. */
		sample_fill(row, SAMPLE_SMALL, &body);
		len = message_put(row->number, &body, room, sizeof(room));
		fuzz_expect(len > 0);
		fuzz_seed(seeds, room, (size_t)len);
		sample_fill(row, SAMPLE_EMPTY, &body);
		len = message_put(row->number, &body, room, sizeof(room));
		fuzz_expect(len > 0);
		fuzz_seed(seeds, room, (size_t)len);
	}
}
