/* See outcomes.h. */
#include "mediator/outcomes.h"

#include "nla/outcomes.h"

static const struct outcome_row {
	enum close_reason reason;
	const char *text;
} rows[MEDIATE_OUTCOME_COUNT] = {
#define OUTCOME(name, reason, text) [MEDIATE_##name] = {CLOSE_##reason, text},
#include "mediator/outcomes.def"
#undef OUTCOME
};

enum close_reason
mediate_close_reason(enum mediate_outcome outcome, uint32_t status)
{
	if (outcome >= MEDIATE_OUTCOME_COUNT)
		return CLOSE_MEDIATOR_FAULT;
	if (outcome == MEDIATE_LOGON_REFUSED)
		return nla_close_reason(NLA_REFUSED, status);
	return rows[outcome].reason;
}

const char *
mediate_text(enum mediate_outcome outcome)
{
	return outcome < MEDIATE_OUTCOME_COUNT ? rows[outcome].text : "";
}
