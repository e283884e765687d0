/* The phases of a connection, from phases.def. Used by worker and supervisor. */
#ifndef RELAY_PHASES_H
#define RELAY_PHASES_H

#include <stdbool.h>
#include <stdint.h>

enum phase {
#define PHASE(name, letter, limit, next, meanwhile) PHASE_##name,
#include "relay/phases.def"
#undef PHASE
	PHASE_COUNT
};

struct phase_row {
	const char *name; /* "BRIDGE" */
	char letter;      /* second letter of end= */
	uint32_t next;    /* bit set of the phases it may go on to; CLOSED always */
	const char *meanwhile;
};

/* The row of a phase; of CLOSED for a number that is none. Never NULL. */
const struct phase_row *phase_row(uint32_t phase);

bool phase_may_go_to(enum phase from, enum phase to);

#endif
