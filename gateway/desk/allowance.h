/* How much of a processor one client may have at its desk: whoever makes a greeter work without end waits, and nobody
 * else does. Pure: time comes from the caller. */
#ifndef DESK_ALLOWANCE_H
#define DESK_ALLOWANCE_H

#include <stdint.h>

#define ALLOWANCE_SHARE \
	4 /* of one processor, a quarter: more than who types and points ever uses */
#define ALLOWANCE_MOST_US \
	(2 * INT64_C(1000000)) /* saved up: for the first picture, and a long text at once */

struct allowance {
	int64_t left_us;
	int64_t at_us;    /* when it was last reckoned */
	int64_t spent_us; /* by the process until then */
};

/* now_us: of a clock that never goes back; spent_us: processor time of the process so far. */
void allowance_begin(struct allowance *allowance, int64_t now_us, int64_t spent_us);

/* How many milliseconds its client has to wait; 0: not at all. */
int allowance_wait_ms(struct allowance *allowance, int64_t now_us, int64_t spent_us);

#endif
