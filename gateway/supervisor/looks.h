/* Looking at a jump host without a client (`terminal trust`, `terminal check`, health): the supervisor dials, a
 * worker asks one question by X.224, does TLS if that is wanted, and reports what it saw.
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
struct terminal;

#define LOOKS_MOST 16    /* under way at once; the others wait their turn */
#define LOOKS_WAITING 64 /* that may wait */

/* `report` is NULL when the host was not reached; reason is CLOSE_CHECK_DONE or why it failed, detail is for
 * people. Called once, from the loop, never from inside look_start. */
typedef void look_done(void *owner, enum close_reason reason, const char *detail,
	const struct msg_host_report *report);

struct look_setup {
	const struct terminal *terminal; /* its address, port and trust; not needed afterwards */
	uint32_t protocols;              /* RDP_PROTOCOL_... to ask for */
	bool secure;                     /* go on with TLS, to see the certificate */
	uint32_t connect_ms;             /* 0: as the settings say */
	uint32_t answer_ms;              /* the same; never longer than the worker's own limit */
	look_done *done;
	void *owner;
};

int looks_new(struct supervisor *supervisor, struct looks **ret_looks);
void looks_free(struct looks *looks); /* when none is left; accepts NULL */

/* Ends all of them: each answers CLOSE_STOPPING. */
void looks_stop(struct looks *looks);
size_t looks_count(const struct looks *looks);

/* Whether the next one would have to wait. */
bool looks_busy(const struct looks *looks);

/* Returns 0, -EBUSY (LOOKS_WAITING are waiting already) or another negative errno. */
int look_start(struct looks *looks, const struct look_setup *setup);

/* From the workers' messages. look_seen: NULL if it is not this worker's. */
struct permits_seen *look_seen(const struct looks *looks, const struct child *worker, uint64_t id);
void look_reported(
	struct looks *looks, const struct child *worker, const struct msg_host_report *report);
void look_ended(struct looks *looks, const struct child *worker, uint64_t id);
void looks_worker_died(struct looks *looks, const struct child *worker);

#endif
