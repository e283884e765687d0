/* What looks at a jump host mean: one alone (health), or all of host_questions.def together (terminal check). Pure. */
#ifndef SUPERVISOR_HOST_FINDINGS_H
#define SUPERVISOR_HOST_FINDINGS_H

#include "messages/messages.h"
#include "policy/terminal_health.h"
#include "relay/close_reasons.h"

#include <stdbool.h>

enum host_question {
#define HOST_QUESTION(NAME, name, ask, yes) HOST_QUESTION_##NAME,
#include "supervisor/host_questions.def"
#undef HOST_QUESTION
	HOST_QUESTION_COUNT
};

const char *host_question_name(enum host_question question); /* "nla-ex" */
uint32_t host_question_protocols(enum host_question question);

enum host_offer {
	HOST_OFFER_UNKNOWN,
	HOST_OFFER_NO,
	HOST_OFFER_YES,
};

struct host_findings {
	struct host_seen seen; /* its `why` is the field below */
	char why[HEALTH_WHY_SIZE];
	enum close_reason reason; /* why not, CLOSE_CHECK_DONE if nothing failed */
	enum host_offer offers[HOST_QUESTION_COUNT];
	bool tls_tried;
	struct msg_host_report report; /* of the handshake, if there was one */
};

/* The end says something about the host, and not about the gateway (no worker, no memory, stopping). */
bool host_spoke(enum close_reason reason);

/* "the jump host did not accept the connection: connection refused" */
void host_failure_text(enum close_reason reason, const char *detail, char *ret_text, size_t size);

/* What a certificate says of its dates, in microseconds. It may say anything: what is beyond the year 9999 counts as that. */
int64_t host_instant_us(uint64_t seconds);

/* One look that asked for everything a host may want TLS for. why: HEALTH_WHY_SIZE, kept in ret_seen. */
void host_seen_by_look(enum close_reason reason, const char *detail,
	const struct msg_host_report *report, char *why, struct host_seen *ret_seen);

/* Whether this question should go on with TLS: once the certificate has been seen, none needs to. */
bool host_wants_tls(const struct host_findings *findings, enum host_question question);

/* Takes the answer to a question. False: do not ask on. */
bool host_findings_take(struct host_findings *findings, enum host_question question,
	enum close_reason reason, const char *detail, const struct msg_host_report *report);

/* After the last answer: a host that takes NLA alone is right for a terminal whose sessions have credentials, and one without NLA is
 * wrong for a terminal that requires it. */
void host_findings_settle(struct host_findings *findings, const struct terminal *terminal);

/* Bits of enum terminal_warning: everything that is wrong with this terminal. */
uint32_t host_findings_warnings(const struct host_findings *findings, enum terminal_trust trust,
	const struct health_limits *limits, int64_t now_us);

#endif
