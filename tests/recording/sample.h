/* Recordings for tests: made by the writer itself, signed with a key of the test's. */
#ifndef TESTS_RECORDING_SAMPLE_H
#define TESTS_RECORDING_SAMPLE_H

#include "base/secret.h"
#include "recording/keys.h"
#include "recording/writer.h"

struct sample {
	struct recording_about about;
	uint8_t key[RECORDING_KEY_BYTES];
	uint8_t signer_private[64]; /* Ed25519 */
	uint8_t auditor[RECORDING_PUBLIC_BYTES];
	struct secret auditor_private;
};

/* A new key, a new auditor, a session 4242… of "998-sato" at "pacs-01". */
void sample_init(struct sample *sample);
void sample_done(struct sample *sample);

/* Sealed to this one as well. */
void sample_add_auditor(struct sample *sample, const uint8_t public_key[RECORDING_PUBLIC_BYTES]);

/* A SEGMENT with the channels drdynvc (recorded) and cliprdr (not). Returns the bytes written to room (RECORDING_SEGMENT_MOST). */
size_t sample_segment(uint8_t *room);

/* Ends, signs and closes; all of it goes to fd. Aborts if that fails. */
void sample_close(struct sample *sample, struct recording_writer *writer, int fd, uint32_t ms);

/* A whole recording in a memfd, which the caller closes: one SEGMENT, then `records` times FROM_HOST with `len` bytes, a chunk each
 * `a_chunk` of them, a NOTE, a GAP and END. closed false: it stops before END. */
int sample_file(struct sample *sample, size_t records, uint32_t len, size_t a_chunk, bool closed);

/* A recording in a memfd with one chunk, whose plaintext is these bytes, whatever they are. */
int sample_raw(struct sample *sample, const uint8_t *plain, size_t len);

/* The same; the chunk's head says that it ends at last_ms, not at 0. */
int sample_raw_until(struct sample *sample, const uint8_t *plain, size_t len, uint32_t last_ms);

#endif
