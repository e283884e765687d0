/* terminal.look and terminal.check: answered after a visit to the store, and to the jump hosts. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sentence.h"
#include "policy/method_call.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"
#include "rdp/x224.h"
#include "relay/host_certificate.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/health.h"
#include "supervisor/host_findings.h"
#include "supervisor/looks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Terminals that one call looks at at the same time. */
#define CHECKS_AT_ONCE 8

struct checked {
	struct check *check;
	struct terminal terminal;
	enum host_question question;
	struct host_findings findings;
};

/* One call, from the store to its answer. */
struct check {
	struct control_call *call;
	struct checked *items;
	size_t count, room;
	size_t begun, done;
	bool failed; /* the gateway could not look: the text says why */
	char why[256];
};

static void
check_free(struct check *check)
{
	for (size_t i = 0; i < check->count; i++)
		terminal_done(&check->items[i].terminal);
	free(check->items);
	free(check);
}

/* Reading the terminals, on a store thread */

static int
add_terminal(struct check *check, struct terminal *terminal)
{
	struct checked *grown;

	if (check->count == check->room) {
		grown = reallocarray(check->items, check->room + 64, sizeof(*grown));
		if (grown == NULL) {
			terminal_done(terminal);
			return -ENOMEM;
		}
		check->items = grown;
		check->room += 64;
	}
	check->items[check->count++] = (struct checked){.check = check, .terminal = *terminal};
	return 0;
}

static int
add_named(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	struct check *check = argument;
	struct terminal terminal = {0};
	int r;

	r = method_find_terminal(db, call, name, &terminal);
	if (r < 0)
		return r;
	for (size_t i = 0; i < check->count; i++)
		if (check->items[i].terminal.number == terminal.number) {
			terminal_done(&terminal); /* named twice */
			return 0;
		}
	return add_terminal(check, &terminal);
}

static int
add_if_in_service(struct store_db *db, const struct terminal *terminal, void *argument)
{
	struct terminal copy;
	int r;

	if (!terminal->in_service)
		return 0;
	r = terminal_load(db, terminal->number, &copy);
	return r < 0 ? r : add_terminal(argument, &copy);
}

static int
check_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct check *check = call->more;
	const json_t *names = json_object_get(call->method.params, "names");

	method_call_reset(&call->method);
	for (size_t i = 0; i < check->count; i++)
		terminal_done(&check->items[i].terminal);
	check->count = 0;
	if (json_is_true(json_object_get(call->method.params, "all")))
		return terminal_each(db, add_if_in_service, check);
	if (json_array_size(names) == 0)
		return method_refuse(&call->method, METHOD_REFUSED,
			"say which terminals, or that all are meant (--all)");
	return param_each_text(&call->method, names, "names", add_named, db, check);
}

/* The answer */

static json_t *
seconds_json(uint64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];

	/* A certificate may say anything: beyond the year 9999 it is no date. */
	if (seconds > UINT64_C(253402300799))
		return json_null();
	clock_format_utc((int64_t)seconds * 1000000, text);
	return json_string(text);
}

static const char *
tls_version_name(uint16_t version)
{
	return version == 0x0304 ? "1.3" : version == 0x0303 ? "1.2" : "-";
}

static json_t *
certificate_json(const struct host_findings *findings, int64_t now_us)
{
	const struct msg_host_report *report = &findings->report;
	int64_t left_us = findings->seen.not_after_us - now_us;
	const int64_t day_us = INT64_C(86400) * 1000000;
	char sha256[2 * TERMINAL_PIN_BYTES + 1];

	if (!findings->seen.has_certificate)
		return json_null();
	bytes_to_hex(report->sha256, report->sha256_len, sha256);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I}", "subject", report->subject, "names",
		report->names, "issuer", report->issuer, "sha256", sha256, "not_before",
		seconds_json(report->not_before), "not_after", seconds_json(report->not_after),
		"days_left", (json_int_t)((left_us - (left_us < 0 ? day_us - 1 : 0)) / day_us));
}

static json_t *
offers_json(const struct host_findings *findings)
{
	json_t *offers = json_object();

	for (int i = 0; i < HOST_QUESTION_COUNT; i++)
		(void)json_object_set_new(offers, host_question_name((enum host_question)i),
			findings->offers[i] == HOST_OFFER_UNKNOWN
				? json_null()
				: json_boolean(findings->offers[i] == HOST_OFFER_YES));
	return offers;
}

static json_t *
trusted_json(const struct host_findings *findings)
{
	switch (findings->report.judged) {
	case HOST_IS_TRUSTED:
		return json_true();
	case HOST_IS_ANOTHER:
		return json_false();
	default:
		return json_null();
	}
}

static json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
checked_json(const struct checked *checked, const struct health_limits *limits, int64_t now_us)
{
	const struct host_findings *findings = &checked->findings;
	const struct terminal *terminal = &checked->terminal;
	uint32_t warnings = host_findings_warnings(findings, terminal->trust, limits, now_us);
	bool failed = findings->reason != CLOSE_CHECK_DONE;
	const char *event = event_row(close_reason_row(findings->reason)->event)->id;

	return json_pack(
		"{s:s, s:s, s:i, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}",
		"name", terminal->name, "address", terminal->address, "port", (int)terminal->port,
		"in_service", terminal->in_service, "reachable", findings->seen.reachable, "event",
		failed ? json_string(event) : json_null(), "why", text_or_null(findings->why),
		"protocols", offers_json(findings), "tls_version",
		findings->seen.has_certificate
			? json_string(tls_version_name(findings->report.tls_version))
			: json_null(),
		"cipher", text_or_null(findings->report.cipher), "certificate",
		certificate_json(findings, now_us), "trust", terminal_trust_name(terminal->trust),
		"trusted", trusted_json(findings), "distrust",
		text_or_null(findings->report.distrust), "problems",
		terminal_warnings_json(warnings));
}

static void
check_answer(struct check *check)
{
	struct control_call *call = check->call;
	struct health_limits limits;
	json_t *list = json_array();
	int64_t now_us = clock_now();

	health_limits_from(call->supervisor->settings, &limits);
	for (size_t i = 0; i < check->count; i++)
		(void)json_array_append_new(list, checked_json(&check->items[i], &limits, now_us));
	if (check->failed) {
		json_decref(list);
		control_call_refuse(call, METHOD_REFUSED, check->why, NULL, NULL);
	} else {
		control_call_answer(call, json_pack("{s:o}", "checks", list));
	}
	check_free(check);
}

/* Looking */

static void check_go_on(struct check *check);

static void
fail(struct check *check, const char *why)
{
	if (!check->failed)
		snprintf(check->why, sizeof(check->why), "%s", why);
	check->failed = true;
}

static void
end_one(struct checked *checked)
{
	struct check *check = checked->check;

	host_findings_settle(&checked->findings, &checked->terminal);
	check->done++;
	control_call_progress(check->call, "terminals", check->done, check->count);
	check_go_on(check);
}

static void on_answer(void *owner, enum close_reason reason, const char *detail,
	const struct msg_host_report *report);

static int
ask(struct checked *checked)
{
	const struct look_setup setup = {
		.terminal = &checked->terminal,
		.protocols = host_question_protocols(checked->question),
		.secure = host_wants_tls(&checked->findings, checked->question),
		.done = on_answer,
		.owner = checked,
	};

	return look_start(checked->check->call->supervisor->looks, &setup);
}

static const char *
cannot_look(int error)
{
	return error == -EBUSY ? N_("too many hosts are being looked at")
			       : N_("the host cannot be dialled");
}

static void
on_answer(void *owner, enum close_reason reason, const char *detail,
	const struct msg_host_report *report)
{
	struct checked *checked = owner;
	struct check *check = checked->check;
	bool more;
	int r = 0;

	if (!host_spoke(reason)) {
		char why[256];

		host_failure_text(reason, detail, why, sizeof(why));
		fail(check, why);
		end_one(checked);
		return;
	}
	more = host_findings_take(&checked->findings, checked->question, reason, detail, report);
	if (more && ++checked->question < HOST_QUESTION_COUNT) {
		r = ask(checked);
		if (r == 0)
			return;
		fail(check, cannot_look(r));
	}
	end_one(checked);
}

/* Begins what may begin, and answers once nothing is left. What has failed for the gateway's own reasons ends
 * the whole call: half a list would look like a whole one. */
static void
check_go_on(struct check *check)
{
	while (!check->failed && check->begun < check->count &&
		check->begun - check->done < CHECKS_AT_ONCE) {
		int r = ask(&check->items[check->begun]);

		if (r == 0)
			check->begun++;
		else
			fail(check, cannot_look(r));
	}
	if (check->done == check->begun)
		check_answer(check);
}

static void
check_found(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct check *check = call->more;

	call->more = NULL;
	if (status < 0) {
		check_free(check);
		control_call_fail(call, status);
		return;
	}
	check_go_on(check);
}

void
method_terminal_check(struct control_call *call)
{
	struct check *check = calloc(1, sizeof(*check));

	if (check == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	check->call = call;
	call->more = check;
	call->job.work = check_work;
	call->job.done = check_found;
	store_read(call->supervisor->store, &call->job);
}

/* terminal.look: what a session with NLA asks, and nothing else. */

static int
look_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct terminal *terminal = call->more;

	method_call_reset(&call->method);
	terminal_done(terminal);
	*terminal = (struct terminal){0};
	return method_find_terminal(db, &call->method, control_call_text(call, "name"), terminal);
}

static json_t *
report_json(const struct msg_host_report *report)
{
	char sha256[2 * TERMINAL_PIN_BYTES + 1] = "";

	bytes_to_hex(report->sha256, report->sha256_len, sha256);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "protocol",
		report->protocol == RDP_PROTOCOL_SSL ? "tls" : "nla", "tls_version",
		tls_version_name(report->tls_version), "cipher", report->cipher, "sha256", sha256,
		"subject", report->subject, "names", report->names, "issuer", report->issuer,
		"not_before", seconds_json(report->not_before), "not_after",
		seconds_json(report->not_after));
}

static void
on_looked(void *owner, enum close_reason reason, const char *detail,
	const struct msg_host_report *report)
{
	struct control_call *call = owner;
	char message[256];

	if (reason == CLOSE_CHECK_DONE && report->sha256_len == TERMINAL_PIN_BYTES) {
		control_call_answer(call, report_json(report));
		return;
	}
	host_failure_text(reason == CLOSE_CHECK_DONE ? CLOSE_HOST_NO_TLS : reason, detail, message,
		sizeof(message));
	control_call_refuse(call, METHOD_REFUSED, message, NULL, NULL);
}

static void
look_found(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct terminal *terminal = call->more;
	struct look_setup setup = {
		.terminal = terminal,
		.protocols = RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID | RDP_PROTOCOL_HYBRID_EX,
		.secure = true,
		.done = on_looked,
		.owner = call,
	};
	int r = status;

	call->more = NULL;
	if (status == 0)
		r = look_start(call->supervisor->looks, &setup);
	terminal_done(terminal);
	free(terminal);
	if (status < 0)
		control_call_fail(call, status);
	else if (r < 0)
		control_call_refuse(call, METHOD_REFUSED, cannot_look(r), NULL, NULL);
}

void
method_terminal_look(struct control_call *call)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	if (terminal == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	call->more = terminal;
	call->job.work = look_work;
	call->job.done = look_found;
	store_read(call->supervisor->store, &call->job);
}
