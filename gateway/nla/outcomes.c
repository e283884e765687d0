/* See outcomes.h. */
#include "nla/outcomes.h"

#include "base/cleanup.h"

#include <stddef.h>

static const struct status_row {
	uint32_t status;
	const char *name;
	enum close_reason reason;
} statuses[] = {
#define STATUS(number, name, reason) {number, #name, CLOSE_##reason},
#include "nla/statuses.def"
#undef STATUS
};

static const struct status_row *
find_status(uint32_t status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return NULL;
}

const char *
nla_status_name(uint32_t status)
{
	const struct status_row *row = find_status(status);

	return row != NULL ? row->name : "";
}

static enum close_reason
reason_of_status(uint32_t status)
{
	const struct status_row *row = find_status(status);

	return row != NULL ? row->reason : CLOSE_HOST_LOGON;
}

enum close_reason
nla_close_reason(enum nla_outcome outcome, uint32_t status)
{
	static const enum close_reason reasons[NLA_OUTCOME_COUNT] = {
		[NLA_ACCEPTED] = CLOSE_NONE,
		/* The four bytes have one way to say no. */
		[NLA_NOT_AUTHORISED] = CLOSE_HOST_LOGON_TYPE,
		[NLA_MALFORMED] = CLOSE_HOST_CREDSSP,
		[NLA_TOO_OLD] = CLOSE_HOST_CREDSSP_OLD,
		[NLA_KEY_NOT_PROVED] = CLOSE_HOST_KEY_NOT_PROVED,
		[NLA_CERTIFICATE] = CLOSE_HOST_CERTIFICATE,
		[NLA_NO_PACKAGE] = CLOSE_NLA_FAULT,
		[NLA_OUT_OF_ROOM] = CLOSE_OUT_OF_ROOM,
	};

	if (outcome == NLA_REFUSED)
		return reason_of_status(status);
	return outcome < NLA_OUTCOME_COUNT ? reasons[outcome] : CLOSE_NLA_FAULT;
}
