/* A recording as a picture that moves: records in, pixels and time out. For sekisho-player and for exports.
 *
 * Connections of one session (segments) follow one another as one picture; what is missing (GAP) and what is said beside the picture
 * (NOTE) is told. A session that still runs is a recording that has no more records for now.
 *
 * Whoever made the recording may attack libfreerdp's decoders: to be used in a sandbox alone.
 */
#ifndef PLAYBACK_PLAYBACK_H
#define PLAYBACK_PLAYBACK_H

#include "playback/decoder.h"
#include "recording/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct playback;

/* Where records come from: recording/reader.h, or a test's array. next: 1 a record (its bytes valid until the next call), 0 none for now,
 * -ENODATA the orderly end, another negative errno: it cannot be read, and why says what and where. rewind: 0 or a negative
 * errno. */
struct playback_source {
	int (*next)(void *owner, struct recording_record *ret_record);
	int (*rewind)(void *owner);
	const char *(*why)(void *owner);
	void *owner;
};

/* libfreerdp's codecs, once in the life of the process, before the sandbox closes. Returns 0 or a negative errno. */
int playback_warm_up(void);

int playback_new(const struct playback_source *source, struct playback **ret_playback);
void playback_free(struct playback *playback); /* accepts NULL */

enum playback_result {
	PLAYBACK_REACHED, /* all that is known up to that time is on the picture */
	PLAYBACK_MORE,    /* this call's time is over: call again */
	PLAYBACK_WAITS,   /* the recording has no more records for now: it still grows */
	PLAYBACK_ENDED,   /* nor will it ever have */
	PLAYBACK_BROKEN,  /* it cannot be read or decoded any further; playback_why */
};

/* Plays every record up to to_ms (of the session), for budget_us microseconds at most, and one decoder's turn (100 ms). Never
 * backwards: playback_rewind for that. What cannot be decoded of one segment is a gap until the next one begins. */
enum playback_result playback_advance(struct playback *playback, uint32_t to_ms, int64_t budget_us);

/* To the beginning, from where playback_advance goes on: without decoding what lies before the last segment known that begins at
 * to_ms or before. What is known of gaps and segments stays. Returns 0 or a negative errno. */
int playback_rewind(struct playback *playback, uint32_t to_ms);

/* Does playback_advance lead to that time, without playback_rewind? */
bool playback_is_before(const struct playback *playback, uint32_t to_ms);

/* Another playback of the same recording may have read more of it: its segments, its gaps, how long it is. */
void playback_learn(struct playback *playback, const struct playback *from);

uint32_t playback_now_ms(const struct playback *playback);  /* of the record played last */
uint32_t playback_seen_ms(const struct playback *playback); /* the latest that was ever read */

/* When the picture may change next. 1 and *ret_ms; 0: nothing is known of it for now; -ENODATA: never again. */
int playback_next_ms(struct playback *playback, uint32_t *ret_ms);

/* False: nothing has been drawn yet. */
bool playback_look(const struct playback *playback, struct decoder_picture *ret_picture);
bool playback_take_change(struct playback *playback, struct picture_rectangle *ret_rectangle);

/* Why it is BROKEN; a constant text, or the source's. */
const char *playback_why(const struct playback *playback);

/* What is missing, in order of time, as far as it was read: at most PLAYBACK_GAPS_MOST of them. */
#define PLAYBACK_GAPS_MOST 64
struct playback_gap {
	uint32_t from_ms, to_ms;
	const char *why; /* a constant text */
};
size_t playback_gaps(const struct playback *playback, const struct playback_gap **ret_gaps);

/* The last NOTE up to now; NULL: there was none. ret_ms: when. */
const struct recording_note *playback_note(const struct playback *playback, uint32_t *ret_ms);

#endif
