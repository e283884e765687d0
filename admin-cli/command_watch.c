/* session watch, recording play: a ticket with which an auditor's own RDP client shows a session. */
#include "admin-cli/command.h"
#include "admin-cli/new_file.h"
#include "admin-cli/recording_key.h"
#include "admin-cli/recording_named.h"
#include "admin-cli/session_time.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
print_ticket(const struct admin *admin, const json_t *ticket)
{
	const char *file = argument_text(admin->arguments, "rdp-file");
	bool print = argument_flag(admin->arguments, "print");
	const struct value_row rows[] = {
		{"title", VALUE_TEXT},
		{"handle", VALUE_TEXT},
		{"expires", VALUE_TIME},
		{"secret", VALUE_TEXT},
	};

	values_print(ticket, rows, print ? ARRAY_SIZE(rows) : ARRAY_SIZE(rows) - 1);
	if (file != NULL)
		printf(_("\nOpen %s with an RDP client at once: it works once, and for a minute. "
			 "Space "
			 "pauses, the\narrow keys go back and forth, + and - change the speed.\n"),
			text_shown(file));
	else if (!print)
		printf("\n%s\n",
			_("The handle alone opens nothing. Ask again with --rdp-file FILE, or with "
			  "--print for a client\n"
			  "that wants the handle as user name and the secret as password."));
}

static void
show(const struct admin *admin, const json_t *ticket)
{
	json_t *shown;

	if (!admin->arguments->json) {
		print_ticket(admin, ticket);
		return;
	}
	shown = json_copy((json_t *)ticket);
	if (!argument_flag(admin->arguments, "print")) {
		(void)json_object_del(shown, "secret");
		(void)json_object_del(shown, "rdp");
	}
	admin_print(admin, shown);
	json_decref(shown);
}

/* The file comes first: a ticket that cannot be kept would be lost within its minute. Takes parameters. */
static enum admin_exit
issue(struct admin *admin, json_t *parameters)
{
	const char *path = argument_text(admin->arguments, "rdp-file");
	json_t *ticket = NULL;
	enum admin_exit exit_code;
	auto_fd int fd = -1;
	int r = 0;

	if (path != NULL) {
		fd = new_file_create(path);
		if (fd < 0) {
			json_decref(parameters);
			return new_file_refuse(admin, path, fd);
		}
	}
	exit_code = admin_ask(admin, admin->arguments->command->method, parameters, &ticket);
	if (exit_code == ADMIN_DONE && path != NULL) {
		const char *rdp = value_text(ticket, "rdp");

		r = rdp[0] == '\0' ? -EPROTO : new_file_write(fd, rdp, strlen(rdp));
		if (r < 0)
			exit_code = new_file_refuse(admin, path, r);
	}
	if (exit_code == ADMIN_DONE)
		show(admin, ticket);
	else if (path != NULL)
		(void)unlink(path);
	json_decref(ticket);
	return exit_code;
}

enum admin_exit
command_session_watch(struct admin *admin)
{
	return issue(admin, named_parameters(admin, "SESSION"));
}

/* Before the passphrase is asked for. */
static enum admin_exit
take_at(const struct admin *admin, json_t *parameters)
{
	const char *at = argument_text(admin->arguments, "at");
	uint32_t ms;

	if (at == NULL)
		return ADMIN_DONE;
	if (!session_time_read(at, &ms))
		return admin_refuse(admin, ADMIN_USAGE,
			_("--at: %s is no time since the session began; allowed are 90, 1:30 or "
			  "1:02:03"),
			text_shown(at));
	(void)json_object_set_new(parameters, "at", json_integer(ms / 1000));
	return ADMIN_DONE;
}

enum admin_exit
command_recording_play(struct admin *admin)
{
	json_t *parameters = named_parameters(admin, "RECORDING");
	char text[2 * RECORDING_KEY_BYTES + 1];
	uint8_t key[RECORDING_KEY_BYTES];
	enum admin_exit exit_code = take_at(admin, parameters);

	if (exit_code == ADMIN_DONE)
		exit_code = recording_key_fetch(admin, json_object_get(parameters, "id"), key);
	if (exit_code != ADMIN_DONE) {
		json_decref(parameters);
		return exit_code;
	}
	bytes_to_hex(key, sizeof(key), text);
	(void)json_object_set_new(parameters, "key", json_string(text));
	secret_wipe(text, sizeof(text));
	secret_wipe(key, sizeof(key));
	return issue(admin, parameters);
}
