/* Terminals, and what was found of them, for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <string.h>

static const char *
place(const json_t *terminal)
{
	static char texts[4][300];
	static unsigned int next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%s:%s", value_text(terminal, "address"),
		value_text(terminal, "port"));
	return text;
}

/* "312 terminals", or which page of how many. */
static void
print_count(const json_t *result, size_t shown)
{
	json_int_t total = json_integer_value(json_object_get(result, "total"));

	if (json_integer_value(json_object_get(result, "pages")) > 1)
		fprintf(stderr, _("%zu of %lld terminals, page %s of %s\n"), shown,
			(long long)total, value_text(result, "page"), value_text(result, "pages"));
	else
		fprintf(stderr, ngettext("%zu terminal\n", "%zu terminals\n", shown), shown);
}

static const char *
warnings(const json_t *terminal)
{
	return value_words(json_object_get(terminal, "health"), "warnings");
}

/* "required, with input" */
static const char *
recording(const json_t *terminal)
{
	static char texts[2][96];
	static unsigned int next;
	char *text = texts[next++ % 2];

	if (strcmp(value_text(terminal, "recording"), "off") == 0 ||
		!json_is_true(json_object_get(terminal, "record_input")))
		return value_word(terminal, "recording");
	snprintf(text, sizeof(texts[0]), _("%s, with input"), value_word(terminal, "recording"));
	return text;
}

void
print_terminals(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Terminal"), 50, "name", VALUE_TEXT},
		{N_("Accounts"), 0, "accounts", VALUE_COUNT},
		{N_("State"), 0, "state", VALUE_WORD},
		{N_("Window"), 0, .shown = print_window_span},
		{N_("Warnings"), 50, .shown = warnings},
		{N_("Address"), 46, .shown = place},
		{N_("Certificate"), 0, NULL, VALUE_TRUST},
		{N_("Sign-on"), 0, "credentials", VALUE_WORD},
		{N_("Attended"), 0, "attended", VALUE_YES},
		{N_("Relay"), 0, "relay", VALUE_WORD},
		{N_("Recording"), 0, .shown = recording},
		{N_("Four eyes"), 0, "four_eyes", VALUE_YES},
		{N_("Last session"), 0, "last_session", VALUE_TIME},
		{N_("What may pass"), 40, "rights", VALUE_WORDS},
		{N_("Note"), 40, "note", VALUE_TEXT},
	};

	(void)admin;
	print_count(
		result, list_print(value_rows(result, "terminals"), columns, ARRAY_SIZE(columns)));
}

/* What the health look has written down. */
static void
print_health(const json_t *terminal)
{
	static const struct value_row rows[] = {
		{"state", VALUE_WORD},
		{"state_since", VALUE_TIME},
		{"why", VALUE_TEXT},
		{"warnings", VALUE_WORDS},
		{"certificate_until", VALUE_TIME},
		{"last_restart", VALUE_TIME},
		{"checked", VALUE_TIME},
	};
	const json_t *health = json_object_get(terminal, "health");
	json_t *shown;

	if (!json_is_object(health))
		return;
	shown = json_copy((json_t *)health);
	(void)json_object_set(shown, "state", json_object_get(terminal, "state"));
	(void)json_object_set(shown, "state_since", json_object_get(health, "since"));
	(void)json_object_set_new(
		shown, "why", json_string(said_translate(value_text(health, "why"))));
	putchar('\n');
	values_print(shown, rows, ARRAY_SIZE(rows));
	json_decref(shown);
}

/* What the terminal leaves to the settings is said to be so. */
static void
print_values(const json_t *terminal, const struct value_row *rows, size_t count)
{
	static const char *const left[] = {"idle", "longest"};
	json_t *shown = json_copy((json_t *)terminal);

	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		if (json_is_null(json_object_get(shown, left[i])))
			(void)json_object_set_new(
				shown, left[i], json_string("as the settings say"));
	values_print(shown, rows, count);
	json_decref(shown);
}

static void
warn_if(bool says, const char *text)
{
	if (says)
		printf("\n%s\n", text);
}

/* What an option cannot do as the others are is said before somebody waits for it. */
static void
warn_of_options(const json_t *terminal)
{
	bool transparent = strcmp(value_text(terminal, "relay"), "transparent") == 0;
	bool recorded = strcmp(value_text(terminal, "recording"), "off") != 0;
	bool four_eyes = json_is_true(json_object_get(terminal, "four_eyes"));
	bool show_watchers = json_is_true(json_object_get(terminal, "show_watchers"));
	bool watched = recorded || four_eyes;

	warn_if(four_eyes && transparent,
		_("While nobody watches, keyboard and mouse are dead, and nothing on the "
		  "engineer's screen says why."));
	warn_if(show_watchers && watched && transparent,
		_("The page before a recorded session says that it may be watched; who watches is "
		  "not shown in it: only mediated sessions can be written on (--relay mediated)."));
	warn_if(show_watchers && !watched,
		_("No watcher will be shown: only sessions that are recorded, or that somebody "
		  "must watch, can be watched (--recording best-effort, or --four-eyes yes)."));
	warn_if(json_is_true(json_object_get(terminal, "record_input")) && !recorded,
		_("Keys and mouse will not be recorded: sessions at this terminal are not "
		  "(--recording best-effort or required)."));
	warn_if(json_is_true(json_object_get(terminal, "take_over")) &&
			json_integer_value(json_object_get(terminal, "capacity")) == 0,
		_("No place will be taken over: this terminal is never full (--capacity)."));
}

void
print_terminal(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"name", VALUE_TEXT},
		{"address", VALUE_TEXT},
		{"port", VALUE_TEXT},
		{"note", VALUE_TEXT},
		{"protected", VALUE_TEXT},
		{"in_service", VALUE_YES},
		{"attended", VALUE_YES},
		{"trust", VALUE_TRUST},
		{"pin", VALUE_FINGERPRINT},
		{"credentials", VALUE_WORD},
		{"credentials_since", VALUE_TIME},
		{"credential_stored", VALUE_YES},
		{"nla", VALUE_WORD},
		{"relay", VALUE_WORD},
		{"recording", VALUE_WORD},
		{"record_input", VALUE_YES},
		{"four_eyes", VALUE_YES},
		{"show_watchers", VALUE_YES},
		{"rights", VALUE_WORDS},
		{"channels", VALUE_LIST},
		{"capacity", VALUE_TEXT},
		{"take_over", VALUE_YES},
		{"idle", VALUE_WORD},
		{"longest", VALUE_WORD},
		{"accounts", VALUE_LIST},
		{"last_session", VALUE_TIME},
		{"created", VALUE_TIME},
		{"updated", VALUE_TIME},
		{"changed_by", VALUE_TEXT},
		{"version", VALUE_TEXT},
	};

	(void)admin;
	print_values(result, rows, ARRAY_SIZE(rows));
	warn_of_options(result);
	print_health(result);
	if (json_array_size(json_object_get(result, "windows")) > 0) {
		printf("\n%s\n", _("Maintenance and restart windows:"));
		(void)print_window_rows(json_object_get(result, "windows"));
	}
	if (strcmp(value_text(result, "trust"), "none") == 0)
		printf("\n%s\n", _("Its certificate is not trusted yet, so nobody can connect: "
				   "terminal trust."));
}

/* Told where it is decided, and not when an engineer stands before it. */
static void
warn_of_kerberos(const json_t *result)
{
	if (json_is_true(json_object_get(result, "lacks_kerberos")))
		printf("\n%s\n",
			_("Mediated sessions cannot log on by Kerberos: whoever has an account "
			  "in a realm of kerberos.config is refused here (SK2664). For them: "
			  "--relay transparent."));
}

void
print_terminal_added(const struct admin *admin, const json_t *result)
{
	printf(_("Terminal %s has been added.\n\n"), admin_subject(admin, result, "name"));
	print_terminal(admin, result);
	warn_of_kerberos(result);
}

void
print_terminal_changed(const struct admin *admin, const json_t *result)
{
	const char *name = admin_subject(admin, result, "name");

	if (strcmp(admin->arguments->command->name, "trust") == 0)
		printf(_("The certificate of terminal %s is trusted from now on.\n"), name);
	else if (json_is_false(json_object_get(result, "changed")))
		printf(_("Nothing has changed: terminal %s was like that already.\n"), name);
	else
		printf(_("Terminal %s has been changed.\n"), name);
	if (argument_text(admin->arguments, "ca-file") != NULL)
		printf(_("Whether the jump host shows a certificate of that authority, with its "
			 "name, "
			 "says: sekisho-admin terminal check '%s'\n"),
			name);
	if (json_is_true(json_object_get(result, "credential_forgotten")))
		printf(_("Its stored password has been forgotten. To set it again: sekisho-admin "
			 "terminal credential set '%s' --user USER\n"),
			name);
	if (strcmp(admin->arguments->command->name, "edit") == 0)
		warn_of_options(result);
	warn_of_kerberos(result);
}

/* The stored name; the password is nowhere. */
void
print_credential(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"terminal", VALUE_TEXT},
		{"user", VALUE_TEXT},
		{"domain", VALUE_TEXT},
		{"host", VALUE_TEXT},
		{"set", VALUE_TIME},
		{"set_by", VALUE_TEXT},
		{"protected", VALUE_TEXT},
		{"credentials", VALUE_WORD},
	};
	const char *action = argument_text(admin->arguments, "ACTION");

	if (strcmp(action, "delete") == 0) {
		printf(_("The password of terminal %s has been deleted.\n"),
			admin_subject(admin, result, "terminal"));
		return;
	}
	if (strcmp(action, "set") == 0)
		printf(_("The password of terminal %s has been stored.\n\n"),
			admin_subject(admin, result, "terminal"));
	values_print(result, rows, ARRAY_SIZE(rows));
	if (json_is_true(json_object_get(result, "elsewhere")))
		printf("\n%s\n", _("It is not for the address that the terminal has now: set it "
				   "again."));
	else if (!json_is_true(json_object_get(result, "opens")))
		printf("\n%s\n", _("It cannot be opened with this gateway's facility key: set it "
				   "again."));
	if (strcmp(value_text(result, "credentials"), "injected") != 0)
		printf("\n%s\n", _("No session uses it yet: terminal edit --credentials "
				   "injected."));
	warn_of_kerberos(result);
}

void
print_terminal_deleted(const struct admin *admin, const json_t *result)
{
	printf(_("Terminal %s has been deleted.\n"), admin_subject(admin, result, "name"));
}

void
print_terminal_accounts(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Account"), 50, "full_id", VALUE_TEXT},
		{N_("User name"), 40, NULL, VALUE_PERSON},
		{N_("E-mail"), 50, "email", VALUE_TEXT},
		{N_("State"), 0, "state", VALUE_WORD},
	};
	size_t count = list_print(value_rows(result, "accounts"), columns, ARRAY_SIZE(columns));

	(void)admin;
	fprintf(stderr, ngettext("%zu account\n", "%zu accounts\n", count), count);
}

/* terminal check */

/* "TLS, NLA": those that the host takes. */
static const char *
offered(const json_t *check)
{
	static char texts[2][128];
	static unsigned int next;
	char *text = texts[next++ % 2];
	const char *name;
	json_t *offer;
	size_t len = 0;

	text[0] = '\0';
	json_object_foreach (json_object_get(check, "protocols"), name, offer) {
		if (!json_is_true(offer) || len + strlen(name) + 3 > sizeof(texts[0]))
			continue;
		len += (size_t)snprintf(
			text + len, sizeof(texts[0]) - len, "%s%s", len > 0 ? ", " : "", name);
	}
	for (char *at = text; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	return text;
}

static const char *
trusted(const json_t *check)
{
	const json_t *value = json_object_get(check, "trusted");

	if (json_is_true(value))
		return _("yes");
	if (json_is_false(value))
		return _("NO");
	return strcmp(value_text(check, "trust"), "none") == 0 ? _("not trusted yet") : "";
}

static void
print_check(const json_t *check)
{
	static const struct value_row rows[] = {
		{"name", VALUE_TEXT},
		{"address", VALUE_TEXT},
		{"port", VALUE_TEXT},
		{"reachable", VALUE_YES},
		{"why", VALUE_TEXT},
		{"offered", VALUE_TEXT},
		{"tls_version", VALUE_TEXT},
		{"cipher", VALUE_TEXT},
		{"subject", VALUE_TEXT},
		{"names", VALUE_TEXT},
		{"issuer", VALUE_TEXT},
		{"not_before", VALUE_TIME},
		{"not_after", VALUE_TIME},
		{"days_left", VALUE_TEXT},
		{"sha256", VALUE_FINGERPRINT},
		{"trust", VALUE_TRUST},
		{"trusted", VALUE_TEXT},
		{"distrust", VALUE_TEXT},
		{"problems", VALUE_WORDS},
	};
	json_t *shown = json_copy((json_t *)check);

	(void)json_object_update(shown, json_object_get(check, "certificate"));
	(void)json_object_set_new(
		shown, "why", json_string(said_translate(value_text(check, "why"))));
	(void)json_object_set_new(shown, "offered", json_string(offered(check)));
	(void)json_object_set_new(shown, "trusted", json_string(trusted(check)));
	(void)json_object_set_new(
		shown, "distrust", json_string(said_translate(value_text(check, "distrust"))));
	values_print(shown, rows, ARRAY_SIZE(rows));
	json_decref(shown);
	if (json_array_size(json_object_get(check, "problems")) == 0)
		printf("\n%s\n", _("Nothing is wrong with it."));
}

static const char *
certificate_until(const json_t *check)
{
	return value_time(json_object_get(check, "certificate"), "not_after");
}

static const char *
days_left(const json_t *check)
{
	return value_text(json_object_get(check, "certificate"), "days_left");
}

static const char *
why(const json_t *check)
{
	return said_translate(value_text(check, "why"));
}

void
print_checks(const struct admin *admin, const json_t *result)
{
	static const struct list_column columns[] = {
		{N_("Terminal"), 50, "name", VALUE_TEXT},
		{N_("Address"), 46, .shown = place},
		{N_("Reachable"), 0, "reachable", VALUE_YES},
		{N_("Protocols"), 0, .shown = offered},
		{N_("TLS"), 0, "tls_version", VALUE_TEXT},
		{N_("Certificate until"), 0, .shown = certificate_until},
		{N_("Days left"), 0, .shown = days_left},
		{N_("Trusted"), 0, .shown = trusted},
		{N_("Wrong"), 60, "problems", VALUE_WORDS},
		{N_("Why"), 80, .shown = why},
	};
	const json_t *rows = value_rows(result, "checks");
	size_t i, wrong = 0;
	json_t *check;

	(void)admin;
	if (json_array_size(rows) == 1) {
		print_check(json_array_get(rows, 0));
		return;
	}
	json_array_foreach (rows, i, check)
		wrong += json_array_size(json_object_get(check, "problems")) > 0;
	i = list_print(rows, columns, ARRAY_SIZE(columns));
	fprintf(stderr, _("%zu terminals looked at, something is wrong with %zu\n"), i, wrong);
}
