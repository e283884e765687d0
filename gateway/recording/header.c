/* See header.h. */
#include "recording/header.h"

#include "base/whole.h"
#include "recording/keys.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

_Static_assert(RECORDING_HASH_BYTES == crypto_hash_sha256_BYTES, "hash");

static int
read_header(int fd, uint8_t room[RECORDING_HEADER_MOST], struct recording_about *ret_about,
	const char **ret_why)
{
	ssize_t have = read_at(fd, 0, room, RECORDING_HEADER_MOST);

	*ret_why = "the file cannot be read";
	return have < 0 ? (int)have : recording_header_get(room, (size_t)have, ret_about, ret_why);
}

int
recording_header_read(int fd, struct recording_about *ret_about,
	uint8_t ret_hash[RECORDING_HASH_BYTES], const char **ret_why)
{
	uint8_t bytes[RECORDING_HEADER_MOST];
	int r = read_header(fd, bytes, ret_about, ret_why);

	if (r == 0 && ret_hash != NULL)
		(void)crypto_hash_sha256(ret_hash, bytes, ret_about->header_bytes);
	return r;
}

int
recording_header_compare(int fd, const struct recording_about *about,
	const uint8_t key[RECORDING_KEY_BYTES], uint8_t ret_hash[RECORDING_HASH_BYTES])
{
	uint8_t bytes[RECORDING_HEADER_MOST], expected[RECORDING_HEADER_MOST];
	struct recording_about found, full = *about;
	const char *why;
	int r = read_header(fd, bytes, &found, &why);

	if (r == -EAGAIN || r == -EPROTONOSUPPORT)
		return -EBADMSG;
	if (r < 0)
		return r;
	memcpy(full.stream, found.stream, sizeof(full.stream));
	recording_key_check(key, full.key_check);
	r = recording_header_put(&full, expected);
	if (r < 0)
		return r;
	if (full.header_bytes != found.header_bytes ||
		memcmp(expected, bytes, full.header_bytes) != 0)
		return -EBADMSG;
	(void)crypto_hash_sha256(ret_hash, bytes, full.header_bytes);
	return 0;
}
