/* Outputs: what outputs.c (making them) and answer_outputs.c (reading, deleting) share. */
#ifndef SUPERVISOR_OUTPUTS_PRIVATE_H
#define SUPERVISOR_OUTPUTS_PRIVATE_H

#include "supervisor/outputs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct export;

/* One client's right to go on reading an output: that it began to is in the administration log. */
struct fetch {
	uint64_t client;
	int64_t number;
};

#define FETCHES_MOST 64

struct outputs {
	struct supervisor *supervisor;
	char folder[4096];
	struct export *first; /* the one under way, then those that wait */
	size_t count;
	bool stopping;
	uv_timer_t hourly, progress;
	struct fetch fetches[FETCHES_MOST];
	size_t next_fetch;
};

#endif
