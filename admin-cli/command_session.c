/* session show, session kill, session notice: the gateway finds whose id begins with what was typed. */
#include "admin-cli/command.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

#define ELLIPSIS "…"

/* What was typed or copied from a table, which cuts ids with an ellipsis. */
static json_t *
typed_id(const struct admin *admin)
{
	const char *typed = argument_text(admin->arguments, "SESSION");
	size_t len = strlen(typed), end = strlen(ELLIPSIS);

	if (len > end && strcmp(typed + len - end, ELLIPSIS) == 0)
		len -= end;
	return json_stringn(typed, len);
}

enum admin_exit
command_session_list(struct admin *admin)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	if (!argument_flag(admin->arguments, "ended"))
		return command_call(admin);
	exit_code =
		admin_ask(admin, "session.ended", arguments_parameters(admin->arguments), &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (admin->arguments->json)
		admin_print(admin, result);
	else
		print_ended_sessions(result);
	json_decref(result);
	return ADMIN_DONE;
}

enum admin_exit
command_session_show(struct admin *admin)
{
	return admin_ask_and_print(admin, json_pack("{s:o}", "id", typed_id(admin)));
}

static enum admin_exit
confirm_kill(struct admin *admin, const json_t *session)
{
	/* One that is lost, and may come back, is shown as the history has it. */
	const char *since = json_object_get(session, "since") != NULL ? "since" : "start";
	const struct fact facts[] = {
		{value_label("account"), value_text(session, "account")},
		{value_label("person"), value_person(session)},
		{value_label("terminal"), value_text(session, "terminal")},
		{value_label("since"), value_time(session, since)},
		{value_label("because"), argument_text(admin->arguments, "because")},
	};

	return admin_confirm(admin, facts, ARRAY_SIZE(facts),
		_("Unsaved work on the terminal's screen stays there, but the engineer is cut off "
		  "at once."),
		_("Disconnect this session?"));
}

enum admin_exit
command_session_kill(struct admin *admin)
{
	const char *because = argument_text(admin->arguments, "because");
	json_t *session = NULL;
	enum admin_exit exit_code;

	if (strspn(because, " ") == strlen(because))
		return admin_refuse(admin, ADMIN_USAGE,
			_("--because: say why; it is logged and shown to auditors"));
	exit_code = admin_ask(admin, "session.show",
		json_pack("{s:o, s:b}", "id", typed_id(admin), "running", 1), &session);
	if (exit_code == ADMIN_DONE)
		exit_code = confirm_kill(admin, session);
	if (exit_code == ADMIN_DONE)
		exit_code = admin_ask_and_print(admin,
			json_pack("{s:s, s:s}", "id",
				value_text(session,
					json_object_get(session, "id") != NULL ? "id" : "session"),
				"because", because));
	json_decref(session);
	return exit_code;
}

/* With --terminal and --all the only word is the text. */
static enum admin_exit
notice_parameters(struct admin *admin, json_t **ret_parameters)
{
	bool several = argument_flag(admin->arguments, "all") ||
		       argument_text(admin->arguments, "terminal") != NULL;
	const char *text = argument_text(admin->arguments, several ? "SESSION" : "TEXT");
	json_t *parameters;

	if (several && argument_text(admin->arguments, "TEXT") != NULL)
		return admin_refuse(admin, ADMIN_USAGE,
			_("a session and --terminal or --all exclude each other; put a text with "
			  "blanks in quotes"));
	if (text == NULL)
		return admin_refuse(admin, ADMIN_USAGE, _("missing: %s"),
			argument_text(admin->arguments, "SESSION") != NULL || several ? "TEXT"
										      : "SESSION");
	parameters = arguments_parameters(admin->arguments);
	(void)json_object_set_new(parameters, "text", json_string(text));
	if (!several)
		(void)json_object_set_new(parameters, "id", typed_id(admin));
	*ret_parameters = parameters;
	return ADMIN_DONE;
}

/* A message that somebody does not see was not given: who wrote it must know, also in a script. */
enum admin_exit
command_session_notice(struct admin *admin)
{
	json_t *parameters = NULL, *result = NULL;
	enum admin_exit exit_code = notice_parameters(admin, &parameters);

	if (exit_code == ADMIN_DONE)
		exit_code = admin_ask(admin, "session.notice", parameters, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (admin->arguments->json)
		admin_print(admin, result);
	else
		print_session_notice(admin, result);
	if ((size_t)json_integer_value(json_object_get(result, "shown")) <
		json_array_size(json_object_get(result, "sessions")))
		exit_code = ADMIN_REFUSED;
	json_decref(result);
	return exit_code;
}
