/* Outputs: what outputs.c (making them) and answer_outputs.c (reading, deleting) share. */
#ifndef SUPERVISOR_OUTPUTS_PRIVATE_H
#define SUPERVISOR_OUTPUTS_PRIVATE_H

#include "supervisor/fetches.h"
#include "supervisor/outputs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct export;

struct outputs {
	struct supervisor *supervisor;
	char folder[4096];
	struct export *first; /* the one under way, then those that wait */
	size_t count;
	bool stopping;
	uv_timer_t hourly, progress;
	struct fetches fetches;
};

#endif
