/* New records of the logs, as they come to be on the disk: read back from the event log in its order, then told to
 * those who follow (log.follow) and to programs elsewhere (log_records.h). Those who follow never wait for programs
 * elsewhere; what these do not take is read and sent again until they do, also after a restart. */
#ifndef SUPERVISOR_LOG_TAIL_H
#define SUPERVISOR_LOG_TAIL_H

#include "supervisor/supervisor.h"

/* Once the store is open. Records that programs elsewhere have not been told of before a stop come first. */
int log_tail_start(struct supervisor *supervisor);

/* Something may have been written. */
void log_tail_look(struct supervisor *supervisor);

/* The log is another one now (a backup was restored): what stands in it up to this event has been told long ago. */
void log_tail_replaced(struct supervisor *supervisor, int64_t told);

/* The last event that need not be sent after a restart; 0 before the first look. */
int64_t log_tail_told(const struct supervisor *supervisor);

/* Nothing waits any more: what has not been sent is for the next start. Accepts NULL. */
void log_tail_stop(struct log_tail *tail);

/* After the loop has ended. Accepts NULL. */
void log_tail_free(struct log_tail *tail);

#endif
