/* See pam_rules.h. */
#include "supervisor/pam_rules.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "base/utf_8.h"
#include "pam/steps.h"
#include "settings/settings.h"

#include <assert.h>
#include <errno.h>
#include <security/_pam_types.h>
#include <string.h>

static const char *const step_names[] = {
#define STEP(name, text) [PAM_STEP_##name] = text,
#include "pam/steps.def"
#undef STEP
};

const char *
pam_step_name(uint8_t step)
{
	return step < ARRAY_SIZE(step_names) ? step_names[step] : "?";
}

bool
pam_may_be(const struct pam_told *told, int64_t typed, int64_t number)
{
	if (told->something && told->number != number)
		return false;
	return typed == 0 || typed == number;
}

static bool
accepted(const struct pam_told *told, enum sign_in_report what)
{
	return (told->accepted & 1u << what) != 0;
}

bool
pam_may_report(const struct pam_told *told, uint8_t what)
{
	bool bound = told->second_factor == SECOND_FACTOR_BOUND;
	bool to_bind = told->second_factor == SECOND_FACTOR_TO_BIND;

	if (!told->something || told->reports >= PAM_REPORTS_MOST || told->wait_ms > 0)
		return false;
	if (what == SIGN_IN_PASSWORD_WRONG || what == SIGN_IN_PASSWORD_RIGHT)
		return told->reports == 0;
	if (!accepted(told, SIGN_IN_PASSWORD_RIGHT) || accepted(told, SIGN_IN_BARRED))
		return false;
	switch (what) {
	case SIGN_IN_CODE_WRONG:
	case SIGN_IN_CODE_RIGHT:
		return bound && !accepted(told, SIGN_IN_CODE_RIGHT);
	case SIGN_IN_BARRED:
		return !bound || accepted(told, SIGN_IN_CODE_RIGHT);
	case SIGN_IN_BOUND:
		return to_bind && !accepted(told, SIGN_IN_BOUND);
	case SIGN_IN_PASSWORD_NEW:
	case SIGN_IN_RIGHT:
		return (!bound || accepted(told, SIGN_IN_CODE_RIGHT)) &&
		       (!to_bind || accepted(told, SIGN_IN_BOUND));
	default:
		return false;
	}
}

/* Of PAM's codes, those that say nothing about the user: something is broken. */
static bool
is_failure(uint32_t code)
{
	static const uint32_t failures[] = {PAM_OPEN_ERR, PAM_SYMBOL_ERR, PAM_SERVICE_ERR,
		PAM_SYSTEM_ERR, PAM_BUF_ERR, PAM_CONV_ERR, PAM_ABORT, PAM_AUTHINFO_UNAVAIL,
		PAM_NO_MODULE_DATA, PAM_BAD_ITEM, PAM_MODULE_UNKNOWN, PAM_CONV_AGAIN,
		PAM_INCOMPLETE, PAM_IGNORE};

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (failures[i] == code)
			return true;
	return code >= _PAM_RETURN_VALUES;
}

enum pam_outcome
pam_outcome_of(const struct msg_pam_result *result, const struct pam_told *told)
{
	if (is_failure(result->code))
		return PAM_UNAVAILABLE;
	switch (result->step) {
	case PAM_STEP_AUTHENTICATE:
		return result->code == PAM_MAXTRIES && told->wait_ms > 0 ? PAM_WAIT : PAM_REFUSED;
	case PAM_STEP_ACCOUNT:
	case PAM_STEP_CHANGE:
		return PAM_NOT_ALLOWED;
	default:
		return PAM_UNAVAILABLE;
	}
}

void
pam_clean_text(const char *text, enum text_kind kind, char *ret_text)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t character;
		size_t step = utf_8_read(text, left, &character);

		assert(step > 0);
		if (character != '\r' && text_count(text, step, kind) == 1) {
			memcpy(ret_text, text, step);
			ret_text += step;
		}
		text += step;
		left -= step;
	}
	*ret_text = '\0';
}

/* At most `most` bytes, whole characters. */
static void
put_text(char *ret_text, const char *text, size_t most)
{
	size_t len = sentence_cut(text, most);

	memcpy(ret_text, text, len);
	ret_text[len] = '\0';
}

int
pam_fill_begin(const struct settings *settings, const char *user, const char *source,
	struct msg_pam_begin *ret_message)
{
	if (user[0] == '\0' || strlen(user) >= sizeof(ret_message->user) ||
		!utf_8_is_valid(user, strlen(user)) || strlen(source) >= sizeof(ret_message->host))
		return -EINVAL;
	ret_message->build_hash = messages_build_hash();
	strcpy(ret_message->user, user);
	strcpy(ret_message->host, source);
	ret_message->deadline_ms = settings->limits.greet_ms;
	return 0;
}

void
pam_fill_account(const struct settings *settings, const char *typed,
	const struct sign_in_account *account, struct msg_pam_account *ret_message)
{
	ret_message->known = account->number != 0;
	ret_message->hash_len = (uint32_t)strlen(account->hash);
	memcpy(ret_message->hash, account->hash, ret_message->hash_len);
	ret_message->wait_ms = account->wait_ms;
	ret_message->must_change = account->must_change;
	ret_message->second_factor = (uint8_t)account->second_factor;
	ret_message->seed_len = (uint32_t)account->seed_len;
	memcpy(ret_message->seed, account->seed, account->seed_len);
	ret_message->last_step = account->last_step;
	ret_message->policy = (uint8_t)settings->sign_in.password_policy;
	for (size_t i = 0; i < account->earlier_count; i++) {
		size_t len = strlen(account->earlier[i]) + 1;

		memcpy(ret_message->earlier + ret_message->earlier_len, account->earlier[i], len);
		ret_message->earlier_len += (uint32_t)len;
	}
	put_text(ret_message->issuer, settings->facility.name, sizeof(ret_message->issuer) - 1);
	put_text(ret_message->account, account->number != 0 ? account->full_id : typed,
		sizeof(ret_message->account) - 1);
}
