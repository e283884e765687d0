/* How it stands with the jump host of a mediated session, in words that sekisho-mediator and the supervisor share. Pure. */
#ifndef MEDIATOR_OUTCOMES_H
#define MEDIATOR_OUTCOMES_H

#include "relay/close_reasons.h"

#include <stdint.h>

/* Numbers of field `outcome` of MEDIATE_RESULT. */
enum mediate_outcome {
#define OUTCOME(name, reason, text) MEDIATE_##name,
#include "mediator/outcomes.def"
#undef OUTCOME
	MEDIATE_OUTCOME_COUNT,
};

/* CLOSE_NONE for MEDIATE_CONNECTED. `status` is an NTSTATUS with MEDIATE_LOGON_REFUSED (nla/statuses.def). */
enum close_reason mediate_close_reason(enum mediate_outcome outcome, uint32_t status);

/* What there is to say besides the close reason; may be "". */
const char *mediate_text(enum mediate_outcome outcome);

#endif
