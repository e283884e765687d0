/* Looking at a jump host without a client (`terminal trust`, `terminal check`): the supervisor dials, a worker
 * runs X.224 and TLS and reports what it saw.
 */
#ifndef SUPERVISOR_LOOKS_H
#define SUPERVISOR_LOOKS_H

#include "messages/messages.h"
#include "messages/permits.h"
#include "relay/close_reasons.h"
#include "supervisor/supervisor.h"

struct child;
struct look;
struct looks;

#define LOOKS_MOST 16

/* `report` is NULL when the host was not reached; reason says why, detail is for people. Called once, from the
 * loop, never from inside look_start. */
typedef void look_done(void *owner, enum close_reason reason, const char *detail,
	const struct msg_host_report *report);

int looks_new(struct supervisor *supervisor, struct looks **ret_looks);
void looks_free(struct looks *looks); /* when none is left; accepts NULL */

/* Ends all of them: each answers CLOSE_STOPPING. */
void looks_stop(struct looks *looks);
size_t looks_count(const struct looks *looks);

/* Returns 0, -EBUSY (LOOKS_MOST under way) or another negative errno. */
int look_start(struct looks *looks, const char *host, uint16_t port, look_done *done, void *owner);

/* From the workers' messages. look_seen: NULL if it is not this worker's. */
struct permits_seen *look_seen(const struct looks *looks, const struct child *worker, uint64_t id);
void look_reported(
	struct looks *looks, const struct child *worker, const struct msg_host_report *report);
void look_ended(struct looks *looks, const struct child *worker, uint64_t id);
void looks_worker_died(struct looks *looks, const struct child *worker);

#endif
