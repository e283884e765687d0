/* What the fields of an account may hold; see accounts.h. MAC addresses: mac_address.c. */
#include "policy/accounts.h"

#include "policy/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const kind_names[ACCOUNT_KIND_COUNT] = {
	[ACCOUNT_ENGINEER] = "engineer",
	[ACCOUNT_ADMIN] = "admin",
	[ACCOUNT_AUDITOR] = "auditor",
	[ACCOUNT_ATTENDANT] = "attendant",
};

static const char *const file_sharing_names[FILE_SHARING_COUNT] = {
	[FILE_SHARING_DENY] = "deny",
	[FILE_SHARING_AFTER_APPROVAL] = "after-approval",
	[FILE_SHARING_ALWAYS] = "always",
};

const char *
account_kind_name(enum account_kind kind)
{
	return kind_names[kind];
}

const char *
file_sharing_name(enum file_sharing right)
{
	return file_sharing_names[right];
}

bool
account_expired(const struct account *account, struct civil_date today)
{
	return civil_date_compare(today, account->valid_until) > 0;
}

const char *
account_state(const struct account *account, struct civil_date today)
{
	if (account->locked)
		return "locked";
	if (account_expired(account, today))
		return "expired";
	return civil_date_compare(today, account->valid_from) < 0 ? "not-yet" : "active";
}

static bool
is_id_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* Narrows the text down to the typed part: what it would be if prefix and domain belong to the
 * facility. A typed part that itself began with the prefix could not be told from a full form, so
 * id_parse refuses it. */
static const char *
find_typed_part(const struct facility *facility, const char *text, size_t *len)
{
	size_t prefix = strlen(facility->prefix);
	size_t domain = strlen(facility->domain);

	if (domain > 0 && *len > domain && text[*len - domain - 1] == '@' &&
		strncasecmp(text + *len - domain, facility->domain, domain) == 0)
		*len -= domain + 1;
	if (prefix > 0 && *len > prefix && strncmp(text, facility->prefix, prefix) == 0) {
		text += prefix;
		*len -= prefix;
	}
	return text;
}

int
account_id_parse(
	const struct facility *facility, const char *text, char *ret_id, struct field_error *error)
{
	static const char rule[] =
		N_("1 to 60 half-width letters, digits and . _ -, after the facility's "
		   "prefix, which may not stand there twice");
	size_t prefix = strlen(facility->prefix);
	size_t len;
	const char *typed;

	typed = text_trim(text, &len);
	typed = find_typed_part(facility, typed, &len);
	if (len == 0 || len > ACCOUNT_ID_MAX)
		return field_error_set(error, "id", text, rule, "taro.yamada");
	for (size_t i = 0; i < len; i++)
		if (!is_id_character(typed[i]))
			return field_error_set(error, "id", text, rule, "taro.yamada");
	if (prefix > 0 && len >= prefix && strncmp(typed, facility->prefix, prefix) == 0)
		return field_error_set(error, "id", text, rule, "taro.yamada");
	memcpy(ret_id, typed, len);
	ret_id[len] = '\0';
	return 0;
}

void
account_id_full(const struct facility *facility, const char *id, char *ret_full)
{
	snprintf(ret_full, ACCOUNT_FULL_ID_SIZE, "%s%s%s%s", facility->prefix, id,
		facility->domain[0] != '\0' ? "@" : "", facility->domain);
}

int
account_names_parse(
	const char *family, const char *given, struct account *account, struct field_error *error)
{
	static const char rule[] =
		N_("required; both names together at most 64 printable characters");
	size_t family_len, given_len;
	int family_count, given_count;

	family = text_trim(family, &family_len);
	given = text_trim(given, &given_len);
	family_count = text_count(family, family_len, TEXT_LINE);
	given_count = text_count(given, given_len, TEXT_LINE);
	if (family_count <= 0 || family_count > ACCOUNT_NAMES_MAX)
		return field_error_set(error, "family_name", family, rule, "山田");
	if (given_count <= 0 || family_count + given_count > ACCOUNT_NAMES_MAX)
		return field_error_set(error, "given_name", given, rule, "太郎");
	memcpy(account->family_name, family, family_len);
	account->family_name[family_len] = '\0';
	memcpy(account->given_name, given, given_len);
	account->given_name[given_len] = '\0';
	return 0;
}

int
account_email_parse(const char *text, char *ret_email, struct field_error *error)
{
	static const char rule[] = N_("at most 64 characters, name@domain, no blanks");
	size_t len;
	const char *email = text_trim(text, &len);
	const char *at = memchr(email, '@', len);
	int count = text_count(email, len, TEXT_LINE);
	bool fits = count > 0 && count <= ACCOUNT_EMAIL_MAX;

	if (!fits || at == NULL || at == email || at == email + len - 1)
		return field_error_set(error, "email", text, rule, "taro@example.jp");
	for (size_t i = 0; i < len; i++)
		if (strchr(" ,;<>\"()", email[i]) != NULL || (email[i] == '@' && email + i != at))
			return field_error_set(error, "email", text, rule, "taro@example.jp");
	memcpy(ret_email, email, len);
	ret_email[len] = '\0';
	return 0;
}

static int
find_name(const char *const *names, int count, const char *text)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

int
account_kind_parse(const char *text, enum account_kind *ret_kind, struct field_error *error)
{
	int found = find_name(kind_names, ACCOUNT_KIND_COUNT, text);

	if (found < 0)
		return field_error_set(error, "kind", text,
			"one of engineer, admin, auditor, attendant", "engineer");
	*ret_kind = (enum account_kind)found;
	return 0;
}

int
file_sharing_parse(const char *text, enum file_sharing *ret_right, struct field_error *error)
{
	int found = find_name(file_sharing_names, FILE_SHARING_COUNT, text);

	if (found < 0)
		return field_error_set(
			error, "file_sharing", text, "one of always, after-approval, deny", "deny");
	*ret_right = (enum file_sharing)found;
	return 0;
}

int
account_max_sessions_parse(int64_t value, uint32_t *ret_most, struct field_error *error)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	if (value < 0 || value > ACCOUNT_SESSIONS_MAX)
		return field_error_set(
			error, "max_sessions", text, "0 (no limit) to 1000 sessions at once", "2");
	*ret_most = (uint32_t)value;
	return 0;
}

int
account_validity_parse(const char *from, const char *until, struct civil_date today,
	struct account *account, struct field_error *error)
{
	struct civil_date last = civil_date_add_years(today, ACCOUNT_VALIDITY_YEARS);
	struct civil_date first_day = today;
	struct civil_date last_day = civil_date_add_days(last, -1);

	if (from != NULL && civil_date_parse(from, &first_day) < 0)
		return field_error_set(
			error, "valid_from", from, "a date YYYY-MM-DD", "2026-04-01");
	if (until != NULL && civil_date_parse(until, &last_day) < 0)
		return field_error_set(
			error, "valid_until", until, "a date YYYY-MM-DD", "2027-03-31");
	if (civil_date_compare(last_day, first_day) < 0)
		return field_error_set(
			error, "valid_until", until, "not before valid_from", "2027-03-31");
	if (civil_date_compare(last_day, last) > 0)
		return field_error_set(error, "valid_until", until,
			"at most the same day two years from today", "2027-03-31");
	account->valid_from = first_day;
	account->valid_until = last_day;
	return 0;
}

/* "HH:MM", or -1. */
static int
read_time_of_day(const char *text)
{
	int hour, minute;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return -1;
	hour = (text[0] - '0') * 10 + (text[1] - '0');
	minute = (text[3] - '0') * 10 + (text[4] - '0');
	if (hour > 23 || minute % ACCOUNT_HOURS_STEP != 0 || minute > 59)
		return -1;
	return hour * 60 + minute;
}

int
account_hours_parse(const char *text, struct account_hours *ret_hours, struct field_error *error)
{
	static const char rule[] =
		N_("\"always\" or HH:MM-HH:MM in steps of 30 minutes, over midnight "
		   "if need be, not the same time twice");
	int from, until;

	if (strcmp(text, "always") == 0) {
		*ret_hours = (struct account_hours){.always = true};
		return 0;
	}
	if (strlen(text) != ACCOUNT_HOURS_SIZE - 1 || text[5] != '-')
		return field_error_set(error, "hours", text, rule, "08:30-17:30");
	from = read_time_of_day(text);
	until = read_time_of_day(text + 6);
	if (from < 0 || until < 0 || from == until)
		return field_error_set(error, "hours", text, rule, "08:30-17:30");
	*ret_hours = (struct account_hours){
		.always = false, .from = (uint16_t)from, .until = (uint16_t)until};
	return 0;
}

void
account_hours_format(const struct account_hours *hours, char *ret_text)
{
	if (hours->always)
		snprintf(ret_text, ACCOUNT_HOURS_SIZE, "always");
	else
		snprintf(ret_text, ACCOUNT_HOURS_SIZE, "%02u:%02u-%02u:%02u",
			hours->from / 60u % 24, hours->from % 60u, hours->until / 60u % 24,
			hours->until % 60u);
}

bool
account_hours_contain(const struct account_hours *hours, uint16_t minute)
{
	if (hours->always)
		return true;
	if (hours->from < hours->until)
		return minute >= hours->from && minute < hours->until;
	return minute >= hours->from || minute < hours->until;
}
