/* Names and passwords for jump hosts; see host_credentials.h. */
#include "policy/host_credentials.h"

#include "base/utf_8.h"
#include "policy/text.h"

#include <errno.h>
#include <string.h>

#define USER_EXAMPLE "maintenance"
#define DOMAIN_EXAMPLE "HOSPITAL"

static const char *const mode_names[CREDENTIALS_COUNT] = {
	[CREDENTIALS_TYPED] = "typed",
	[CREDENTIALS_PASS_THROUGH] = "pass-through",
	[CREDENTIALS_INJECTED] = "injected",
};

static const char *const nla_names[TERMINAL_NLA_COUNT] = {
	[TERMINAL_NLA_AUTO] = "auto",
	[TERMINAL_NLA_REQUIRED] = "required",
	[TERMINAL_NLA_OFF] = "off",
};

void
host_credentials_done(struct host_credentials *credentials)
{
	if (credentials == NULL)
		return;
	secret_done(&credentials->password);
	secret_wipe(credentials->user, sizeof(credentials->user));
	secret_wipe(credentials->domain, sizeof(credentials->domain));
}

bool
host_credentials_given(const struct host_credentials *credentials)
{
	return credentials->user[0] != '\0' && credentials->password.len > 0;
}

/* UTF-16 units of a text; -EINVAL if it is no UTF-8, or holds a NUL. */
static int
count_units(const char *text, size_t len)
{
	uint32_t character;
	int units = 0;

	while (len > 0) {
		size_t used = utf_8_read(text, len, &character);

		if (used == 0 || character == 0)
			return -EINVAL;
		units += character > 0xffff ? 2 : 1;
		text += used;
		len -= used;
	}
	return units;
}

/* size: of where it is to go. */
static bool
fits(const char *text, size_t len, size_t size)
{
	int units = len < size ? count_units(text, len) : -EINVAL;

	return units >= 0 && units <= HOST_TEXT_MAX;
}

int
host_credentials_set(struct host_credentials *credentials, const char *user, const char *domain,
	const struct secret *password)
{
	size_t user_len = strlen(user), domain_len = strlen(domain);

	host_credentials_done(credentials);
	if (user_len == 0 || password->len == 0 || !fits(user, user_len, HOST_USER_SIZE) ||
		!fits(domain, domain_len, HOST_DOMAIN_SIZE) ||
		!fits((const char *)password->bytes, password->len, HOST_PASSWORD_SIZE))
		return 0;
	memcpy(credentials->user, user, user_len + 1);
	memcpy(credentials->domain, domain, domain_len + 1);
	return secret_set(&credentials->password, password->bytes, password->len);
}

const char *
credential_mode_name(enum credential_mode mode)
{
	return mode_names[mode];
}

static int
find_name(const char *const *names, int count, const char *text)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -EINVAL;
}

int
credential_mode_parse(const char *text, enum credential_mode *ret_mode, struct field_error *error)
{
	int mode = find_name(mode_names, CREDENTIALS_COUNT, text);

	if (mode < 0)
		return field_error_set(error, "credentials", text,
			N_("one of typed, pass-through, injected"), "injected");
	*ret_mode = (enum credential_mode)mode;
	return 0;
}

const char *
terminal_nla_name(enum terminal_nla nla)
{
	return nla_names[nla];
}

int
terminal_nla_parse(const char *text, enum terminal_nla *ret_nla, struct field_error *error)
{
	int nla = find_name(nla_names, TERMINAL_NLA_COUNT, text);

	if (nla < 0)
		return field_error_set(
			error, "nla", text, N_("one of auto, required, off"), "auto");
	*ret_nla = (enum terminal_nla)nla;
	return 0;
}

static int
name_parse(const char *field, const char *text, size_t least, const char *rule, const char *example,
	char *ret_name, struct field_error *error)
{
	size_t len;
	const char *name = text_trim(text, &len);

	if (len < least || !fits(name, len, HOST_USER_SIZE) || text_count(name, len, TEXT_LINE) < 0)
		return field_error_set(error, field, text, rule, example);
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return 0;
}

int
host_user_parse(const char *text, char *ret_user, struct field_error *error)
{
	static const char rule[] =
		N_("1 to 255 printable characters; a domain is given apart from it");

	if (strchr(text, '\\') != NULL)
		return field_error_set(error, "user", text, rule, USER_EXAMPLE);
	return name_parse("user", text, 1, rule, USER_EXAMPLE, ret_user, error);
}

int
host_domain_parse(const char *text, char *ret_domain, struct field_error *error)
{
	return name_parse("domain", text, 0, N_("up to 255 printable characters"), DOMAIN_EXAMPLE,
		ret_domain, error);
}

int
host_password_check(const char *text, struct field_error *error)
{
	size_t len = strlen(text);

	if (len > 0 && fits(text, len, HOST_PASSWORD_SIZE))
		return 0;
	return field_error_set(
		error, "password", "", N_("1 to 255 characters, as the jump host knows it"), "");
}
