/* What a fuzz target is: a file NAME_fuzz.c with the two functions below, and a row in meson.build.
 *
 * Each target is built twice. NAME_replay (always) feeds it its seeds, cut and changed in every which
 * way that is the same each time; that is a test. NAME_fuzz (-Dfuzz=true, clang) is libFuzzer's.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Feeds one input to the parser. Returns 0. Aborts if a promise of the parser's header is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Whoever collects seeds. Gives back nothing; bytes are borrowed. */
struct fuzz_seeds;
void fuzz_seed(struct fuzz_seeds *seeds, const void *bytes, size_t len);

/* The target's own seeds: calls fuzz_seed for each. Files in seeds/NAME/ are seeds as well. */
void fuzz_give_seeds(struct fuzz_seeds *seeds);

/* A promise that must hold whatever the input. */
#define fuzz_expect(condition)    \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#endif
