/* Initial passwords, which the gateway says once; see handover.h. */
#include "admin-cli/handover.h"

#include "admin-cli/new_file.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const password_keys[] = {"initial_password", "initial_second_password"};

/* Longer than what is written into it: names are limited, and so are translations. */
#define HANDOVER_BYTES 4096

static const char *
notice(void)
{
	return _("They are shown this once; the gateway keeps no copy. They must be changed at "
		 "their "
		 "first use.");
}

static bool
has_password(const json_t *result)
{
	for (size_t i = 0; i < ARRAY_SIZE(password_keys); i++)
		if (json_object_get(result, password_keys[i]) != NULL)
			return true;
	return false;
}

static void
print_passwords(const json_t *result)
{
	const struct value_row rows[] = {
		{password_keys[0], VALUE_TEXT},
		{password_keys[1], VALUE_TEXT},
	};

	putchar('\n');
	values_print(result, rows, ARRAY_SIZE(rows));
	printf("\n%s\n", notice());
}

static int
write_text(int fd, const char *text)
{
	size_t len = strlen(text);
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = new_file_write(fd, text, len);
	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)len) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int
write_passwords(int fd, const json_t *result)
{
	char text[HANDOVER_BYTES];
	int used, r;

	used = snprintf(text, sizeof(text), "%s: %s\n%s: %s\n\n", value_label("account"),
		value_text(result, "full_id"), value_label("person"), value_person(result));
	for (size_t i = 0; i < ARRAY_SIZE(password_keys) && used < HANDOVER_BYTES; i++)
		if (json_object_get(result, password_keys[i]) != NULL)
			used += snprintf(text + used, sizeof(text) - (size_t)used, "%s: %s\n",
				value_label(password_keys[i]),
				value_text(result, password_keys[i]));
	if (used < HANDOVER_BYTES)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "\n%s\n",
			_("Change them at their first use, and destroy this text then."));
	r = used < HANDOVER_BYTES ? write_text(fd, text) : -EMSGSIZE;
	secret_wipe(text, sizeof(text));
	return r;
}

/* Blanks first, so that a full disk says so while nothing has happened yet. */
static int
make_file(const char *path, int *ret_fd)
{
	char blanks[HANDOVER_BYTES];
	int fd = new_file_create(path);
	int r;

	if (fd < 0)
		return fd;
	memset(blanks, ' ', sizeof(blanks));
	r = new_file_write(fd, blanks, sizeof(blanks));
	if (r < 0) {
		(void)close(fd);
		(void)unlink(path);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* What the passwords have been written to does not show them, not even to programs. */
static void
forget_passwords(json_t *result)
{
	for (size_t i = 0; i < ARRAY_SIZE(password_keys); i++)
		(void)json_object_del(result, password_keys[i]);
}

/* It was done all the same, so that the passwords have to be shown: to a program in the same JSON document as the error. */
static enum admin_exit
tell_unwritten(struct admin *admin, json_t *result, const char *path, int error)
{
	auto_free char *message = NULL;

	(void)unlink(path);
	if (asprintf(&message, _("%s cannot be written: %s"), text_shown(path), strerror(-error)) <
		0)
		message = NULL;
	if (admin->arguments->json)
		(void)json_object_set_new(result, "error", json_pack("{s:s?}", "message", message));
	admin_print(admin, result);
	if (!admin->arguments->json && has_password(result))
		print_passwords(result);
	(void)fflush(stdout);
	fprintf(stderr, "sekisho-admin: %s\n%s\n", message != NULL ? message : path,
		_("It was done all the same: keep the passwords shown above."));
	return ADMIN_REFUSED;
}

static enum admin_exit
tell(struct admin *admin, json_t *result, const char *path, int fd)
{
	int r = path == NULL ? 0 : write_passwords(fd, result);

	if (r < 0)
		return tell_unwritten(admin, result, path, r);
	if (path != NULL)
		forget_passwords(result);
	admin_print(admin, result);
	if (admin->arguments->json)
		return ADMIN_DONE;
	if (path == NULL && has_password(result))
		print_passwords(result);
	else if (path != NULL)
		printf(_("\nThe initial passwords are in %s, which only you can read. Hand them "
			 "over safely.\n"),
			text_shown(path));
	return ADMIN_DONE;
}

enum admin_exit
handover_ask(struct admin *admin, json_t *parameters)
{
	const char *path = argument_text(admin->arguments, "handover");
	json_t *result = NULL;
	enum admin_exit exit_code;
	auto_fd int fd = -1;

	if (path != NULL) {
		int r = make_file(path, &fd);

		if (r < 0) {
			json_decref(parameters);
			return new_file_refuse(admin, path, r);
		}
	}
	exit_code = admin_ask(admin, admin->arguments->command->method, parameters, &result);
	if (exit_code == ADMIN_DONE)
		exit_code = tell(admin, result, path, fd);
	else if (path != NULL)
		(void)unlink(path);
	json_decref(result);
	return exit_code;
}
