/* The file of an auditor's private key:
 *
 *	sekisho auditor key 1
 *	public NAME=…                        base/auditor_key.h
 *	argon2id TIMES MEGABYTES SALT        16 bytes, hexadecimal
 *	secretbox NONCE SEALED               24 and 48 bytes, hexadecimal
 *
 * On its owner's machine; the file may come from anywhere. See keys.h.
 */
#include "recording/keys.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "sekisho auditor key 1"
#define TIMES 3
#define MEGABYTES 256
#define TIMES_MOST 16 /* of a file that somebody else has made: minutes, not hours */
#define MEGABYTES_MOST 1024
#define SALT crypto_pwhash_SALTBYTES
#define NONCE crypto_secretbox_NONCEBYTES
#define SEALED (crypto_box_SECRETKEYBYTES + crypto_secretbox_MACBYTES)

struct key_file {
	struct auditor_key public_key;
	unsigned int times;
	unsigned int megabytes;
	uint8_t salt[SALT];
	uint8_t nonce[NONCE];
	uint8_t sealed[SEALED];
};

static int
stretch(const struct key_file *file, const struct secret *passphrase,
	uint8_t ret_key[crypto_secretbox_KEYBYTES])
{
	/* An empty passphrase has no bytes at all. */
	const char *text = passphrase->len > 0 ? (const char *)passphrase->bytes : "";

	return crypto_pwhash(ret_key, crypto_secretbox_KEYBYTES, text, passphrase->len, file->salt,
		       file->times, (size_t)file->megabytes << 20,
		       crypto_pwhash_ALG_ARGON2ID13) == 0
		       ? 0
		       : -ENOMEM;
}

static void
write_file(const struct key_file *file, const char *public_text,
	char ret_text[RECORDING_PRIVATE_FILE_MOST])
{
	char salt[2 * SALT + 1], nonce[2 * NONCE + 1], sealed[2 * SEALED + 1];

	bytes_to_hex(file->salt, SALT, salt);
	bytes_to_hex(file->nonce, NONCE, nonce);
	bytes_to_hex(file->sealed, SEALED, sealed);
	(void)snprintf(ret_text, RECORDING_PRIVATE_FILE_MOST,
		"%s\npublic %s\nargon2id %u %u %s\nsecretbox %s %s\n", FIRST_LINE, public_text,
		file->times, file->megabytes, salt, nonce, sealed);
}

int
recording_private_to_text(const char *name, const struct secret *private_key,
	const struct secret *passphrase, char ret_text[RECORDING_PRIVATE_FILE_MOST])
{
	char public_text[AUDITOR_KEY_TEXT_SIZE];
	struct key_file file = {.times = TIMES, .megabytes = MEGABYTES};
	uint8_t key[crypto_secretbox_KEYBYTES];
	int r;

	if (private_key->len != crypto_box_SECRETKEYBYTES ||
		crypto_scalarmult_base(file.public_key.key, private_key->bytes) != 0 ||
		strlen(name) >= sizeof(file.public_key.name))
		return -EINVAL;
	strcpy(file.public_key.name, name);
	if (auditor_key_write(&file.public_key, public_text) < 0)
		return -EINVAL;
	randombytes_buf(file.salt, SALT);
	randombytes_buf(file.nonce, NONCE);
	r = stretch(&file, passphrase, key);
	if (r == 0) {
		crypto_secretbox_easy(
			file.sealed, private_key->bytes, private_key->len, file.nonce, key);
		write_file(&file, public_text, ret_text);
	}
	secret_wipe(key, sizeof(key));
	return r;
}

/* The words of one line; each %s of what sscanf reads has a bound. */
static bool
read_file(const char *text, struct key_file *ret_file)
{
	char first[32], public_text[100], salt[80], nonce[80], sealed[120];
	int end = -1;

	return sscanf(text, "%31[^\n] public %99s argon2id %3u %5u %79s secretbox %79s %119s %n",
		       first, public_text, &ret_file->times, &ret_file->megabytes, salt, nonce,
		       sealed, &end) == 7 &&
	       end >= 0 && text[end] == '\0' && strcmp(first, FIRST_LINE) == 0 &&
	       auditor_key_read(public_text, &ret_file->public_key) == 0 &&
	       strlen(salt) == 2 * SALT && bytes_from_hex(salt, ret_file->salt, SALT) == 0 &&
	       strlen(nonce) == 2 * NONCE && bytes_from_hex(nonce, ret_file->nonce, NONCE) == 0 &&
	       strlen(sealed) == 2 * SEALED &&
	       bytes_from_hex(sealed, ret_file->sealed, SEALED) == 0 && ret_file->times >= 1 &&
	       ret_file->times <= TIMES_MOST && ret_file->megabytes >= 8 &&
	       ret_file->megabytes <= MEGABYTES_MOST;
}

static int
parse(const char *text, size_t len, struct key_file *ret_file)
{
	char room[RECORDING_PRIVATE_FILE_MOST];

	if (len >= sizeof(room) || memchr(text, '\0', len) != NULL)
		return -EINVAL;
	memcpy(room, text, len);
	room[len] = '\0';
	return read_file(room, ret_file) ? 0 : -EINVAL;
}

int
recording_private_public(const char *text, size_t len, struct auditor_key *ret_public)
{
	struct key_file file = {0};
	int r = parse(text, len, &file);

	if (r == 0)
		*ret_public = file.public_key;
	return r;
}

static int
unseal(const struct key_file *file, const struct secret *passphrase, struct secret *ret_private)
{
	uint8_t key[crypto_secretbox_KEYBYTES], private_key[crypto_box_SECRETKEYBYTES];
	uint8_t public_key[RECORDING_PUBLIC_BYTES];
	int r = stretch(file, passphrase, key);

	if (r == 0 && crypto_secretbox_open_easy(
			      private_key, file->sealed, SEALED, file->nonce, key) != 0)
		r = -EKEYREJECTED;
	/* What stands beside it is believed by whoever copies it into gateway.yaml. */
	if (r == 0 && (crypto_scalarmult_base(public_key, private_key) != 0 ||
			      memcmp(public_key, file->public_key.key, sizeof(public_key)) != 0))
		r = -EKEYREJECTED;
	if (r == 0)
		r = secret_set(ret_private, private_key, sizeof(private_key));
	secret_wipe(key, sizeof(key));
	secret_wipe(private_key, sizeof(private_key));
	return r;
}

int
recording_private_from_text(const char *text, size_t len, const struct secret *passphrase,
	struct secret *ret_private, const char **ret_why)
{
	struct key_file file = {0};
	int r = parse(text, len, &file);

	if (r < 0) {
		*ret_why = "this is no file of an auditor's private key";
		return r;
	}
	r = unseal(&file, passphrase, ret_private);
	if (r == -EKEYREJECTED)
		*ret_why = "the passphrase is not the one of this file, or the file was changed";
	else if (r < 0)
		*ret_why = "there is not enough memory for the passphrase to be checked";
	return r;
}
