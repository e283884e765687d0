/* What names a recording, and its file: policy/recordings.h. */
#include "fuzz.h"

#include "policy/recordings.h"

#include <string.h>

enum {
	LEN_MAX = 128,
};

/* Whatever is read has one name, and no path in it. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[LEN_MAX + 1], again[RECORDING_ID_SIZE], file[RECORDING_FILE_SIZE];
	uint8_t session[SESSION_ID_BYTES];
	int64_t part;

	if (len > LEN_MAX)
		len = LEN_MAX;
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (recording_id_read(text, session, &part) < 0)
		return 0;
	recording_id(session, part, again);
	recording_file_name(session, part, file);
	fuzz_expect(strcmp(text, again) == 0 && part >= 1);
	fuzz_expect(strspn(file, "0123456789abcdef-") == strlen(file) - strlen(".skr"));
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char *const texts[] = {"0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdef-2", "ffffffffffffffffffffffffffffffff-9999"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		fuzz_seed(seeds, texts[i], strlen(texts[i]));
}
