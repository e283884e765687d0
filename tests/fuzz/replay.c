/* Runs a fuzz target without libFuzzer, the same way every time.
 *
 *	NAME_replay [--every N] [DIRECTORY]    every seed: whole, every beginning of it, and changed
 *	NAME_replay --write DIRECTORY          writes the target's own seeds as files, for libFuzzer
 *
 * DIRECTORY holds more seeds, one per file; it may be absent. With --every N it is every Nth beginning, and as many fewer
 * changes, for targets that take long (twenty times as many when SEKISHO_LONG is set): libFuzzer tries more, see run.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	TRUNCATIONS_MAX = 4096,
	CHANGES = 2000,
	SEED_LEN_MAX = 1 << 20,
	LONG_TIMES = 20,
};

struct fuzz_seeds {
	const char *write_to; /* NULL: run them */
	size_t every;
	unsigned long count;
	unsigned long runs;
	bool failed;
};

/* On memory of just this size, so that a sanitizer sees any byte read too many. */
static void
run_once(struct fuzz_seeds *seeds, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = calloc(1, len);

	if (len > 0)
		memcpy(copy, bytes, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	seeds->runs++;
}

/* xorshift: no need for good numbers, only for the same ones. */
static uint32_t
next_number(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
run_changed(struct fuzz_seeds *seeds, const uint8_t *bytes, size_t len)
{
	uint32_t state = 0x2545f491;
	uint8_t *copy = calloc(1, len);

	for (size_t i = 0; i < CHANGES / seeds->every && len > 0; i++) {
		unsigned changes = 1 + next_number(&state) % 3;

		memcpy(copy, bytes, len);
		while (changes-- > 0) {
			uint32_t number = next_number(&state);

			copy[number % len] = (uint8_t)(next_number(&state) >> 8);
		}
		run_once(seeds, copy, len);
	}
	free(copy);
}

static void
run_seed(struct fuzz_seeds *seeds, const uint8_t *bytes, size_t len)
{
	size_t step = (len / TRUNCATIONS_MAX + 1) * seeds->every;

	for (size_t have = 0; have < len; have += step)
		run_once(seeds, bytes, have);
	run_once(seeds, bytes, len);
	run_changed(seeds, bytes, len);
}

static void
write_seed(struct fuzz_seeds *seeds, const void *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/own-%02lu", seeds->write_to, seeds->count);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, len, file) != len) {
		perror(path);
		seeds->failed = true;
	}
	if (file != NULL && fclose(file) != 0)
		seeds->failed = true;
}

void
fuzz_seed(struct fuzz_seeds *seeds, const void *bytes, size_t len)
{
	seeds->count++;
	if (seeds->write_to != NULL)
		write_seed(seeds, bytes, len);
	else
		run_seed(seeds, bytes, len);
}

static void
replay_file(struct fuzz_seeds *seeds, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(SEED_LEN_MAX);
	size_t len;

	if (file == NULL) {
		perror(path);
		seeds->failed = true;
	} else {
		len = fread(bytes, 1, SEED_LEN_MAX, file);
		(void)fclose(file);
		fuzz_seed(seeds, bytes, len);
	}
	free(bytes);
}

static void
replay_directory(struct fuzz_seeds *seeds, const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char file[4096];

	if (directory == NULL) {
		if (errno != ENOENT) {
			perror(path);
			seeds->failed = true;
		}
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		replay_file(seeds, file);
	}
	(void)closedir(directory);
}

int
main(int argc, char **argv)
{
	struct fuzz_seeds seeds = {.every = 1};

	if (argc >= 3 && strcmp(argv[1], "--every") == 0) {
		seeds.every = strtoul(argv[2], NULL, 10);
		if (getenv("SEKISHO_LONG") != NULL)
			seeds.every = (seeds.every + LONG_TIMES - 1) / LONG_TIMES;
		argv += 2;
		argc -= 2;
	}
	if (argc == 3 && strcmp(argv[1], "--write") == 0) {
		seeds.write_to = argv[2];
	} else if (argc > 2 || seeds.every == 0 || (argc == 2 && argv[1][0] == '-')) {
		fprintf(stderr, "usage: %s [--every N] [DIRECTORY] | --write DIRECTORY\n", argv[0]);
		return 2;
	}
	fuzz_give_seeds(&seeds);
	if (argc == 2)
		replay_directory(&seeds, argv[1]);
	if (seeds.count == 0) {
		fprintf(stderr, "no seeds\n");
		return 1;
	}
	printf("seeds=%lu runs=%lu every=%zu\n", seeds.count, seeds.runs, seeds.every);
	return seeds.failed ? 1 : 0;
}
