/* Which device stands behind a connection (E): evidence of the kinds that its listener accepts, and what of it is
 * logged. For the loop thread.
 */
#ifndef SUPERVISOR_DEVICE_SEARCH_H
#define SUPERVISOR_DEVICE_SEARCH_H

#include "policy/sessions.h"
#include "supervisor/evidence.h"

struct connection;

/* Lives inside its owner. */
struct device_search {
	struct connection *connection;
	struct evidence_search *search; /* NULL: not under way */
	uint32_t asked;                 /* kinds that were looked up */
	bool found;                     /* the search is over; the rest is valid */
	struct device_evidence device;
	char detail[EVIDENCE_DETAIL_SIZE]; /* where it stands, or why there is none */
	void (*done)(void *owner);
	void *owner;
};

/* `done` is called once, from the loop, unless the connection is being ended by then. Returns 0, -ENOMEM or
 * -EBUSY. */
int device_search_start(struct device_search *search, struct connection *connection,
	void (*done)(void *owner), void *owner);

/* The listener takes what a ticket vouches for. */
bool device_vouched_accepted(const struct connection *connection);

/* `done` will not be called. Any number of times. */
void device_search_cancel(struct device_search *search);

#endif
