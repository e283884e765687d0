/* Text in UTF-16LE and UTF-8: rdp/utf16.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/utf16.h"

enum {
	LEN_MAX = 4096,
};

/* Anything becomes UTF-8 that we take ourselves and that does not change any more. */
static void
try_utf16(const uint8_t *bytes, size_t len)
{
	static char text[LEN_MAX / 2 * 3 + 1], again[LEN_MAX / 2 * 3 + 1];
	static uint8_t room[LEN_MAX];
	char small[5];
	struct bytes_writer writer;

	utf16_to_utf8(bytes, len, text, sizeof(text));
	bytes_writer_init(&writer, room, sizeof(room));
	fuzz_expect(utf16_write(&writer, text) == 0);
	fuzz_expect(!writer.failed && writer.len <= len);
	utf16_to_utf8(room, writer.len, again, sizeof(again));
	fuzz_expect(strcmp(text, again) == 0);
	utf16_to_utf8(bytes, len, small, sizeof(small));
	fuzz_expect(strncmp(text, small, strlen(small)) == 0);
}

static void
try_utf8(const uint8_t *bytes, size_t len)
{
	static char text[LEN_MAX + 1], again[LEN_MAX * 2];
	static uint8_t room[LEN_MAX * 2];
	struct bytes_writer writer;

	memcpy(text, bytes, len);
	text[len] = '\0';
	bytes_writer_init(&writer, room, sizeof(room));
	if (utf16_write(&writer, text) != 0)
		return;
	fuzz_expect(!writer.failed);
	utf16_to_utf8(room, writer.len, again, sizeof(again));
	fuzz_expect(strcmp(text, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len > LEN_MAX)
		len = LEN_MAX;
	try_utf16(bytes, len);
	try_utf8(bytes, len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char utf8[] = "sato 保守 \xf0\x9f\x94\x91";
	uint8_t room[64];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	fuzz_expect(utf16_write(&writer, utf8) == 0);
	fuzz_seed(seeds, room, writer.len);
	fuzz_seed(seeds, utf8, sizeof(utf8) - 1);
	fuzz_seed(seeds, "\x3d\xd8\x11\xdd\x3d\xd8", 6);
}
