/* New records of the logs, as they come to be on the disk: read back from the event log in its order, then told to
 * those who follow (log.follow) and to programs elsewhere (log_records.h). */
#ifndef SUPERVISOR_LOG_TAIL_H
#define SUPERVISOR_LOG_TAIL_H

#include "supervisor/supervisor.h"

/* Once the store is open. Records that programs elsewhere have not been told of before a stop come first. */
int log_tail_start(struct supervisor *supervisor);

/* Something may have been written. */
void log_tail_look(struct supervisor *supervisor);

/* The log is another one now (a backup was restored): what stands in it up to this event has been told long ago. */
void log_tail_replaced(struct supervisor *supervisor, int64_t told);

/* The last event that all have been told of; 0 before the first look. */
int64_t log_tail_told(const struct supervisor *supervisor);

/* Once the store is closed. */
void log_tail_free(struct log_tail *tail);

#endif
