/* Auto-detect requests of a jump host: rdp/autodetect.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/autodetect.h"
#include "rdp/share.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct autodetect autodetect = {0};
	uint8_t room[AUTODETECT_RESPONSE_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	if (autodetect_answer(&autodetect, bytes, len, 10, &writer) < 0) {
		fuzz_expect(writer.len == 0 && autodetect.bytes == 0);
		return 0;
	}
	/* An answer is whole, and is one: never a request, never anything else a host could be told. */
	fuzz_expect(!writer.failed);
	fuzz_expect(writer.len == 0 || writer.len == (size_t)room[4] + 4);
	fuzz_expect(writer.len == 0 ||
		    share_kind_of(room, writer.len, writer.len) == SHARE_KIND_AUTODETECT_RSP);
	fuzz_expect(autodetect.bytes <= len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t requests[][16] = {
		{0, 0x10, 0, 0, 6, 0, 5, 0, 1, 0x10},
		{0, 0x10, 0, 0, 6, 0, 7, 0, 0x14, 0x10},
		{0, 0x10, 0, 0, 8, 0, 8, 0, 2, 0, 4, 0, 1, 2, 3, 4},
		{0, 0x10, 0, 0, 8, 0, 9, 0, 0x2b, 0, 4, 0, 1, 2, 3, 4},
		{0, 0x10, 0, 0, 6, 0, 11, 0, 0x29, 4},
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		fuzz_seed(seeds, requests[i], i == 2 || i == 3 ? 16 : 10);
}
