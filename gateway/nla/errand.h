/* Fetching the tickets of one logon: requests of tickets.h go to KDCs over sockets that the supervisor connects, one after the
 * other. Nothing in here waits. In sekisho-nla.
 */
#ifndef NLA_ERRAND_H
#define NLA_ERRAND_H

#include "messages/channel.h"
#include "nla/kdc_link.h"
#include "nla/outcomes.h"
#include "nla/tickets.h"

#include <poll.h>

struct errand {
	struct tickets *tickets; /* NULL: nothing is to be fetched */
	struct channel *supervisor;
	struct kdc_link kdc;
	int64_t kdc_until_ms;
	uint32_t requests;
	bool over;
	enum nla_outcome outcome; /* once it is over; NLA_ACCEPTED: the tickets are there */
	uint32_t status;
	const char *why;
};

void errand_init(struct errand *errand);
void errand_done(struct errand *errand);

/* Each returns 0, or a negative errno that ends the process: the supervisor cannot be asked. */
int errand_start(
	struct errand *errand, const struct tickets_setup *setup, struct channel *supervisor);
int errand_on_socket(struct errand *errand, int *fd, uint32_t limit_ms);
int errand_on_none(struct errand *errand, bool is_known);
int errand_turn(struct errand *errand, short revents);

/* What poll shall wait for, and how long: -1 without an end. */
struct pollfd errand_wait(const struct errand *errand, int *ret_ms);

#endif
