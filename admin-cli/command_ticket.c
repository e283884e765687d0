/* ticket issue: the secret goes into a file that nobody else can read, or where it was asked for. */
#include "admin-cli/command.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A new file: never one that is there, never through a link that somebody has laid. */
static int
create_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		len -= (size_t)written;
	}
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static void
print_ticket(const struct admin *admin, const json_t *ticket)
{
	const char *file = argument_text(admin->arguments, "rdp-file");
	bool print = argument_flag(admin->arguments, "print");
	const struct value_row rows[] = {
		{"account", VALUE_TEXT},
		{"terminal", VALUE_TEXT},
		{"handle", VALUE_TEXT},
		{print ? "secret" : "expires", VALUE_TEXT},
		{"expires", VALUE_TIME},
	};

	values_print(ticket, rows, 3);
	values_print(ticket, rows + (print ? 3 : 4), print ? 2 : 1);
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

static enum admin_exit
refuse_file(const struct admin *admin, const char *path, int error)
{
	if (error == -EEXIST)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("%s is there already: choose another name, or delete it first"),
			text_shown(path));
	return admin_refuse(admin, ADMIN_REFUSED, _("%s cannot be written: %s"), text_shown(path),
		strerror(-error));
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
		fd = create_file(path);
		if (fd < 0)
			return refuse_file(admin, path, fd);
	}
	exit_code =
		admin_ask(admin, "ticket.issue", arguments_parameters(admin->arguments), &ticket);
	if (exit_code == ADMIN_DONE && path != NULL) {
		const char *rdp = value_text(ticket, "rdp");

		r = rdp[0] == '\0' ? -EPROTO : write_all(fd, rdp, strlen(rdp));
		if (r < 0)
			exit_code = refuse_file(admin, path, r);
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
