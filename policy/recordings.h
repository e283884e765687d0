/* Recordings of sessions (F7): what stands of them in the database and in the log, and where their files lie. What
 * happens in store jobs is here; who records, and when, is supervisor/recordings.c.
 *
 * A recording is named by its session, "<32 hexadecimal digits>", or "…-2" for the second part of a session that was
 * lost and went on. Its file is that name with ".skr", in the folder of recording_folder(), readable by the gateway's
 * user alone.
 *
 * All that take a struct store_db run inside a job, and return 0 or a negative errno.
 */
#ifndef POLICY_RECORDINGS_H
#define POLICY_RECORDINGS_H

#include "policy/store/recording_table.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

#define RECORDING_ID_SIZE (2 * SESSION_ID_BYTES + 1 + 21)
#define RECORDING_FILE_SIZE (RECORDING_ID_SIZE + 4)
#define RECORDING_PATH_SIZE 4200

/* "9f…e1", "9f…e1-2". */
void recording_id(const uint8_t *session, int64_t part, char ret_id[RECORDING_ID_SIZE]);

/* Returns 0, or -EINVAL for what is no whole id. */
int recording_id_read(const char *id, uint8_t ret_session[SESSION_ID_BYTES], int64_t *ret_part);

/* The id with ".skr". */
void recording_file_name(const uint8_t *session, int64_t part, char ret_name[RECORDING_FILE_SIZE]);

/* Of a session that has its row (session_begin): a recording begins. auditors: names of the keys that open it, joined by
 * ",". *ret_row: as it was put in; its part is needed below, and for the file's name. */
int recording_begin(struct store_db *db, const uint8_t *session, const char *auditors,
	struct recording_row *ret_row);

/* Its file is there and has its header: event "recording", which names the header's SHA-256, and so says of a recording that is
 * never closed which file it is. Nothing may be recorded before. -EALREADY: it was said before, or the recording is over. */
int recording_begun(
	struct store_db *db, const uint8_t *session, int64_t part, const uint8_t *header);

/* How it goes; no event. One that is over is left alone. */
struct recording_so_far {
	int64_t bytes;
	int64_t duration_ms;
	int64_t gaps;
};
int recording_progress(struct store_db *db, const uint8_t *session, int64_t part,
	const struct recording_so_far *so_far);

/* It is over. state: RECORDING_ROW_CLOSED, _NOT_CLOSED or _FAILED; why: a literal that is a message of po/ (N_()), or ""; hash:
 * the signed summary's final hash of the chain, NULL without one. Event "recording", which names the hash. One that is over
 * already is left alone. */
int recording_end(struct store_db *db, const uint8_t *session, int64_t part,
	enum recording_row_state state, const char *why, const struct recording_so_far *so_far,
	const uint8_t *hash);

/* At start-up: those that are said to run have not been closed. `size_of` tells the bytes of a file, or -1. */
int recordings_end_left_open(struct store_db *db,
	int64_t (*size_of)(const uint8_t *session, int64_t part, void *argument), void *argument,
	int64_t *ret_ended);

/* Erases a portion of what is older than keep_days (0: nothing is), and of the oldest while all together are larger than
 * most_bytes (0: no limit); never what runs or is held. The caller removes the files of ret_rows then (an array of
 * RECORDINGS_PORTION); *ret_count 0: nothing is left to do. Each one has its event. */
#define RECORDINGS_PORTION 16
int recordings_erase_due(struct store_db *db, uint32_t keep_days, uint64_t most_bytes,
	struct recording_row *ret_rows, size_t *ret_count);

/* What a person has asked for; by: "unix:tanaka". -EBUSY: it runs; -EPERM: it is held; -ENOENT: it is erased already. */
int recording_erase(
	struct store_db *db, struct recording_row *row, const char *by, const char *because);

/* A recording object of control_methods.def, new reference. */
json_t *recording_json(const struct recording_row *row);

/* Says in such an object how far the recording is. */
void recording_put_so_far(const struct recording_so_far *so_far, json_t *object);

/* Writes account, terminal and beginning of its session into an object, for the log, and returns it. */
json_t *recording_whose(const struct recording_row *row, json_t *object);

/* In the administration log: what somebody did to a recording, whose it is, and what for (NULL: nothing is said). */
int recording_admin_event(struct store_db *db, const char *actor, const char *action,
	const struct recording_row *row, const char *purpose, const char *because);

/* What the event of the row's end says of the file: {"header", "hash": hex or null, "bytes", …}, new reference; -ENOENT if the event is
 * gone or is none of this recording. */
int recording_event(struct store_db *db, const struct recording_row *row, json_t **ret_event);

/* The event names this hash, of a whole chain. */
bool recording_event_has(const json_t *event, const uint8_t *hash);

/* What the log says of a file with this header (SHA-256). */
enum recording_beginning {
	RECORDING_BEGINS_AS_LOGGED,
	RECORDING_BEGINS_OTHERWISE,
	RECORDING_NEVER_BEGAN,   /* no header was ever logged, so nothing was recorded */
	RECORDING_BEGINS_UNSAID, /* made by a version that did not log it, or it begins just now */
};
int recording_beginning(struct store_db *db, const struct recording_row *row, const uint8_t *header,
	enum recording_beginning *ret_beginning);

struct method_call;

/* The one that `id` of the parameters names, by its first digits; else the method is refused (-EINVAL, -ENOENT, -EPERM). */
int recording_find(struct store_db *db, struct method_call *call, struct recording_row *ret_row);

#endif
