/* "Did you mean …" for names that the gateway does not know. */
#include "admin-cli/guess.h"

#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/near_miss.h"
#include "relay/close_reasons.h"

#include <string.h>

/* What the gateway says, whose list has the names, and where they stand in it. */
static const struct {
	const char *message;
	const char *method;
	const char *rows;
	const char *key;
	enum close_reason
		reason; /* or it is a refusal for this reason (if any), of what the option names */
	const char *option;
} kinds[] = {
	{"there is no account '", "account.list", "accounts", "id", CLOSE_ACCOUNT_UNKNOWN,
		"account"},
	{"there is no terminal '", "terminal.list", "terminals", "name", CLOSE_TERMINAL_UNKNOWN,
		"terminal"},
	{"there is no vendor '", "vendor.list", "vendors", "name", CLOSE_NONE, NULL},
};

const char *
guess_in(const json_t *list, const char *key, const char *typed)
{
	struct near_miss miss;
	const char *containing = NULL;
	size_t i;
	json_t *row;

	near_miss_init(&miss, typed);
	json_array_foreach (list, i, row) {
		const char *name = value_text(row, key);

		near_miss_try(&miss, name);
		/* The facility's prefix is what people leave out. */
		if (strlen(typed) >= 3 && strcasestr(name, typed) != NULL && containing == NULL)
			containing = name;
	}
	return miss.best != NULL ? miss.best : containing;
}

static void
guess(struct rpc *rpc, size_t kind, const char *typed)
{
	json_t *answer = NULL;
	const char *meant = NULL;
	char why[256];

	if (rpc_call(rpc, kinds[kind].method, NULL, &answer, why, sizeof(why)) == 0)
		meant = guess_in(value_rows(answer, kinds[kind].rows), kinds[kind].key, typed);
	if (meant != NULL) {
		fputs("  ", stderr);
		fprintf(stderr, _("did you mean `%s`?"), text_shown(meant));
		fputc('\n', stderr);
	}
	json_decref(answer);
}

static bool
is_refused_for(const char *message, enum close_reason reason)
{
	return reason != CLOSE_NONE &&
	       strcmp(message, event_row(close_reason_row(reason)->event)->text) == 0;
}

bool
guess_knows(const char *message)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (is_refused_for(message, kinds[i].reason))
			return true;
	}
	return false;
}

void
guess_name(struct rpc *rpc, const struct arguments *arguments, const char *message)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].message);
		auto_free char *typed = NULL;

		if (strncmp(message, kinds[i].message, len) == 0 && strlen(message) > len)
			typed = strndup(
				message + len, strlen(message + len) - 1); /* without the quote */
		else if (is_refused_for(message, kinds[i].reason) &&
			 argument_flag(arguments, kinds[i].option))
			typed = strdup(argument_text(arguments, kinds[i].option));
		if (typed != NULL)
			guess(rpc, i, typed);
	}
}
