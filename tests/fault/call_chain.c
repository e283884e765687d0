/* The return addresses on the stack, as one number, and how often it was seen; see call_chain.h. */
#include "call_chain.h"

#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Places for the numbers: open addressing, a power of two, far more than any test needs. */
#define PLACES (1u << 16)

enum { FRAMES_MOST = 64 };

/* This file's one state, in memory that forked children share. */
static struct chains {
	bool all;
	uint32_t times; /* that a way is new */
	struct {
		uint64_t number;
		uint32_t times;
	} places[PLACES];
} * chains;

void
call_chains_begin(unsigned int times)
{
	void *frames[1];

	if (chains == NULL) {
		chains = mmap(NULL, sizeof(*chains), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (chains == MAP_FAILED)
			abort();
		/* The first one loads a library, and so must not be met inside an allocation. */
		(void)backtrace(frames, 1);
	}
	memset(chains, 0, sizeof(*chains));
	chains->all = getenv("SEKISHO_LONG") != NULL;
	chains->times = times;
}

bool
call_chain_is_new(void)
{
	void *frames[FRAMES_MOST];
	uint64_t number = UINT64_C(0xcbf29ce484222325);
	size_t place;
	int count;

	if (chains->all)
		return true;
	count = backtrace(frames, FRAMES_MOST);
	for (int i = 0; i < count; i++)
		number = (number ^ (uintptr_t)frames[i]) * UINT64_C(0x100000001b3);
	number = number == 0 ? 1 : number;
	place = (number ^ number >> 32) & (PLACES - 1);
	while (chains->places[place].number != 0 && chains->places[place].number != number)
		place = (place + 1) & (PLACES - 1);
	chains->places[place].number = number;
	return chains->places[place].times++ < chains->times;
}

const char *
call_chains_tried(void)
{
	static char text[80];

	if (chains->all)
		return "all of them";
	snprintf(text, sizeof(text), "each way to them %u times (all with SEKISHO_LONG)",
		chains->times);
	return text;
}
