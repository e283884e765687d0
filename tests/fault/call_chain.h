/* By which calls the program came to where it is: to try a fault once for each way there instead of a thousand times for the
 * same one. With SEKISHO_LONG in the environment every time counts as new.
 *
 * What is known is shared with children that are forked later, and outlives them.
 */
#ifndef TESTS_FAULT_CALL_CHAIN_H
#define TESTS_FAULT_CALL_CHAIN_H

#include <stdbool.h>

/* Before the first is_new, and before children are forked. Forgets what is known. `times`: how often each way is new, for
 * loops. */
void call_chains_begin(unsigned int times);

/* Whether the caller was reached in this way less often than that; this is one more. Not for two threads at a time. */
bool call_chain_is_new(void);

/* What is left out, for people. */
const char *call_chains_tried(void);

#endif
