/* The header of a recording, where it lies in its file. Whoever has the file may have written it.
 */
#ifndef RECORDING_HEADER_H
#define RECORDING_HEADER_H

#include "recording/format.h"

/* fd: borrowed, its position stays. ret_hash: SHA-256 of the header's bytes, from the file's first to the header's last; may be NULL.
 * Returns 0, or as recording_header_get; another negative errno: it cannot be read. *ret_why is a literal on every failure. */
int recording_header_read(int fd, struct recording_about *ret_about,
	uint8_t ret_hash[RECORDING_HASH_BYTES], const char **ret_why);

/* Is it the header of this recording, byte for byte? about: without version, key_check, stream and header_bytes; the secretstream's own
 * header is whatever the writer chose. Returns 0 with its hash; -EBADMSG: it is another one, or none; another negative errno: it
 * cannot be read. */
int recording_header_compare(int fd, const struct recording_about *about,
	const uint8_t key[RECORDING_KEY_BYTES], uint8_t ret_hash[RECORDING_HASH_BYTES]);

#endif
