/* libFuzzer gets its seeds as files, from NAME_replay --write; its own program never asks for them. */
#include "fuzz.h"

void
fuzz_seed(struct fuzz_seeds *seeds, const void *bytes, size_t len)
{
	(void)seeds;
	(void)bytes;
	(void)len;
}
