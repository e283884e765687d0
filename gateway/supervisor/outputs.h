/* Outputs (A14) while the gateway runs: one is made at a time, others wait; whoever asked may wait for it; what has
 * expired goes every hour and at the start. The work itself is policy/outputs.h, on the store's threads.
 */
#ifndef SUPERVISOR_OUTPUTS_H
#define SUPERVISOR_OUTPUTS_H

#include "supervisor/supervisor.h"

struct outputs;

/* Makes the folder beside the database, and tidies up what an earlier run has left. Needs the store. Returns 0 or
 * a negative errno with *ret_why. */
int outputs_open(struct supervisor *supervisor, struct outputs **ret_outputs, const char **ret_why);

/* A backup was restored: files whose rows went with the log that was replaced go as well. */
void outputs_restored(struct outputs *outputs);

/* Ends what is under way; the store is still open. Nothing is started any more. Accepts NULL. */
void outputs_stop(struct outputs *outputs);

/* After the store has been closed. Accepts NULL. */
void outputs_free(struct outputs *outputs);

#endif
