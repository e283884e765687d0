/* A line of recording.auditors: base/auditor_key.h. */
#include "fuzz.h"

#include "base/auditor_key.h"

#include <string.h>

enum {
	LEN_MAX = 256,
};

/* What is read is written letter by letter as it was, so that a key has one form. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[LEN_MAX + 1], again[AUDITOR_KEY_TEXT_SIZE];
	struct auditor_key key;

	if (len > LEN_MAX)
		len = LEN_MAX;
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (auditor_key_read(text, &key) < 0)
		return 0;
	fuzz_expect(auditor_key_write(&key, again) == 0 && strcmp(text, again) == 0);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	struct auditor_key key = {.name = "tanaka.Taro_2-b"};
	char text[AUDITOR_KEY_TEXT_SIZE];

	for (uint8_t i = 0; i < sizeof(key.key); i++)
		key.key[i] = (uint8_t)(7 * i);
	(void)auditor_key_write(&key, text);
	fuzz_seed(seeds, text, strlen(text));
	memset(key.key, 0xff, sizeof(key.key));
	memset(key.name, 'a', sizeof(key.name) - 1);
	(void)auditor_key_write(&key, text);
	fuzz_seed(seeds, text, strlen(text));
}
