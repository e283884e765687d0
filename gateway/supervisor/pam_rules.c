/* See pam_rules.h. */
#include "supervisor/pam_rules.h"

#include "base/cleanup.h"
#include "base/utf_8.h"
#include "pam/steps.h"

#include <assert.h>
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
	if (!accepted(told, SIGN_IN_PASSWORD_RIGHT))
		return false;
	switch (what) {
	case SIGN_IN_CODE_WRONG:
	case SIGN_IN_CODE_RIGHT:
		return bound && !accepted(told, SIGN_IN_CODE_RIGHT);
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
