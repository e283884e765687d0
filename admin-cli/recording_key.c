/* The auditor's private key; see recording_key.h. */
#include "admin-cli/recording_key.h"

#include "admin-cli/hidden_line.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "recording/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum admin_exit
recording_key_load(const struct admin *admin, const char *path, char **ret_text, size_t *ret_len)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = calloc(1, RECORDING_PRIVATE_FILE_MOST + 1);
	struct stat status;
	ssize_t len;

	if (text == NULL)
		return admin_refuse(admin, ADMIN_REFUSED, _("out of memory"));
	if (fd < 0 || fstat(fd, &status) < 0)
		return admin_refuse(
			admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(errno));
	if (S_ISREG(status.st_mode) && (status.st_mode & 0077) != 0)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("%s can be read by others than you: chmod 600 it, and think about who "
			  "has "
			  "read it"),
			text_shown(path));
	len = read(fd, text, RECORDING_PRIVATE_FILE_MOST + 1);
	if (!S_ISREG(status.st_mode) || len <= 0 || len > RECORDING_PRIVATE_FILE_MOST)
		return admin_refuse(admin, ADMIN_REFUSED, _("%s is no private key of an auditor"),
			text_shown(path));
	*ret_len = (size_t)len;
	*ret_text = take_pointer(&text);
	return ADMIN_DONE;
}

const char *
recording_key_path(const struct admin *admin)
{
	const char *path = argument_text(admin->arguments, "key");

	if (path == NULL)
		path = getenv("SEKISHO_RECORDING_KEY");
	if (path != NULL && path[0] != '\0')
		return path;
	(void)admin_refuse(admin, ADMIN_USAGE,
		_("--key FILE: name the file of your private key, or set SEKISHO_RECORDING_KEY"));
	return NULL;
}

static bool
is_sealed_to(const struct recording_about *about, const uint8_t key_id[RECORDING_KEY_ID_BYTES])
{
	for (size_t i = 0; i < about->sealed_count; i++)
		if (memcmp(about->sealed[i].key_id, key_id, RECORDING_KEY_ID_BYTES) == 0)
			return true;
	return false;
}

/* Said before the passphrase is asked for. */
static enum admin_exit
check_whose(const struct admin *admin, const char *path, const char *text, size_t len,
	const struct recording_about *about)
{
	uint8_t id[RECORDING_KEY_ID_BYTES];
	struct auditor_key public;

	if (recording_private_public(text, len, &public) < 0 ||
		recording_key_id(public.key, id) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, _("%s is no private key of an auditor"),
			text_shown(path));
	if (!is_sealed_to(about, id))
		return admin_refuse(admin, ADMIN_REFUSED,
			_("this recording was not made for the key %s: recording show names those "
			  "that open it"),
			public.name);
	return ADMIN_DONE;
}

enum admin_exit
recording_key_open_with(const struct admin *admin, const char *path,
	const struct recording_about *about, uint8_t ret_key[RECORDING_KEY_BYTES])
{
	auto_free char *text = NULL;
	auto_secret struct secret passphrase = {0}, private_key = {0};
	enum admin_exit exit_code;
	const char *why = NULL;
	size_t len = 0;

	if (recording_keys_ready() < 0)
		return admin_refuse(admin, ADMIN_REFUSED, _("libsodium cannot be used"));
	exit_code = recording_key_load(admin, path, &text, &len);
	if (exit_code == ADMIN_DONE)
		exit_code = check_whose(admin, path, text, len, about);
	if (exit_code == ADMIN_DONE)
		exit_code = hidden_line_read(admin, _("Passphrase of your key"), NULL, &passphrase);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	switch (recording_private_from_text(text, len, &passphrase, &private_key, &why)) {
	case 0:
		break;
	case -EKEYREJECTED:
		return admin_refuse(admin, ADMIN_REFUSED, _("this is not the passphrase of %s"),
			text_shown(path));
	case -ENOMEM:
		return admin_refuse(admin, ADMIN_REFUSED,
			_("the key needs 256 MB of memory for a moment, which are not to be had"));
	default:
		return admin_refuse(admin, ADMIN_REFUSED, _("%s is no private key of an auditor"),
			text_shown(path));
	}
	if (recording_key_open(about, &private_key, ret_key) < 0)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("what was sealed to your key in this recording has been changed"));
	return ADMIN_DONE;
}

static void
take_sealed(const json_t *keys, struct recording_about *about)
{
	const json_t *key;
	size_t i;

	json_array_foreach (keys, i, key) {
		struct recording_sealed_key *sealed = &about->sealed[about->sealed_count];
		const char *id = value_text(key, "key"), *bytes = value_text(key, "sealed");

		if (about->sealed_count < RECORDING_AUDITORS_MOST &&
			strlen(id) == 2 * sizeof(sealed->key_id) &&
			strlen(bytes) == 2 * sizeof(sealed->sealed) &&
			bytes_from_hex(id, sealed->key_id, sizeof(sealed->key_id)) == 0 &&
			bytes_from_hex(bytes, sealed->sealed, sizeof(sealed->sealed)) == 0)
			about->sealed_count++;
	}
}

enum admin_exit
recording_key_fetch(struct admin *admin, json_t *id, uint8_t ret_key[RECORDING_KEY_BYTES])
{
	struct recording_about about = {0};
	const char *path = recording_key_path(admin);
	json_t *answer = NULL;
	enum admin_exit exit_code;

	if (path == NULL)
		return ADMIN_USAGE;
	exit_code = admin_ask(admin, "recording.keys", json_pack("{s:O}", "id", id), &answer);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	take_sealed(json_object_get(answer, "keys"), &about);
	json_decref(answer);
	return recording_key_open_with(admin, path, &about, ret_key);
}
