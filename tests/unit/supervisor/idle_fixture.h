/* Workers, sessions and a rule for tests of idle.c: wrapped (meson.build), with the store of by_hand.h. */
#ifndef IDLE_FIXTURE_H
#define IDLE_FIXTURE_H

#include "by_hand.h"

#include "supervisor/connections.h"

#define IDLE_SESSIONS 40
#define IDLE_BEGAN_US (INT64_C(1000000) * 60 * 60 * 12)

extern struct supervisor supervisor;
extern struct connection connections[IDLE_SESSIONS];
extern struct carried_session sessions[IDLE_SESSIONS];
extern struct child *const workers[2];

extern struct idle_world {
	size_t sessions, workers;
	bool second_is_full;
	unsigned int asked;
	uint32_t serial;
	uint32_t owes[2]; /* of each worker: child_asked */
	enum close_reason verdict;
	size_t looked_at;
	int64_t idle_since_us; /* of the first that was looked at */
	const struct connection *gone;
	const struct connection *killed;
	unsigned int kills;
} world;

/* One session and one worker; the rule ends whom it is asked about. */
int idle_setup(void **state);
int idle_teardown(void **state);

/* So long after the sessions began. */
void at_ms(int64_t after_ms);

/* A worker's answer: of each connection from the first one on, how many PDUs with input there were. */
int tell(size_t worker, const uint32_t *inputs, uint32_t count, bool last);

#endif
