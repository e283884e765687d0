/* What looks at a jump host mean; see host_findings.h. */
#include "supervisor/host_findings.h"

#include "base/log.h"
#include "rdp/x224.h"
#include "relay/host_certificate.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t ask;
	uint32_t yes;
} questions[HOST_QUESTION_COUNT] = {
#define HOST_QUESTION(NAME, name, ask, yes) [HOST_QUESTION_##NAME] = {name, ask, yes},
#include "supervisor/host_questions.def"
#undef HOST_QUESTION
};

const char *
host_question_name(enum host_question question)
{
	return questions[question].name;
}

uint32_t
host_question_protocols(enum host_question question)
{
	return questions[question].ask;
}

bool
host_spoke(enum close_reason reason)
{
	return reason == CLOSE_CHECK_DONE || close_reason_row(reason)->who == 'H';
}

void
host_failure_text(enum close_reason reason, const char *detail, char *ret_text, size_t size)
{
	snprintf(ret_text, size, detail[0] == '\0' ? "%s%s" : "%s: %s",
		event_row(close_reason_row(reason)->event)->text, detail);
}

int64_t
host_instant_us(uint64_t seconds)
{
	const uint64_t most = UINT64_C(253402300799);

	return (int64_t)(seconds < most ? seconds : most) * 1000000;
}

static void
see_certificate(const struct msg_host_report *report, struct host_seen *seen)
{
	if (report->sha256_len != TERMINAL_PIN_BYTES)
		return;
	seen->has_certificate = true;
	seen->another = report->judged == HOST_IS_ANOTHER;
	memcpy(seen->sha256, report->sha256, sizeof(seen->sha256));
	seen->not_before_us = host_instant_us(report->not_before);
	seen->not_after_us = host_instant_us(report->not_after);
}

void
host_seen_by_look(enum close_reason reason, const char *detail,
	const struct msg_host_report *report, char *why, struct host_seen *ret_seen)
{
	struct host_seen seen = {.why = why};

	why[0] = '\0';
	seen.reachable = reason == CLOSE_CHECK_DONE || reason == CLOSE_HOST_TLS_FAILED;
	if (report != NULL)
		see_certificate(report, &seen);
	seen.no_tls = seen.reachable && !seen.has_certificate;
	if (reason != CLOSE_CHECK_DONE)
		host_failure_text(reason, detail, why, HEALTH_WHY_SIZE);
	else if (seen.no_tls)
		host_failure_text(CLOSE_HOST_NO_TLS, "", why, HEALTH_WHY_SIZE);
	*ret_seen = seen;
}

bool
host_wants_tls(const struct host_findings *findings, enum host_question question)
{
	return !findings->tls_tried && question <= HOST_QUESTION_NLA_EX;
}

static enum host_offer
offer_of(enum host_question question, const struct msg_host_report *report)
{
	switch (report->answer) {
	case HOST_SAID_PLAIN:
		return question == HOST_QUESTION_RDP ? HOST_OFFER_YES : HOST_OFFER_NO;
	case HOST_SELECTED:
		return report->protocol == questions[question].yes ? HOST_OFFER_YES : HOST_OFFER_NO;
	case HOST_FAILED:
		return HOST_OFFER_NO;
	default:
		return HOST_OFFER_UNKNOWN;
	}
}

static void
note_failure(struct host_findings *findings, enum close_reason reason, const char *detail)
{
	findings->reason = reason;
	host_failure_text(reason, detail, findings->why, sizeof(findings->why));
}

static void
take_first(struct host_findings *findings, enum close_reason reason, const char *detail)
{
	*findings = (struct host_findings){.reason = CLOSE_CHECK_DONE};
	findings->seen.why = findings->why;
	findings->seen.reachable = reason == CLOSE_CHECK_DONE || reason == CLOSE_HOST_TLS_FAILED;
	if (!findings->seen.reachable)
		note_failure(findings, reason, detail);
}

bool
host_findings_take(struct host_findings *findings, enum host_question question,
	enum close_reason reason, const char *detail, const struct msg_host_report *report)
{
	if (question == HOST_QUESTION_TLS)
		take_first(findings, reason, detail);
	if (!findings->seen.reachable)
		return false;
	if (report != NULL)
		findings->offers[question] = offer_of(question, report);
	if (reason == CLOSE_HOST_TLS_FAILED) {
		findings->tls_tried = true;
		note_failure(findings, reason, detail);
	}
	if (report != NULL && report->sha256_len == TERMINAL_PIN_BYTES) {
		findings->tls_tried = true;
		findings->report = *report;
		see_certificate(report, &findings->seen);
	}
	if (question == HOST_QUESTION_TLS && findings->offers[question] != HOST_OFFER_YES)
		note_failure(findings, CLOSE_HOST_NO_TLS, "");
	findings->seen.no_tls = findings->offers[HOST_QUESTION_TLS] != HOST_OFFER_YES ||
				findings->reason == CLOSE_HOST_TLS_FAILED;
	/* A host that hangs up at a question has answered in its way; one that is silent or gone has not. */
	return reason == CLOSE_CHECK_DONE || reason == CLOSE_HOST_TLS_FAILED ||
	       reason == CLOSE_HOST_REFUSED || reason == CLOSE_HOST_NOT_RDP;
}

static bool
offers_nla(const struct host_findings *findings)
{
	return findings->offers[HOST_QUESTION_NLA] == HOST_OFFER_YES ||
	       findings->offers[HOST_QUESTION_NLA_EX] == HOST_OFFER_YES;
}

void
host_findings_settle(struct host_findings *findings, const struct terminal *terminal)
{
	bool can_nla =
		terminal->nla != TERMINAL_NLA_OFF && terminal->credentials != CREDENTIALS_TYPED;

	if (findings->reason == CLOSE_HOST_NO_TLS && offers_nla(findings)) {
		findings->reason = CLOSE_CHECK_DONE;
		findings->why[0] = '\0';
		findings->seen.no_tls = false;
		if (!can_nla)
			note_failure(findings, CLOSE_HOST_WANTS_NLA, "");
	}
	if (findings->reason == CLOSE_CHECK_DONE && terminal->nla == TERMINAL_NLA_REQUIRED &&
		findings->offers[HOST_QUESTION_NLA] == HOST_OFFER_NO &&
		findings->offers[HOST_QUESTION_NLA_EX] == HOST_OFFER_NO)
		note_failure(findings, CLOSE_HOST_WITHOUT_NLA, "");
}

uint32_t
host_findings_warnings(const struct host_findings *findings, enum terminal_trust trust,
	const struct health_limits *limits, int64_t now_us)
{
	uint32_t warnings = certificate_warnings(&findings->seen, limits, now_us);

	if (!findings->seen.reachable)
		return WARNING_BIT(UNREACHABLE);
	if (findings->seen.no_tls)
		warnings |= WARNING_BIT(NO_TLS);
	if (trust == TERMINAL_TRUST_NONE)
		warnings |= WARNING_BIT(NOT_TRUSTED);
	return warnings;
}
