/* Makes a recording of records: bytes in, bytes out; who has the file writes them. Bounded memory: one chunk that is being
 * filled, and one that waits to be written.
 */
#ifndef RECORDING_WRITER_H
#define RECORDING_WRITER_H

#include "recording/format.h"
#include "recording/records.h"

struct recording_writer;

/* `about` has session, part, started_us, texts, signer and the sealed keys; the rest is filled in. The header waits to be written.
 * Returns 0, -EINVAL or -ENOMEM. */
int recording_writer_new(const struct recording_about *about,
	const uint8_t key[RECORDING_KEY_BYTES], struct recording_writer **ret_writer);

/* Wipes. Accepts NULL. */
void recording_writer_free(struct recording_writer *writer);

/* What is to be written next; *ret_len 0: nothing. */
const uint8_t *recording_writer_out(const struct recording_writer *writer, size_t *ret_len);

/* Writes it to fd, as long as that takes bytes. 0 when nothing is waiting any more; -EAGAIN, -ENOSPC or another
 * negative errno: the rest still waits, and may be tried again. */
int recording_writer_drain(struct recording_writer *writer, int fd);

/* Adds a record; of the time, nothing goes back. Returns 0; -ENOBUFS: the chunk is full and the one before it still waits;
 * -EINVAL: no such record; -EALREADY after recording_writer_end. */
int recording_writer_put(struct recording_writer *writer, const struct recording_record *record);

/* Records with so many bytes altogether, their heads included, have room now. */
bool recording_writer_fits(const struct recording_writer *writer, size_t len);

/* Records are waiting to become a chunk. */
bool recording_writer_has_records(const struct recording_writer *writer);

/* Their bytes. */
size_t recording_writer_pending(const struct recording_writer *writer);

/* Makes them one. 0, also without any; -ENOBUFS as above; -EIO. */
int recording_writer_flush(struct recording_writer *writer);

/* END, and the last chunk. -ENOBUFS: write what waits, and come again. */
int recording_writer_end(
	struct recording_writer *writer, uint32_t ms, int64_t ended_us, const char *text);

/* After recording_writer_end: what is to be signed (recording_summary_signed). Before it: so far. */
const struct recording_summary *recording_writer_summary(const struct recording_writer *writer);

/* The closing waits to be written. -ENOBUFS as above. */
int recording_writer_close(
	struct recording_writer *writer, const uint8_t signature[RECORDING_SIGNATURE_BYTES]);

/* Bytes of the file so far, with what waits. */
uint64_t recording_writer_bytes(const struct recording_writer *writer);

#endif
