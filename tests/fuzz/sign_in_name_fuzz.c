/* What somebody typed as the account, and where from: policy/sign_in_names.h. */
#include "fuzz.h"

#include <string.h>

#include "policy/sign_in_names.h"

enum {
	LEN_MAX = 4096,
};

static bool
is_name_of_an_account(const char *name)
{
	return strlen(name) <= ACCOUNT_ID_MAX && name[0] != '\0' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

/* Whatever it is, tables can hold it, and it is its own name from then on. */
static void
try_name(const char *typed)
{
	static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};
	char name[SIGN_IN_NAME_SIZE], again[SIGN_IN_NAME_SIZE];

	if (sign_in_name(&facility, typed, name)) {
		fuzz_expect(is_name_of_an_account(name));
		fuzz_expect(sign_in_name(&facility, name, again) && strcmp(name, again) == 0);
		return;
	}
	fuzz_expect(strlen(name) == 65 && name[0] == '?');
	fuzz_expect(strspn(name + 1, "0123456789abcdef") == 64);
}

static void
try_source(const char *address)
{
	char source[SOURCE_SIZE], network[SOURCE_SIZE];

	sign_in_source(address, source);
	sign_in_network(address, network);
	fuzz_expect(source[0] != '\0' && strspn(source, "0123456789abcdef:./?") == strlen(source));
	fuzz_expect((strcmp(source, "?") == 0) == (strcmp(network, "?") == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char text[LEN_MAX + 1];

	if (len > LEN_MAX)
		len = LEN_MAX;
	memcpy(text, bytes, len);
	text[len] = '\0';
	try_name(text);
	try_source(text);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char *const texts[] = {"taro", "998-Taro.Yamada@example.jp", " taro%pacs-01",
		"998-998-taro", "@example.jp", "taro\xe2\x80\xae", "10.0.0.5", "::ffff:10.0.0.5",
		"2001:db8::1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		fuzz_seed(seeds, texts[i], strlen(texts[i]));
}
