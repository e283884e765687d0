/* Reads a recording, from its beginning on: that it is whole is checked chunk by chunk, before anything of a chunk is given out.
 * The file may still be written while it is read. In sekisho-player, sekisho-admin and the supervisor; whoever has the file may
 * have written it.
 */
#ifndef RECORDING_READER_H
#define RECORDING_READER_H

#include "recording/format.h"
#include "recording/records.h"

#define RECORDING_WHY_SIZE 160

struct recording_reader;

/* fd: borrowed, a regular file; it is read with pread(2) and its position stays. key: RECORDING_KEY_BYTES, copied; NULL: structure and chain
 * alone are checked, and no record can be read. Returns 0; -EAGAIN: the file ends within its header; -EBADMSG: no recording;
 * -EPROTONOSUPPORT: of a newer version; -EKEYREJECTED: another recording's key; -ENOMEM or another negative errno. *ret_why is a
 * literal on every failure. */
int recording_reader_new(
	int fd, const uint8_t *key, struct recording_reader **ret_reader, const char **ret_why);

/* Wipes. Accepts NULL. */
void recording_reader_free(struct recording_reader *reader);

/* Borrowed, as long as the reader lives. */
const struct recording_about *recording_reader_about(const struct recording_reader *reader);

/* SHA-256 of the header's bytes, RECORDING_HASH_BYTES; borrowed. */
const uint8_t *recording_reader_header(const struct recording_reader *reader);

/* The next record; its bytes are valid until the next call. Without a key: one of kind RECORDING_SEALED for each chunk, its bytes the
 * ciphertext.
 *
 *	1          a record
 *	0          none yet: the file ends here without a closing. It still grows, or was left behind; recording_reader_rest says
 *	           how many bytes of something that is not whole there are
 *	-ENODATA   the orderly end: the closing was read, and all agrees with it
 *	else       -EBADMSG, -EPROTO …: broken here; recording_reader_why. Every later call answers the same */
int recording_reader_next(struct recording_reader *reader, struct recording_record *ret_record);

/* Where and what: "chunk 12 at byte 4711: it was changed, or moved". "" before anything was wrong. For 0 of recording_reader_next
 * what is missing. */
const char *recording_reader_why(const struct recording_reader *reader);

/* Bytes at the end of a file without closing that are no whole chunk. */
uint64_t recording_reader_rest(const struct recording_reader *reader);

/* The last time that is known: of a closed file, what its closing says; of one that grows, of the chunks that are there. Reads their
 * heads alone; nothing is checked yet. */
uint32_t recording_reader_length_ms(struct recording_reader *reader);

/* Bytes of the file that were read and found whole, and chunks. */
uint64_t recording_reader_offset(const struct recording_reader *reader);
uint64_t recording_reader_chunks(const struct recording_reader *reader);

/* To the first record again. 0 or a negative errno. */
int recording_reader_rewind(struct recording_reader *reader);

/* The closing's: it was read, agrees with the file, and its signature is that of the key in the header. Whose key that is, is for
 * the caller to compare (recording_about.signer). NULL before -ENODATA. */
const struct recording_summary *recording_reader_summary(const struct recording_reader *reader);

#endif
