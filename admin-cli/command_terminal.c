/* terminal add, edit, accounts, trust, check, delete. */
#include "admin-cli/account_pages.h"
#include "admin-cli/command.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PEM_BYTES_MOST 65536

/* The whole of a PEM file. Returns 0, or a negative errno: -EFBIG past the limit. */
static int
read_pem(const char *path, char **ret_text)
{
	FILE *in = fopen(path, "re");
	auto_free char *text = calloc(1, PEM_BYTES_MOST + 1);
	size_t len;
	int r = 0;

	if (in == NULL)
		return -errno;
	if (text == NULL) {
		(void)fclose(in);
		return -ENOMEM;
	}
	len = fread(text, 1, PEM_BYTES_MOST + 1, in);
	if (ferror(in) != 0)
		r = -errno; /* a folder can be opened, too */
	else if (len > PEM_BYTES_MOST)
		r = -EFBIG;
	else if (memchr(text, '\0', len) != NULL ||
		 strstr(text, "-----BEGIN CERTIFICATE-----") == NULL)
		r = -EINVAL;
	(void)fclose(in);
	if (r == 0)
		*ret_text = take_pointer(&text);
	return r;
}

static enum admin_exit
add_ca_file(struct admin *admin, const char *path, json_t *changes)
{
	auto_free char *text = NULL;
	int r = read_pem(path, &text);

	if (r == -EINVAL)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("%s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"),
			text_shown(path));
	if (r < 0)
		return admin_refuse(admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(-r));
	(void)json_object_set_new(changes, "ca_bundle", json_string(text));
	return ADMIN_DONE;
}

static void
add_switches(const struct admin *admin, json_t *object)
{
	static const struct {
		const char *option, *key, *yes;
	} switches[] = {
		{"take-over", "take_over", "yes"},
		{"attended", "attended", "on"},
		{"record-input", "record_input", "yes"},
		{"four-eyes", "four_eyes", "yes"},
		{"show-watchers", "show_watchers", "yes"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		const char *value = argument_text(admin->arguments, switches[i].option);

		if (value != NULL)
			(void)json_object_set_new(object, switches[i].key,
				json_boolean(strcmp(value, switches[i].yes) == 0));
	}
}

/* What is not as it stands in the parameters yet. */
static enum admin_exit
complete_changes(struct admin *admin, json_t *changes)
{
	const char *in_service = argument_text(admin->arguments, "in-service");
	const char *ca_file = argument_text(admin->arguments, "ca-file");

	if (admin_take_protection(admin, changes) != ADMIN_DONE)
		return ADMIN_USAGE;
	if (in_service != NULL)
		(void)json_object_set_new(
			changes, "in_service", json_boolean(strcmp(in_service, "yes") == 0));
	add_switches(admin, changes);
	return ca_file != NULL ? add_ca_file(admin, ca_file, changes) : ADMIN_DONE;
}

static json_t *
name_parameter(const struct admin *admin)
{
	return json_pack("{s:s}", "name", argument_text(admin->arguments, "TERMINAL"));
}

/* Whether the jump host would be another one, as far as can be said here. */
static bool
moves(const json_t *terminal, const json_t *changes)
{
	const json_t *address = json_object_get(changes, "address");
	const json_t *port = json_object_get(changes, "port");

	return (json_is_string(address) && strcasecmp(json_string_value(address),
						   value_text(terminal, "address")) != 0) ||
	       (port != NULL && !json_equal(port, json_object_get(terminal, "port")));
}

static enum admin_exit
confirm_forgetting(struct admin *admin, const json_t *terminal)
{
	const struct fact facts[] = {
		{value_label("terminal"), value_text(terminal, "name")},
		{value_label("address"), value_text(terminal, "address")},
		{value_label("credentials"), value_word(terminal, "credentials")},
	};

	return admin_confirm(admin, facts, ARRAY_SIZE(facts),
		_("A password is stored for this terminal. It is for the address until now, and is "
		  "forgotten with the change:\n"
		  "no other machine shall be sent it. Set it again afterwards: terminal "
		  "credential set."),
		_("Change the address, and forget the stored password?"));
}

/* Says it before, where a stored password would be lost by the change. */
static enum admin_exit
confirm_move(struct admin *admin, json_t *parameters)
{
	const json_t *changes = json_object_get(parameters, "changes");
	json_t *terminal = NULL;
	enum admin_exit exit_code;

	if (json_object_get(changes, "address") == NULL && json_object_get(changes, "port") == NULL)
		return ADMIN_DONE;
	exit_code = admin_ask(admin, "terminal.show", name_parameter(admin), &terminal);
	if (exit_code == ADMIN_DONE && moves(terminal, changes) &&
		json_is_true(json_object_get(terminal, "credential_stored"))) {
		exit_code = confirm_forgetting(admin, terminal);
		if (exit_code == ADMIN_DONE)
			(void)json_object_set_new(parameters, "forget_credential", json_true());
	}
	json_decref(terminal);
	return exit_code;
}

enum admin_exit
command_terminal_edit(struct admin *admin)
{
	json_t *parameters = arguments_parameters(admin->arguments);
	enum admin_exit exit_code = complete_changes(admin, admin_changes(parameters));

	if (exit_code == ADMIN_DONE)
		exit_code = confirm_move(admin, parameters);
	return admin_edit(admin, parameters, exit_code);
}

/* B1: a name without a prefix gets the facility's, which the gateway knows. */
enum admin_exit
command_terminal_add(struct admin *admin)
{
	const char *prefix = argument_text(admin->arguments, "prefix");
	const char *name = argument_text(admin->arguments, "TERMINAL");
	json_t *parameters = arguments_parameters(admin->arguments);

	add_switches(admin, parameters);
	if (prefix == NULL)
		(void)json_object_set_new(parameters, "default_prefix", json_true());
	else
		(void)json_object_set_new(parameters, "name", json_sprintf("%s%s", prefix, name));
	return admin_ask_and_print(admin, parameters);
}

static void
take_accounts(const json_t *accounts, void *argument)
{
	(void)json_array_extend(argument, (json_t *)accounts);
}

/* All pages as one: a list that ends early would be taken for the whole. */
enum admin_exit
command_terminal_accounts(struct admin *admin)
{
	json_t *all = json_array();
	json_t *result = json_pack("{s:o}", "accounts", all);
	enum admin_exit exit_code;

	exit_code =
		account_pages(admin, arguments_parameters(admin->arguments), take_accounts, all);
	if (exit_code == ADMIN_DONE)
		admin_print(admin, result);
	json_decref(result);
	return exit_code;
}

/* Something is wrong with one of them: scripts see it by the exit status. */
enum admin_exit
command_terminal_check(struct admin *admin)
{
	json_t *result = NULL, *check;
	enum admin_exit exit_code;
	size_t i;

	exit_code =
		admin_ask(admin, "terminal.check", arguments_parameters(admin->arguments), &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	admin_print(admin, result);
	json_array_foreach (json_object_get(result, "checks"), i, check) {
		if (json_array_size(json_object_get(check, "problems")) > 0)
			exit_code = ADMIN_REFUSED;
	}
	json_decref(result);
	return exit_code;
}

static bool
is_fingerprint(const char *text)
{
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		if (isxdigit((unsigned char)*text))
			digits++;
		else if (*text != ':' && *text != ' ')
			return false;
	}
	return digits == 64;
}

/* Fingerprints are written with and without colons, in either case. */
static bool
same_fingerprint(const char *one, const char *other)
{
	for (;;) {
		one += strspn(one, ": ");
		other += strspn(other, ": ");
		if (*one == '\0' || *other == '\0')
			return *one == *other;
		if (strncasecmp(one++, other++, 1) != 0)
			return false;
	}
}

/* A pin that is another than the one shown now: of it is said what was kept when it was trusted. */
static size_t
add_old(const json_t *terminal, struct fact *facts)
{
	static const struct {
		const char *label, *key;
		const char *(*shown)(const json_t *object, const char *key);
	} rows[] = {
		{"old_subject", "subject", value_text},
		{"old_names", "names", value_text},
		{"old_not_before", "not_before", value_time},
		{"old_not_after", "not_after", value_time},
		{"old_since", "since", value_time},
		{"old_by", "by", value_text},
	};
	const json_t *pinned = json_object_get(terminal, "pinned");
	size_t count = 0;

	facts[count++] =
		(struct fact){value_label("old_sha256"), value_fingerprint(terminal, "pin")};
	for (size_t i = 0; json_is_object(pinned) && i < ARRAY_SIZE(rows); i++)
		facts[count++] = (struct fact){
			value_label(rows[i].label), rows[i].shown(pinned, rows[i].key)};
	return count;
}

static size_t
add_new(const json_t *seen, bool changed, struct fact *facts)
{
	const struct fact all[] = {
		{value_label(changed ? "new_sha256" : "sha256"), value_fingerprint(seen, "sha256")},
		{value_label("subject"), value_text(seen, "subject")},
		{value_label("names"), value_text(seen, "names")},
		{value_label("issuer"), value_text(seen, "issuer")},
		{value_label("not_before"), value_time(seen, "not_before")},
		{value_label("not_after"), value_time(seen, "not_after")},
		{value_label("protocol"), value_text(seen, "protocol")},
	};

	memcpy(facts, all, sizeof(all));
	return ARRAY_SIZE(all);
}

static enum admin_exit
ask_trust(struct admin *admin, const json_t *terminal, const json_t *seen)
{
	const json_t *pin = json_object_get(terminal, "pin");
	bool changed = json_is_string(pin) && !json_equal(pin, json_object_get(seen, "sha256"));
	struct fact facts[16];
	size_t count = 0;

	facts[count++] = (struct fact){value_label("terminal"), value_text(terminal, "name")};
	if (changed)
		count += add_old(terminal, facts + count);
	count += add_new(seen, changed, facts + count);
	if (json_is_true(json_object_get(terminal, "credential_stored")))
		facts[count++] = (struct fact){value_label("credential_stored"),
			_("the machine with this certificate will be sent it")};
	if (strcmp(value_text(terminal, "trust"), "ca") == 0)
		return admin_confirm(admin, facts, count,
			_("Certificates of an authority are trusted for this terminal until now. "
			  "With "
			  "this one certificate in the\n"
			  "place of the authority a renewed one is refused, until it is trusted in "
			  "its "
			  "turn."),
			_("Trust this one certificate instead of the authority?"));
	if (changed)
		return admin_confirm(admin, facts, count,
			_("The jump host shows ANOTHER certificate than the one that is trusted. "
			  "It was renewed, or somebody\n"
			  "stands between. Compare the new fingerprint with the one shown on the "
			  "jump host itself."),
			_("Trust the new one instead?"));
	return admin_confirm(admin, facts, count,
		_("Compare the fingerprint with the one shown on the jump host itself: whoever "
		  "stands between could\n"
		  "show you another certificate."),
		_("Trust this certificate?"));
}

static enum admin_exit
confirm_trust(struct admin *admin, const json_t *terminal, const json_t *seen)
{
	const char *wanted = argument_text(admin->arguments, "sha256");
	const char *fingerprint = value_text(seen, "sha256");

	if (strlen(fingerprint) != 64)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("the jump host shows no certificate (protocol: %s)"),
			text_shown(value_text(seen, "protocol")));
	if (wanted != NULL && !is_fingerprint(wanted))
		return admin_refuse(admin, ADMIN_USAGE,
			_("'%s' is no SHA-256 fingerprint: that has 64 hexadecimal digits"),
			text_shown(wanted));
	if (wanted != NULL && same_fingerprint(wanted, fingerprint))
		return ADMIN_DONE;
	if (wanted != NULL)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("the jump host shows another certificate, with the fingerprint %s: do "
			  "not trust it before you "
			  "know why"),
			value_fingerprint(seen, "sha256"));
	return ask_trust(admin, terminal, seen);
}

/* What the certificate says goes with its fingerprint, to be shown beside another one later. */
static json_t *
trust_parameters(const struct admin *admin, const json_t *seen)
{
	static const char *const keys[] = {"sha256", "subject", "names", "not_before", "not_after"};
	json_t *parameters = arguments_parameters(admin->arguments);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *value = json_object_get(seen, keys[i]);

		if (json_is_string(value))
			(void)json_object_set(parameters, keys[i], value);
	}
	return parameters;
}

enum admin_exit
command_terminal_trust(struct admin *admin)
{
	json_t *terminal = NULL, *seen = NULL, *parameters = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "terminal.show", name_parameter(admin), &terminal);
	if (exit_code == ADMIN_DONE)
		exit_code = admin_ask(admin, "terminal.look", name_parameter(admin), &seen);
	if (exit_code == ADMIN_DONE)
		exit_code = confirm_trust(admin, terminal, seen);
	if (exit_code == ADMIN_DONE)
		parameters = trust_parameters(admin, seen);
	json_decref(terminal);
	json_decref(seen);
	return exit_code != ADMIN_DONE ? exit_code : admin_ask_and_print(admin, parameters);
}

static enum admin_exit
confirm_delete(struct admin *admin, const json_t *terminal, const json_t *sessions)
{
	const struct fact facts[] = {
		{value_label("terminal"), value_text(terminal, "name")},
		{value_label("address"), value_text(terminal, "address")},
		{value_label("accounts"), value_count(terminal, "accounts")},
		{value_label("running_sessions"), value_count(sessions, "sessions")},
	};

	return admin_confirm(admin, facts, ARRAY_SIZE(facts),
		_("This cannot be undone. Its running sessions end; accounts, history and "
		  "logs stay."),
		_("Delete this terminal?"));
}

enum admin_exit
command_terminal_delete(struct admin *admin)
{
	json_t *terminal = NULL, *sessions = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "terminal.show", name_parameter(admin), &terminal);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	exit_code = admin_ask(admin, "session.list",
		json_pack("{s:O}", "terminal", json_object_get(terminal, "name")), &sessions);
	if (exit_code == ADMIN_DONE)
		exit_code = confirm_delete(admin, terminal, sessions);
	json_decref(terminal);
	json_decref(sessions);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}
