/* See keeping.h. */
#include "recorder/keeping.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MS 1000
#define CHUNK_IS_DUE 65536 /* bytes: larger chunks save nothing, and a watcher waits for them */
#define CLOSING_ROOM (RECORDING_CLOSING_MOST + RECORDING_SEALED_MOST)

static void
note_trouble(struct keeping *keeping, enum record_trouble trouble, int error)
{
	if (keeping->told == trouble)
		return;
	keeping->told = keeping->trouble = trouble;
	keeping->error = error;
}

enum record_trouble
keeping_trouble(struct keeping *keeping, int *ret_error)
{
	enum record_trouble trouble = keeping->trouble;

	keeping->trouble = RECORD_TROUBLE_NONE;
	*ret_error = keeping->error;
	return trouble;
}

int
keeping_begin(struct keeping *keeping, const struct recording_about *about,
	const uint8_t key[RECORDING_KEY_BYTES], int fd, uint64_t most_bytes)
{
	int r;

	*keeping = (struct keeping){.fd = fd, .most_bytes = most_bytes};
	r = recording_writer_new(about, key, &keeping->writer);
	return r < 0 ? r : recording_writer_drain(keeping->writer, fd);
}

void
keeping_done(struct keeping *keeping)
{
	recording_writer_free(take_pointer(&keeping->writer));
}

/* What waits goes to the file. A disk that did not take it is left alone for a moment. */
static int
drain(struct keeping *keeping, uint32_t ms)
{
	int r = recording_writer_drain(keeping->writer, keeping->fd);

	if (r == 0) {
		if (keeping->told != RECORD_TROUBLE_TOO_LARGE)
			keeping->told = RECORD_TROUBLE_NONE;
		return 0;
	}
	keeping->retry_ms = ms + RETRY_MS;
	note_trouble(keeping,
		r == -ENOSPC || r == -EDQUOT ? RECORD_TROUBLE_DISK_FULL
					     : RECORD_TROUBLE_WRITE_FAILED,
		-r);
	return r;
}

static bool
is_waiting(const struct keeping *keeping)
{
	size_t len;

	(void)recording_writer_out(keeping->writer, &len);
	return len > 0;
}

static void
leave_out(struct keeping *keeping, const struct recording_record *record, uint32_t ms)
{
	if (!keeping->has_gap)
		keeping->gap =
			(struct recording_gap){.why = RECORDING_GAP_NOT_WRITTEN, .since_ms = ms};
	keeping->has_gap = true;
	if (record->kind == RECORDING_FROM_HOST || record->kind == RECORDING_FROM_CLIENT)
		keeping->gap.bytes += record->len;
}

static int
put(struct keeping *keeping, const struct recording_record *record, uint32_t ms)
{
	bool first = !recording_writer_has_records(keeping->writer);
	int r = recording_writer_put(keeping->writer, record);

	if (r == -ENOBUFS && ms >= keeping->retry_ms && drain(keeping, ms) == 0)
		r = recording_writer_put(keeping->writer, record);
	if (r == 0 && first)
		keeping->chunk_ms = ms;
	return r;
}

/* Where something was left out, that stands first. */
static int
put_gap(struct keeping *keeping, uint32_t ms)
{
	uint8_t room[RECORDING_GAP_BYTES];
	const struct recording_record record = {.kind = RECORDING_GAP,
		.ms = ms,
		.bytes = room,
		.len = (uint32_t)recording_gap_put(&keeping->gap, room)};
	int r = keeping->has_gap ? put(keeping, &record, ms) : 0;

	if (r == 0)
		keeping->has_gap = false;
	return r;
}

static bool
has_room(struct keeping *keeping, const struct recording_record *record)
{
	if (!keeping->too_large && recording_writer_bytes(keeping->writer) + RECORDING_CHUNK_MOST +
						   record->len + CLOSING_ROOM <=
					   keeping->most_bytes)
		return true;
	keeping->too_large = true;
	note_trouble(keeping, RECORD_TROUBLE_TOO_LARGE, 0);
	return false;
}

void
keeping_take(struct keeping *keeping, const struct recording_record *record, uint32_t ms)
{
	struct recording_record kept = *record;

	if (kept.ms > ms)
		kept.ms = ms;
	/* A gap has one record, before the first one that is there again. */
	if (!has_room(keeping, record) ||
		(keeping->has_gap &&
			!recording_writer_fits(keeping->writer,
				2 * RECORDING_HEAD_BYTES + RECORDING_GAP_BYTES + record->len)) ||
		put_gap(keeping, ms) < 0 || put(keeping, &kept, ms) < 0)
		leave_out(keeping, record, ms);
	if (recording_writer_pending(keeping->writer) >= CHUNK_IS_DUE)
		keeping_turn(keeping, keeping->chunk_ms + KEEPING_CHUNK_MS);
}

/* `ms` may be a little ahead: a chunk is due by its size. */
void
keeping_turn(struct keeping *keeping, uint32_t ms)
{
	if (is_waiting(keeping) && (ms < keeping->retry_ms || drain(keeping, ms) < 0))
		return;
	if (recording_writer_has_records(keeping->writer) &&
		ms >= keeping->chunk_ms + KEEPING_CHUNK_MS &&
		recording_writer_flush(keeping->writer) == 0)
		(void)drain(keeping, ms);
}

int
keeping_wait_ms(const struct keeping *keeping, uint32_t ms)
{
	uint32_t due;

	if (is_waiting(keeping))
		due = keeping->retry_ms;
	else if (recording_writer_has_records(keeping->writer))
		due = keeping->chunk_ms + KEEPING_CHUNK_MS;
	else
		return -1;
	return due > ms ? (int)(due - ms) : 0;
}

uint64_t
keeping_written(const struct keeping *keeping)
{
	size_t len;

	(void)recording_writer_out(keeping->writer, &len);
	return recording_writer_bytes(keeping->writer) - len;
}

/* The kernel says it once, and may have dropped what it could not write: nobody knows which bytes of the file are there. */
void
keeping_not_synced(struct keeping *keeping, int error, uint64_t bytes, uint32_t ms)
{
	if (error == -ETIME) {
		note_trouble(keeping, RECORD_TROUBLE_SYNC_LATE, ETIMEDOUT);
		return;
	}
	if (!keeping->has_gap)
		keeping->gap =
			(struct recording_gap){.why = RECORDING_GAP_NOT_WRITTEN, .since_ms = ms};
	keeping->has_gap = true;
	keeping->gap.bytes += bytes;
	note_trouble(keeping, RECORD_TROUBLE_WRITE_FAILED, -error);
}

int
keeping_end(struct keeping *keeping, uint32_t ms, int64_t ended_us, const char *end)
{
	int r;

	keeping->retry_ms = 0;
	(void)put_gap(keeping, ms);
	do {
		r = drain(keeping, ms);
		if (r == 0)
			r = recording_writer_end(keeping->writer, ms, ended_us, end);
		else
			return r;
	} while (r == -ENOBUFS);
	return r < 0 ? r : drain(keeping, ms);
}

int
keeping_close(struct keeping *keeping, const uint8_t signature[RECORDING_SIGNATURE_BYTES])
{
	int r = recording_writer_close(keeping->writer, signature);

	if (r == 0)
		r = drain(keeping, 0);
	if (r < 0)
		return r;
	return fdatasync(keeping->fd) < 0 ? -errno : 0;
}
