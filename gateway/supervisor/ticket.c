/* What a client shows of its ticket; see ticket.h. */
#include "supervisor/ticket.h"

#include "base/cleanup.h"

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

	if (introduced->user[0] == '+') {
		handle = introduced->user;
		secret = (const char *)introduced->password;
	} else if (token[0] == '+') {
		handle = token;
		secret = introduced->user;
	}
	*ret_shown = (struct shown_ticket){0};
	/* Cut, a secret could match a shorter one: what is too long is as good as none. */
	if (strlen(handle) < sizeof(ret_shown->handle))
		strcpy(ret_shown->handle, handle);
	if (strlen(secret) < sizeof(ret_shown->secret))
		strcpy(ret_shown->secret, secret);
}
