/* The auditor's private key, on the auditor's own machine: it opens the key of one recording, which then is all that the gateway
 * is told.
 */
#ifndef ADMIN_RECORDING_KEY_H
#define ADMIN_RECORDING_KEY_H

#include "admin-cli/command.h"
#include "base/auditor_key.h"
#include "recording/format.h"

/* Reads the file of a private key; *ret_text is to be freed. ADMIN_DONE, or the reason has been told. */
enum admin_exit recording_key_load(
	const struct admin *admin, const char *path, char **ret_text, size_t *ret_len);

/* The key of a recording, which was sealed to these auditors, opened by the private key in a file: the passphrase is asked for,
 * unless none of them is the file's. */
enum admin_exit recording_key_open_with(const struct admin *admin, const char *path,
	const struct recording_about *about, uint8_t ret_key[RECORDING_KEY_BYTES]);

/* The file that --key names, or $SEKISHO_RECORDING_KEY; else the reason has been told, and this is NULL. */
const char *recording_key_path(const struct admin *admin);

/* The same of a recording that the gateway has: what was sealed is fetched (recording.keys). id: borrowed. */
enum admin_exit recording_key_fetch(
	struct admin *admin, json_t *id, uint8_t ret_key[RECORDING_KEY_BYTES]);

#endif
