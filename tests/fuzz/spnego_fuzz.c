/* Answers of a jump host in SPNEGO: nla/spnego.h. */
#include "fuzz.h"

#include "nla/spnego.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct pdu_bytes whole = {bytes, len};
	struct spnego_answer answer;

	if (spnego_read(&whole, &answer) == PARSE_OK && answer.token.at != NULL)
		fuzz_expect(answer.token.at >= bytes && answer.token.len <= len &&
			    answer.token.at + answer.token.len <= bytes + len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t accepted[] = {0xa1, 0x1e, 0x30, 0x1c, 0xa0, 3, 0x0a, 1, 0, 0xa1, 0x0b,
		6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2, 0xa2, 3, 4, 1, 'x', 0xa3, 3, 4,
		1, 'm'};
	static const uint8_t rejected[] = {0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 2};

	fuzz_seed(seeds, accepted, sizeof(accepted));
	fuzz_seed(seeds, rejected, sizeof(rejected));
}
