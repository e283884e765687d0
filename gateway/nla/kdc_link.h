/* One request to a KDC and its answer (RFC 4120 7.2.2: a length of four bytes before each), over a connected socket that came
 * from the supervisor. In sekisho-nla, which makes no socket and connects none.
 */
#ifndef NLA_KDC_LINK_H
#define NLA_KDC_LINK_H

#include "rdp/pdu.h"

#include <stdbool.h>

/* Windows' tickets have 48 KB at most, and an answer has one. */
#define KDC_ANSWER_MOST (128 * 1024)

struct kdc_link {
	int fd; /* -1: none */
	bool is_reading;
	uint8_t *bytes; /* what is being sent, then what has come */
	size_t at, len;
};

void kdc_link_init(struct kdc_link *link);
void kdc_link_done(struct kdc_link *link);

/* Takes *fd. Returns 0 or -ENOMEM. */
int kdc_link_start(struct kdc_link *link, int *fd, const struct pdu_bytes *request);

/* What poll shall wait for. */
short kdc_link_events(const struct kdc_link *link);

/* After poll. Returns 0 if more is to come, 1 when *ret_answer is there (until the link is done), or a negative errno:
 * -EMSGSIZE for an answer that is longer than any, -ECONNRESET for one that ends before its length. */
int kdc_link_turn(struct kdc_link *link, struct pdu_bytes *ret_answer);

#endif
