/* Credentials in Client Info; see credentials.h. */
#include "supervisor/credentials.h"

#include <stdio.h>
#include <string.h>

/* Without blanks at both ends. */
static void
copy_trimmed(char ret_text[CREDENTIAL_SIZE], const char *text, size_t len)
{
	while (len > 0 && text[0] == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	(void)snprintf(ret_text, CREDENTIAL_SIZE, "%.*s", (int)len, text);
}

void
credentials_set_user(struct credentials *credentials, const char *user)
{
	size_t account_len = strcspn(user, "%#");
	const char *backslash = memchr(user, '\\', account_len);
	const char *account = backslash == NULL ? user : backslash + 1;
	const char *terminal = user + account_len + (user[account_len] != '\0');

	copy_trimmed(credentials->domain, user, backslash == NULL ? 0 : (size_t)(backslash - user));
	copy_trimmed(credentials->account, account, (size_t)(user + account_len - account));
	copy_trimmed(credentials->terminal, terminal, strlen(terminal));
}

int
credentials_set_password(struct credentials *credentials, const void *password, size_t len)
{
	if (len == 0 || memchr(password, '\0', len) != NULL) {
		secret_done(&credentials->password);
		return 0;
	}
	return secret_set(&credentials->password, password, len);
}

void
credentials_done(struct credentials *credentials)
{
	secret_done(&credentials->password);
	*credentials = (struct credentials){0};
}
