/* What is remarkable about an account; see review.h. One small function per row of findings.def. */
#include "policy/review.h"

#include "base/cleanup.h"

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))

static bool
connects(const struct review_facts *facts)
{
	return facts->kind == ACCOUNT_ENGINEER;
}

/* One that was made last week has not been left unused for three months. */
static bool
is_unused(const struct review_facts *facts, const struct review_question *question)
{
	int64_t since = facts->last_session_us != 0 ? facts->last_session_us : facts->created_us;

	return connects(facts) && question->now_us - since >= question->unused_days * DAY_US;
}

static bool
is_never_used(const struct review_facts *facts, const struct review_question *question)
{
	(void)question;
	return connects(facts) && facts->last_session_us == 0;
}

static bool
is_expired(const struct review_facts *facts, const struct review_question *question)
{
	return civil_date_compare(question->today, facts->valid_until) > 0;
}

static bool
ends_soon(const struct review_facts *facts, const struct review_question *question)
{
	struct civil_date last = civil_date_add_days(question->today, (int)question->ending_days);

	return !is_expired(facts, question) && civil_date_compare(facts->valid_until, last) <= 0;
}

static bool
has_no_device(const struct review_facts *facts, const struct review_question *question)
{
	(void)question;
	return connects(facts) && facts->allowlist_enforced && facts->macs == 0;
}

static bool
has_no_terminal(const struct review_facts *facts, const struct review_question *question)
{
	(void)question;
	return connects(facts) && facts->terminals == 0;
}

static bool
takes_any_device(const struct review_facts *facts, const struct review_question *question)
{
	(void)question;
	return connects(facts) && !facts->allowlist_enforced;
}

static bool
is_locked(const struct review_facts *facts, const struct review_question *question)
{
	(void)question;
	return facts->locked;
}

static bool
is_protected(const struct review_facts *facts, const struct review_question *question)
{
	(void)question;
	return facts->protected;
}

static const struct {
	const char *name;
	bool (*found)(const struct review_facts *facts, const struct review_question *question);
} findings[FINDING_COUNT] = {
#define FINDING(name_, text, function) [FINDING_##name_] = {text, function},
#include "policy/findings.def"
#undef FINDING
};

const char *
review_finding_name(enum review_finding finding)
{
	return findings[finding].name;
}

unsigned
review_findings(const struct review_facts *facts, const struct review_question *question)
{
	unsigned found = 0;

	for (size_t i = 0; i < FINDING_COUNT; i++)
		if (findings[i].found(facts, question))
			found |= 1u << i;
	return found;
}
