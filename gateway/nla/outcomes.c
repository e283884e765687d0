/* See outcomes.h. */
#include "nla/outcomes.h"

#include "base/cleanup.h"

#include <stddef.h>

struct status_row {
	uint32_t status;
	const char *name;
	enum close_reason reason;
};

static const struct status_row statuses[] = {
#define STATUS(number, name, reason) {number, #name, CLOSE_##reason},
#include "nla/statuses.def"
#undef STATUS
};

static const struct status_row kdc_errors[] = {
#define KDC_ERROR(number, name, reason) {number, #name, CLOSE_##reason},
#include "nla/kdc_errors.def"
#undef KDC_ERROR
};

static const struct status_row *
find_status(enum nla_outcome outcome, uint32_t status)
{
	const struct status_row *rows = outcome == NLA_NO_TICKET ? kdc_errors : statuses;
	size_t count = outcome == NLA_NO_TICKET ? ARRAY_SIZE(kdc_errors) : ARRAY_SIZE(statuses);

	for (size_t i = 0; i < count; i++)
		if (rows[i].status == status)
			return &rows[i];
	return NULL;
}

const char *
nla_status_name(enum nla_outcome outcome, uint32_t status)
{
	const struct status_row *row = find_status(outcome, status);

	return row != NULL ? row->name : "";
}

enum close_reason
nla_close_reason(enum nla_outcome outcome, uint32_t status)
{
	static const enum close_reason reasons[NLA_OUTCOME_COUNT] = {
		[NLA_ACCEPTED] = CLOSE_NONE,
		[NLA_REFUSED] = CLOSE_HOST_LOGON,
		/* The four bytes have one way to say no. */
		[NLA_NOT_AUTHORISED] = CLOSE_HOST_LOGON_TYPE,
		[NLA_MALFORMED] = CLOSE_HOST_CREDSSP,
		[NLA_TOO_OLD] = CLOSE_HOST_CREDSSP_OLD,
		[NLA_KEY_NOT_PROVED] = CLOSE_HOST_KEY_NOT_PROVED,
		[NLA_CERTIFICATE] = CLOSE_HOST_CERTIFICATE,
		[NLA_NO_PACKAGE] = CLOSE_NLA_FAULT,
		[NLA_OUT_OF_ROOM] = CLOSE_OUT_OF_ROOM,
		[NLA_NO_KDC] = CLOSE_KERBEROS_NO_KDC,
		[NLA_KDC_MALFORMED] = CLOSE_KERBEROS_ANSWER,
		[NLA_NO_TICKET] = CLOSE_KERBEROS_REFUSED,
	};
	const struct status_row *row = NULL;

	if (outcome == NLA_REFUSED || outcome == NLA_NO_TICKET)
		row = find_status(outcome, status);
	if (row != NULL)
		return row->reason;
	return outcome < NLA_OUTCOME_COUNT ? reasons[outcome] : CLOSE_NLA_FAULT;
}
