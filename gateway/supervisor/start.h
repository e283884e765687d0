/* The supervisor from start to stop. Order of the start, each step only after the one before it:
 *
 *	1. the sandbox's first half, descriptors passed by systemd, time zone, limits
 *	2. facility key, database; sessions that a crash left open end as lost
 *	3. sekisho-key and the workers, until every worker says that it is running
 *	4. listeners and control socket; the sandbox's second half; READY
 *
 * SIGTERM and SIGINT: listeners close, all sessions end as STOPPING and are on disk, then children and store go.
 * SIGHUP: session.log is opened again, the settings that may change while running are read again.
 */
#ifndef SUPERVISOR_START_H
#define SUPERVISOR_START_H

#include "supervisor/supervisor.h"

/* Takes the settings, runs until the gateway has stopped, returns the process's exit status. Called before any
 * thread or loop exists, after lock_down_early. */
int supervisor_run(struct settings *settings);

/* While stopping: goes on if no connection is left and every record is on disk. */
void supervisor_maybe_drained(struct supervisor *supervisor);

#endif
