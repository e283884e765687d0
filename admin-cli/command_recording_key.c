/* recording key new, recording key show: on the auditor's own machine. */
#include "admin-cli/command.h"
#include "admin-cli/hidden_line.h"
#include "admin-cli/new_file.h"
#include "admin-cli/recording_key.h"
#include "admin-cli/text.h"
#include "base/cleanup.h"
#include "base/utf_8.h"
#include "recording/keys.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSPHRASE_LEAST 13 /* characters: a Japanese one has three bytes */

static void
print_line(const struct admin *admin, const struct auditor_key *key, bool is_new)
{
	char line[AUDITOR_KEY_TEXT_SIZE];
	json_t *result;

	if (auditor_key_write(key, line) < 0)
		return;
	if (admin->arguments->json) {
		result = json_pack("{s:s, s:s}", "name", key->name, "line", line);
		admin_print(admin, result);
		json_decref(result);
		return;
	}
	printf("%s\n", line);
	if (is_new)
		fprintf(stderr, "\n%s\n",
			_("This line belongs under recording: auditors: of the gateway's settings. "
			  "Recordings that begin\nafter that can be opened with your file and its "
			  "passphrase, and with nothing else: keep a copy of\nboth in a safe "
			  "place. "
			  "Nobody can replace them."));
}

static const char *
choose_name(const struct admin *admin)
{
	const char *name = argument_text(admin->arguments, "name");
	const struct passwd *user;

	if (name != NULL)
		return name;
	user = getpwuid(getuid());
	return user != NULL ? user->pw_name : "auditor";
}

static enum admin_exit
read_passphrase(const struct admin *admin, struct secret *ret_passphrase)
{
	enum admin_exit exit_code = hidden_line_read(admin, _("New passphrase for the key"),
		_("The same passphrase again"), ret_passphrase);

	ptrdiff_t characters;

	if (exit_code != ADMIN_DONE)
		return exit_code;
	characters = utf_8_count((const char *)ret_passphrase->bytes, ret_passphrase->len);
	if (characters >= PASSPHRASE_LEAST)
		return ADMIN_DONE;
	if (characters < 0)
		return admin_refuse(
			admin, ADMIN_REFUSED, _("the passphrase must be UTF-8; nothing was made"));
	return admin_refuse(admin, ADMIN_REFUSED,
		_("the passphrase must have at least %d characters; nothing was made"),
		PASSPHRASE_LEAST);
}

/* The file comes first: no passphrase is asked for where none can be made. */
static enum admin_exit
make(const struct admin *admin, const char *path, int fd, struct auditor_key *key)
{
	auto_secret struct secret passphrase = {0}, private_key = {0};
	char text[RECORDING_PRIVATE_FILE_MOST];
	enum admin_exit exit_code = read_passphrase(admin, &passphrase);
	int r;

	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (recording_keys_ready() < 0 || recording_pair_new(key->key, &private_key) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, _("libsodium cannot be used"));
	r = recording_private_to_text(key->name, &private_key, &passphrase, text);
	if (r < 0)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("the key needs 256 MB of memory for a moment, which are not to be had"));
	r = new_file_write(fd, text, strlen(text));
	secret_wipe(text, sizeof(text));
	return r < 0 ? new_file_refuse(admin, path, r) : ADMIN_DONE;
}

static enum admin_exit
key_new(const struct admin *admin, const char *path)
{
	struct auditor_key key = {0};
	char line[AUDITOR_KEY_TEXT_SIZE];
	enum admin_exit exit_code;
	auto_fd int fd = -1;

	(void)snprintf(key.name, sizeof(key.name), "%s", choose_name(admin));
	if (strlen(choose_name(admin)) >= sizeof(key.name) || auditor_key_write(&key, line) < 0)
		return admin_refuse(admin, ADMIN_USAGE,
			_("--name: 1 to 32 letters, digits, dots, underscores and hyphens, the "
			  "first one a letter or digit"));
	fd = new_file_create(path);
	if (fd < 0)
		return new_file_refuse(admin, path, fd);
	exit_code = make(admin, path, fd, &key);
	if (exit_code == ADMIN_DONE)
		print_line(admin, &key, true);
	else
		(void)unlink(path);
	return exit_code;
}

static enum admin_exit
key_show(const struct admin *admin, const char *path)
{
	auto_free char *text = NULL;
	struct auditor_key key;
	enum admin_exit exit_code;
	size_t len = 0;

	exit_code = recording_key_load(admin, path, &text, &len);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (recording_private_public(text, len, &key) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, _("%s is no private key of an auditor"),
			text_shown(path));
	print_line(admin, &key, false);
	return ADMIN_DONE;
}

enum admin_exit
command_recording_key(struct admin *admin)
{
	const char *path = argument_text(admin->arguments, "FILE");

	return strcmp(argument_text(admin->arguments, "ACTION"), "new") == 0
		       ? key_new(admin, path)
		       : key_show(admin, path);
}
