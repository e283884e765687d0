/* What the jump host of a mediated session answers until its desktop begins, looked at beside libfreerdp, which says less of it than
 * administrators need. In sekisho-mediator; the bytes come from the jump host. Pure.
 */
#ifndef MEDIATOR_HOST_ANSWERS_H
#define MEDIATOR_HOST_ANSWERS_H

#include "mediator/outcomes.h"
#include "nla/outcomes.h"

#include <stdbool.h>
#include <stddef.h>

enum host_answers_step {
	HOST_ANSWERS_CONFIRM, /* X.224 Connection Confirm */
	HOST_ANSWERS_TLS, /* … has come; what follows is TLS, and CredSSP where it was selected */
	HOST_ANSWERS_MCS, /* its MCS Connect-Response has come: NLA is over */
};

struct host_answers {
	enum attach_nla nla; /* what is wanted of it */
	enum host_answers_step step;
	bool by_nla;         /* it has selected NLA */
	uint32_t status;     /* errorCode of its last TSRequest that had one, or 0 */
	bool active;         /* its Font Map has come: its desktop has begun, once */
	bool licensed;       /* it has given a licence, with the PDU that was looked at last */
	uint32_t error_info; /* of its last Set Error Info before that, or 0 */
};

/* Looks at one PDU, as libfreerdp frames it. Returns MEDIATE_CONNECTED if the session may go on, or what the PDU means. */
enum mediate_outcome host_answers_look(
	struct host_answers *answers, const uint8_t *pdu, size_t len);

#endif
