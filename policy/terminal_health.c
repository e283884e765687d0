/* How terminals are; see terminal_health.h. */
#include "policy/terminal_health.h"

#include <stdio.h>
#include <string.h>

static const char *const words[TERMINAL_WARNING_COUNT] = {
#define TERMINAL_WARNING(NAME, word) [TERMINAL_WARNING_##NAME] = word,
#include "policy/terminal_warnings.def"
#undef TERMINAL_WARNING
};

const char *
terminal_warning_word(enum terminal_warning warning)
{
	return words[warning];
}

void
terminal_warnings_format(uint32_t warnings, char *ret_text)
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (int i = 0; i < TERMINAL_WARNING_COUNT; i++)
		if ((warnings & UINT32_C(1) << i) != 0)
			len += (size_t)snprintf(ret_text + len, HEALTH_WARNINGS_SIZE - len, "%s%s",
				len > 0 ? "," : "", words[i]);
}

uint32_t
terminal_warnings_parse(const char *text)
{
	uint32_t warnings = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		for (int i = 0; i < TERMINAL_WARNING_COUNT; i++)
			if (strlen(words[i]) == len && strncmp(words[i], text, len) == 0)
				warnings |= UINT32_C(1) << i;
		text += len + (text[len] == ',');
	}
	return warnings;
}

uint32_t
certificate_warnings(
	const struct host_seen *seen, const struct health_limits *limits, int64_t now_us)
{
	uint32_t warnings = 0;

	if (!seen->has_certificate)
		return 0;
	if (seen->another)
		warnings |= WARNING_BIT(CERTIFICATE_CHANGED);
	if (now_us < seen->not_before_us)
		warnings |= WARNING_BIT(CERTIFICATE_NOT_YET_VALID);
	if (now_us >= seen->not_after_us)
		warnings |= WARNING_BIT(CERTIFICATE_EXPIRED);
	else if (seen->not_after_us - now_us < limits->certificate_us)
		warnings |= WARNING_BIT(CERTIFICATE_EXPIRES);
	return warnings;
}

static void
take_certificate(struct terminal_health *next, const struct host_seen *seen)
{
	if (!seen->has_certificate)
		return;
	next->has_certificate = true;
	memcpy(next->sha256, seen->sha256, sizeof(next->sha256));
	next->certificate_until_us = seen->not_after_us;
}

static bool
same_certificate(const struct terminal_health *before, const struct terminal_health *next)
{
	return before != NULL && before->has_certificate == next->has_certificate &&
	       memcmp(before->sha256, next->sha256, sizeof(next->sha256)) == 0;
}

/* What it shows is only known while it answers: until then the warnings about its certificate stay. */
static uint32_t
warnings_of(const struct terminal_health *before, const struct terminal_health *next,
	const struct host_seen *seen, const struct health_limits *limits)
{
	const uint32_t kept = WARNING_BIT(CERTIFICATE_CHANGED) |
			      WARNING_BIT(CERTIFICATE_NOT_YET_VALID) |
			      WARNING_BIT(CERTIFICATE_EXPIRES) | WARNING_BIT(CERTIFICATE_EXPIRED);
	int64_t up_since = next->last_restart_us > 0 ? next->last_restart_us : next->watched_us;
	uint32_t warnings;

	if (seen->has_certificate)
		warnings = certificate_warnings(seen, limits, next->checked_us);
	else
		warnings = before != NULL ? before->warnings & kept : 0;
	if (seen->no_tls)
		warnings |= WARNING_BIT(NO_TLS);
	if (!next->reachable && next->checked_us - next->since_us >= limits->away_us)
		warnings |= WARNING_BIT(UNREACHABLE);
	if (next->reachable && limits->restart_us > 0 &&
		next->checked_us - up_since >= limits->restart_us)
		warnings |= WARNING_BIT(NO_RESTART);
	return warnings;
}

static bool
worth_writing(const struct terminal_health *before, const struct terminal_health *next)
{
	return before == NULL || before->reachable != next->reachable ||
	       before->warnings != next->warnings || strcmp(before->why, next->why) != 0 ||
	       !same_certificate(before, next) ||
	       next->checked_us - before->checked_us >= HEALTH_REFRESH_US ||
	       next->checked_us < before->checked_us;
}

void
health_next(const struct terminal_health *before, const struct host_seen *seen,
	const struct health_limits *limits, int64_t now_us, struct terminal_health *ret_next,
	struct health_change *ret_change)
{
	struct terminal_health next = {.watched_us = now_us, .since_us = now_us};
	struct health_change change = {0};
	bool another_one;

	if (before != NULL)
		next = *before;
	if (before != NULL && before->reachable != seen->reachable) {
		next.since_us = now_us;
		change.returned = seen->reachable;
	}
	if (change.returned)
		next.last_restart_us = now_us;
	/* Faster than anybody looks: a program that breaks ends its own session, a network that breaks says nothing. */
	if (seen->reachable && before != NULL && before->reachable &&
		seen->dropped_us > before->last_restart_us) {
		next.last_restart_us = seen->dropped_us;
		change.returned = true;
	}
	next.checked_us = now_us;
	next.reachable = seen->reachable;
	snprintf(next.why, sizeof(next.why), "%s", seen->why);
	take_certificate(&next, seen);
	next.warnings = warnings_of(before, &next, seen, limits);

	another_one = before != NULL && before->has_certificate && !same_certificate(before, &next);
	change.begun = next.warnings & ~(before != NULL ? before->warnings : 0);
	change.ended = before != NULL ? before->warnings & ~next.warnings : 0;
	/* Changed, and changed again: that is news too. */
	if (another_one)
		change.begun |= next.warnings & WARNING_BIT(CERTIFICATE_CHANGED);
	change.new_certificate =
		another_one && (next.warnings & WARNING_BIT(CERTIFICATE_CHANGED)) == 0;
	change.write = change.returned || worth_writing(before, &next);
	*ret_next = next;
	*ret_change = change;
}
