/* What a client shows of its ticket; see ticket.h. */
#include "supervisor/ticket.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *
without_prefix(const char *token)
{
	static const char *const prefixes[] = {"Cookie: msts=", "Cookie: mstshash="};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(token, prefixes[i], strlen(prefixes[i])) == 0)
			return token + strlen(prefixes[i]);
	}
	return token;
}

void
ticket_shown(const struct msg_introduced *introduced, struct shown_ticket *ret_shown)
{
	const char *token = without_prefix(introduced->routing_token);
	const char *handle = "", *secret = "";
	char number[11];

	if (introduced->user[0] == '+') {
		handle = introduced->user;
		secret = (const char *)introduced->password;
	} else if (token[0] == '+') {
		handle = token;
		secret = introduced->user;
		/* Whom the gateway itself has redirected brings back a number of its own; the name is what was typed. */
		if (introduced->redirected_session != 0) {
			(void)snprintf(
				number, sizeof(number), "%" PRIu32, introduced->redirected_session);
			secret = number;
		}
	}
	*ret_shown = (struct shown_ticket){0};
	/* Cut, a secret could match a shorter one: what is too long is as good as none. */
	if (strlen(handle) < sizeof(ret_shown->handle))
		strcpy(ret_shown->handle, handle);
	if (strlen(secret) < sizeof(ret_shown->secret))
		strcpy(ret_shown->secret, secret);
	secret_wipe(number, sizeof(number));
}
