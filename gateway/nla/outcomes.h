/* How NLA with a jump host ended, in words that sekisho-nla and the supervisor share, and which close reason that is. Pure. */
#ifndef NLA_OUTCOMES_H
#define NLA_OUTCOMES_H

#include "relay/close_reasons.h"

/* Numbers of field `outcome` of NLA_RESULT. */
enum nla_outcome {
	NLA_ACCEPTED,
	NLA_REFUSED,        /* the jump host, or the security package, said no: `status` */
	NLA_NOT_AUTHORISED, /* … in the four bytes of PROTOCOL_HYBRID_EX: `status` */
	NLA_MALFORMED,      /* what came is no CredSSP, or not what may come now */
	NLA_TOO_OLD,        /* the jump host's CredSSP is older than version 5 */
	NLA_KEY_NOT_PROVED, /* the peer of CredSSP does not have the TLS that we have */
	NLA_CERTIFICATE,    /* it is not the certificate that was pinned, or none of the CA's */
	NLA_NO_PACKAGE,     /* no security package can be used here */
	NLA_OUT_OF_ROOM,
	NLA_NO_KDC,        /* no KDC of the settings has answered in time */
	NLA_KDC_MALFORMED, /* what one answered is no answer to what was asked */
	NLA_NO_TICKET,     /* one said no: `status`, the error number of RFC 4120 7.5.9 */
	NLA_OUTCOME_COUNT,
};

/* Numbers of field `nla` of ATTACH. */
enum attach_nla {
	ATTACH_WITHOUT_NLA,
	ATTACH_NLA_IF_OFFERED,
	ATTACH_NLA_REQUIRED,
};

/* What CredSSP waits for, and so how the bytes that come next are framed: numbers of field `wants` of NLA_TO_HOST. */
enum credssp_wants {
	CREDSSP_NOTHING,       /* it is over */
	CREDSSP_REQUEST,       /* a TSRequest */
	CREDSSP_AUTHORISATION, /* TS_AUTHORISATION_LEN bytes, or a TSRequest, which begins with 0x30 */
};

/* CLOSE_NONE for NLA_ACCEPTED. The rows are in statuses.def and kdc_errors.def. */
enum close_reason nla_close_reason(enum nla_outcome outcome, uint32_t status);

/* "STATUS_LOGON_FAILURE", after NLA_NO_TICKET "KDC_ERR_PREAUTH_FAILED"; "" for a number that has no row. */
const char *nla_status_name(enum nla_outcome outcome, uint32_t status);

#endif
