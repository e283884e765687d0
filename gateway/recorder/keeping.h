/* Keeps the records of one session in its file: chunk after chunk, within bounds of memory and size, whatever the disk does.
 * What could not be kept is a GAP in the recording. In sekisho-recorder; the bytes come from a relay worker, which a client or
 * a jump host may have taken over.
 */
#ifndef RECORDER_KEEPING_H
#define RECORDER_KEEPING_H

#include "recording/writer.h"

enum record_trouble {
	RECORD_TROUBLE_NONE,
#define TROUBLE(name, reason, text) RECORD_TROUBLE_##name,
#include "recorder/troubles.def"
#undef TROUBLE
	RECORD_TROUBLE_COUNT,
};

#define KEEPING_CHUNK_MS 400 /* records wait for no longer: who watches shall not be late */

struct keeping {
	struct recording_writer *writer;
	int fd; /* borrowed */
	uint64_t most_bytes;
	uint32_t chunk_ms; /* when the first record came that is not in a chunk yet */
	uint32_t retry_ms; /* the disk is not asked again before */
	bool too_large;    /* for good */
	bool has_gap;      /* something is being left out */
	struct recording_gap gap;
	enum record_trouble trouble; /* the last one, until it is taken */
	enum record_trouble told;    /* the one before: each is told once, until it is over */
	int error;
};

/* The header goes to the file at once. Returns 0 or a negative errno: there is no recording. */
int keeping_begin(struct keeping *keeping, const struct recording_about *about,
	const uint8_t key[RECORDING_KEY_BYTES], int fd, uint64_t most_bytes);
void keeping_done(struct keeping *keeping);

/* One record. What cannot be kept is counted. ms: now, since the session began; a record of the future gets it. */
void keeping_take(struct keeping *keeping, const struct recording_record *record, uint32_t ms);

/* From the loop: chunks that are due, disks that may have room again. */
void keeping_turn(struct keeping *keeping, uint32_t ms);

/* How long poll may wait, in ms; -1: nothing is due. */
int keeping_wait_ms(const struct keeping *keeping, uint32_t ms);

/* Bytes that the file has. */
uint64_t keeping_written(const struct keeping *keeping);

/* The disk has not taken what was written (a negative errno), `bytes` of it; or has not answered for too long (-ETIME). */
void keeping_not_synced(struct keeping *keeping, int error, uint64_t bytes, uint32_t ms);

/* What has gone wrong since the last time. */
enum record_trouble keeping_trouble(struct keeping *keeping, int *ret_error);

/* END, and the last chunk. Returns 0: all is written; or a negative errno: it cannot be closed. */
int keeping_end(struct keeping *keeping, uint32_t ms, int64_t ended_us, const char *end);

/* The closing. As above. */
int keeping_close(struct keeping *keeping, const uint8_t signature[RECORDING_SIGNATURE_BYTES]);

#endif
