/* ticket issue: the secret goes into a file that nobody else can read, or where it was asked for. */
#include "admin-cli/command.h"
#include "admin-cli/new_file.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static void
print_ticket(const struct admin *admin, const json_t *ticket)
{
	const char *file = argument_text(admin->arguments, "rdp-file");
	bool print = argument_flag(admin->arguments, "print");
	const struct value_row rows[] = {
		{"account", VALUE_TEXT},
		{"terminal", VALUE_TEXT},
		{"handle", VALUE_TEXT},
		{"expires", VALUE_TIME},
		{"secret", VALUE_TEXT},
	};

	values_print(ticket, rows, print ? ARRAY_SIZE(rows) : ARRAY_SIZE(rows) - 1);
	if (!json_is_null(json_object_get(ticket, "closes")))
		printf(_("\nA maintenance or restart window of this terminal begins at %s: the "
			 "session ends then.\n"),
			value_time(ticket, "closes"));
	if (json_is_true(json_object_get(ticket, "recorded")))
		printf("\n%s\n", _("Sessions at this terminal are recorded. Whoever comes with the "
				   "ticket reads that before the desktop."));
	if (json_is_true(json_object_get(ticket, "four_eyes")))
		printf("\n%s\n", _("A session at this terminal begins when somebody watches it: "
				   "session watch."));
	if (file != NULL)
		printf(_("\nThe .rdp file is %s. It holds the secret: hand it over safely, open it "
			 "at once.\n"),
			text_shown(file));
	else if (!print)
		printf("\n%s\n",
			_("The handle alone opens nothing. Ask again with --rdp-file FILE, or with "
			  "--print for a client\n"
			  "that wants the handle as user name and the secret as password."));
}

/* For programs too the secret is printed only where it was asked for. */
static void
print_ticket_json(const struct admin *admin, const json_t *ticket)
{
	json_t *shown = json_copy((json_t *)ticket);

	if (!argument_flag(admin->arguments, "print")) {
		(void)json_object_del(shown, "secret");
		(void)json_object_del(shown, "rdp");
	}
	admin_print(admin, shown);
	json_decref(shown);
}

/* The file comes first: a ticket that cannot be kept would be lost within its minute. */
enum admin_exit
command_ticket_issue(struct admin *admin)
{
	const char *path = argument_text(admin->arguments, "rdp-file");
	json_t *ticket = NULL;
	enum admin_exit exit_code;
	auto_fd int fd = -1;
	int r = 0;

	if (path != NULL) {
		fd = new_file_create(path);
		if (fd < 0)
			return new_file_refuse(admin, path, fd);
	}
	exit_code =
		admin_ask(admin, "ticket.issue", arguments_parameters(admin->arguments), &ticket);
	if (exit_code == ADMIN_DONE && path != NULL) {
		const char *rdp = value_text(ticket, "rdp");

		r = rdp[0] == '\0' ? -EPROTO : new_file_write(fd, rdp, strlen(rdp));
		if (r < 0)
			exit_code = new_file_refuse(admin, path, r);
	}
	if (exit_code != ADMIN_DONE) {
		if (path != NULL)
			(void)unlink(path);
	} else if (admin->arguments->json) {
		print_ticket_json(admin, ticket);
	} else {
		print_ticket(admin, ticket);
	}
	json_decref(ticket);
	return exit_code;
}
