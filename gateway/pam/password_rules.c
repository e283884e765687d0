/* See password_rules.h. */
#include "pam/password_rules.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/utf_8.h"
#include "policy/text.h"

#include <ctype.h>
#include <string.h>

#define NAME_CHARACTERS_LEAST 3
#define NAME_MOST 256

static const struct {
	size_t least;
	enum prompt told;
	enum prompt too_short;
} policies[] = {
	[PASSWORD_POLICY_LONG] = {13, PROMPT_CHOOSE_LONG, PROMPT_TOO_SHORT_LONG},
	[PASSWORD_POLICY_TWO_MONTHS] = {8, PROMPT_CHOOSE_SHORT, PROMPT_TOO_SHORT_SHORT},
	[PASSWORD_POLICY_SECOND_FACTOR] = {8, PROMPT_CHOOSE_SHORT, PROMPT_TOO_SHORT_SHORT},
};

/* What a password is made of. */
struct kinds {
	size_t characters;
	size_t different;
	bool letter, digit, symbol;
};

/* A policy that this build does not know gets the strictest. */
static enum password_policy
known_policy(enum password_policy policy)
{
	return (size_t)policy < ARRAY_SIZE(policies) ? policy : PASSWORD_POLICY_LONG;
}

enum prompt
password_rules_told(enum password_policy policy)
{
	return policies[known_policy(policy)].told;
}

/* Characters beyond ASCII count as letters: か is no symbol. At most CHOSEN_PASSWORD_CHARACTERS_MOST are looked at. */
static void
count_kinds(const char *password, struct kinds *ret_kinds)
{
	uint32_t seen[CHOSEN_PASSWORD_CHARACTERS_MOST] = {0};
	size_t left = strlen(password);

	*ret_kinds = (struct kinds){0};
	while (left > 0) {
		uint32_t character = 0;
		size_t step = utf_8_read(password, left, &character);
		size_t at = 0;

		if (step == 0)
			break;
		password += step;
		left -= step;
		ret_kinds->characters++;
		ret_kinds->digit |= character >= '0' && character <= '9';
		ret_kinds->letter |= character > 0x7f || isalpha((int)character);
		ret_kinds->symbol |= character <= 0x7f && !isalnum((int)character);
		while (at < ret_kinds->different && seen[at] != character)
			at++;
		if (at == ret_kinds->different && at < ARRAY_SIZE(seen))
			seen[ret_kinds->different++] = character;
	}
	secret_wipe(seen, sizeof(seen));
}

static bool
holds(const char *password, const char *name, size_t len)
{
	char part[NAME_MOST];

	if (len < NAME_CHARACTERS_LEAST || len >= sizeof(part))
		return false;
	memcpy(part, name, len);
	part[len] = '\0';
	return strcasestr(password, part) != NULL;
}

/* "998-taro@hospital.example": the whole of it, without the domain, and without the prefix. */
static bool
holds_account(const char *password, const char *account)
{
	size_t whole = strlen(account);
	size_t typed = strcspn(account, "@");
	size_t prefix = strspn(account, "0123456789-");

	if (prefix > 0 && (prefix >= typed || account[prefix - 1] != '-'))
		prefix = 0;
	return holds(password, account, whole) || holds(password, account, typed) ||
	       holds(password, account + prefix, typed - prefix);
}

enum prompt
password_rules_check(enum password_policy policy, const char *password, const char *const *accounts,
	size_t account_count)
{
	struct kinds kinds;

	policy = known_policy(policy);
	if (text_count(password, strlen(password), TEXT_LINE) < 0)
		return PROMPT_NOT_TEXT;
	count_kinds(password, &kinds);
	if (kinds.characters < policies[policy].least)
		return policies[policy].too_short;
	if (kinds.characters > CHOSEN_PASSWORD_CHARACTERS_MOST)
		return PROMPT_TOO_LONG;
	if (!kinds.letter || !kinds.digit || !kinds.symbol)
		return PROMPT_NOT_MIXED;
	if (kinds.different < CHOSEN_PASSWORD_DIFFERENT)
		return PROMPT_TOO_PLAIN;
	for (size_t i = 0; i < account_count; i++)
		if (accounts[i] != NULL && holds_account(password, accounts[i]))
			return PROMPT_HAS_NAME;
	return PROMPT_NOTHING;
}
