/* session show, session kill: ids may be given by their first characters. */
#include "admin-cli/command.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>
#include <strings.h>

#define WHOLE_ID 32

static bool
is_hexadecimal(const char *text)
{
	return text[0] != '\0' && strlen(text) <= WHOLE_ID &&
	       strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static enum admin_exit
pick(struct admin *admin, const json_t *sessions, const char *start, char ret_id[WHOLE_ID + 1])
{
	size_t found = 0;
	size_t i;
	json_t *session;

	json_array_foreach (sessions, i, session) {
		const char *id = value_text(session, "id");

		if (strncasecmp(id, start, strlen(start)) != 0)
			continue;
		found++;
		snprintf(ret_id, WHOLE_ID + 1, "%s", id);
	}
	if (found == 1)
		return ADMIN_DONE;
	if (found == 0)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("no running session begins with %s: see session list; one that has ended "
			  "is shown by its whole id, "
			  "see log connections"),
			start);
	return admin_refuse(admin, ADMIN_REFUSED,
		_("%zu sessions begin with %s: give more of the id"), found, start);
}

/* The whole id of what was typed. */
static enum admin_exit
find_session(struct admin *admin, char ret_id[WHOLE_ID + 1])
{
	const char *typed = argument_text(admin->arguments, "SESSION");
	json_t *result = NULL;
	enum admin_exit exit_code;

	if (!is_hexadecimal(typed))
		return admin_refuse(admin, ADMIN_USAGE,
			_("SESSION: found `%s`; allowed is an id of up to 32 digits 0-9 and a-f, "
			  "as session list shows it"),
			text_shown(typed));
	if (strlen(typed) == WHOLE_ID) {
		snprintf(ret_id, WHOLE_ID + 1, "%s", typed);
		return ADMIN_DONE;
	}
	exit_code = admin_ask(admin, "session.list", NULL, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	exit_code = pick(admin, value_rows(result, "sessions"), typed, ret_id);
	json_decref(result);
	return exit_code;
}

enum admin_exit
command_session_show(struct admin *admin)
{
	char id[WHOLE_ID + 1];
	enum admin_exit exit_code = find_session(admin, id);

	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, json_pack("{s:s}", "id", id));
}

static enum admin_exit
confirm_kill(struct admin *admin, const char *id)
{
	json_t *session = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "session.show", json_pack("{s:s}", "id", id), &session);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	{
		const struct fact facts[] = {
			{value_label("account"), value_text(session, "account")},
			{value_label("person"), value_person(session)},
			{value_label("terminal"), value_text(session, "terminal")},
			{value_label("since"), value_time(session, "since")},
			{value_label("because"), argument_text(admin->arguments, "because")},
		};

		exit_code = admin_confirm(admin, facts, ARRAY_SIZE(facts),
			_("Unsaved work on the terminal's screen stays there, but the engineer is "
			  "cut off at once."),
			_("Disconnect this session?"));
	}
	json_decref(session);
	return exit_code;
}

enum admin_exit
command_session_kill(struct admin *admin)
{
	const char *because = argument_text(admin->arguments, "because");
	char id[WHOLE_ID + 1];
	enum admin_exit exit_code;

	if (strspn(because, " ") == strlen(because))
		return admin_refuse(admin, ADMIN_USAGE,
			_("--because: say why; it is logged and shown to auditors"));
	exit_code = find_session(admin, id);
	if (exit_code == ADMIN_DONE)
		exit_code = confirm_kill(admin, id);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, json_pack("{s:s, s:s}", "id", id, "because", because));
}
