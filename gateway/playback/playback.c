/* See playback.h. In the player and in sekisho-admin, sandboxed: the records are what a jump host sent. */
#include "playback/playback.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "playback/host_side.h"
#include "rdp/pdu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Before the Font Map a host says less than this. */
#define OPENING_MOST (1u << 20)
#define SEGMENTS_MOST 256

enum segment_state {
	SEGMENT_NONE,    /* nothing is to be decoded */
	SEGMENT_OPENING, /* PDUs are kept until the connection sequence is whole */
	SEGMENT_OPEN,
	SEGMENT_LOST, /* it cannot be decoded: until the next one */
};

struct playback {
	struct playback_source source;

	struct recording_record record; /* read, not played yet */
	bool has_record;
	int read; /* what the source said last */

	struct recording_segment segment;
	enum segment_state state;
	bool demanded; /* its Demand Active has been shown */
	bool garbled;  /* bytes that are no PDU */
	struct decoder *decoder;
	struct decoder *last; /* of the segment before, until this one has drawn */

	/* PDUs that wait: the rest of records, from `at` on. */
	uint8_t *bytes;
	size_t len, at, room;
	size_t scanned; /* while OPENING: PDUs up to here were judged */

	uint32_t now_ms, seen_ms;
	int64_t ends_us; /* of this turn */
	const char *why;

	uint32_t segments[SEGMENTS_MOST]; /* when each began */
	size_t segment_count, segment_at; /* known; played */
	size_t skipped;                   /* so many of them are read and not decoded */
	struct playback_gap gaps[PLAYBACK_GAPS_MOST];
	size_t gap_count;
	struct recording_note note;
	uint32_t note_ms;
	bool has_note;
};

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int
playback_warm_up(void)
{
	return decoder_warm_up();
}

int
playback_new(const struct playback_source *source, struct playback **ret_playback)
{
	struct playback *playback = calloc(1, sizeof(*playback));

	if (playback == NULL)
		return -ENOMEM;
	playback->source = *source;
	playback->why = "";
	*ret_playback = playback;
	return 0;
}

void
playback_free(struct playback *playback)
{
	if (playback == NULL)
		return;
	decoder_free(playback->decoder);
	decoder_free(playback->last);
	free(playback->bytes);
	free(playback);
}

/* What is missing */

static void
add_gap(struct playback *playback, uint32_t from_ms, uint32_t to_ms, const char *why)
{
	struct playback_gap *last =
		playback->gap_count > 0 ? &playback->gaps[playback->gap_count - 1] : NULL;

	/* After rewinding the same ones come again. */
	for (size_t i = 0; i < playback->gap_count; i++)
		if (playback->gaps[i].from_ms == from_ms)
			return;
	if (playback->gap_count < PLAYBACK_GAPS_MOST)
		playback->gaps[playback->gap_count++] = (struct playback_gap){from_ms, to_ms, why};
	else if (to_ms > last->to_ms)
		last->to_ms = to_ms;
}

static void
end_lost(struct playback *playback, uint32_t ms)
{
	struct playback_gap *last =
		playback->gap_count > 0 ? &playback->gaps[playback->gap_count - 1] : NULL;

	if (playback->state == SEGMENT_LOST && last != NULL && last->to_ms < ms)
		last->to_ms = ms;
}

/* PDUs */

static void
drop_bytes(struct playback *playback)
{
	playback->len = playback->at = playback->scanned = 0;
}

static void
lose_segment(struct playback *playback, const char *why)
{
	playback->state = SEGMENT_LOST;
	drop_bytes(playback);
	add_gap(playback, playback->now_ms, playback->now_ms, why);
}

/* The next one that a decoder is to be shown. */
static bool
take_pdu(struct playback *playback, const uint8_t **ret_pdu, size_t *ret_len)
{
	struct frame frame;

	while (playback->at < playback->len) {
		const uint8_t *pdu = playback->bytes + playback->at;
		size_t have = playback->len - playback->at;
		enum parse_result result = frame_parse(pdu, have, &frame);
		enum host_side_use use;

		if (result == PARSE_BAD) {
			playback->garbled = true;
			return false;
		}
		if (result != PARSE_OK || frame.len > have)
			return false;
		playback->at += frame.len;
		use = host_side_judge(&playback->segment, pdu, frame.len);
		if (use == HOST_SIDE_DROP || (use == HOST_SIDE_SHOW && !playback->demanded))
			continue;
		playback->demanded = true;
		*ret_pdu = pdu;
		*ret_len = frame.len;
		return true;
	}
	return false;
}

static bool
give_pdu(void *owner, const uint8_t **ret_pdu, size_t *ret_len)
{
	struct playback *playback = owner;

	/* A decoder that still connects gets all that was kept for it. */
	if (playback->state == SEGMENT_OPEN && now_us() >= playback->ends_us)
		return false;
	return take_pdu(playback, ret_pdu, ret_len);
}

static int
add_bytes(struct playback *playback, const uint8_t *bytes, size_t len)
{
	if (playback->at > 0 && playback->state == SEGMENT_OPEN) {
		memmove(playback->bytes, playback->bytes + playback->at,
			playback->len - playback->at);
		playback->len -= playback->at;
		playback->at = 0;
	}
	if (playback->room - playback->len < len) {
		size_t room = playback->len + len + RECORDING_RECORD_MOST;
		uint8_t *more = realloc(playback->bytes, room);

		if (more == NULL)
			return -ENOMEM;
		playback->bytes = more;
		playback->room = room;
	}
	memcpy(playback->bytes + playback->len, bytes, len);
	playback->len += len;
	return 0;
}

/* Is the connection sequence whole? */
static enum parse_result
scan_opening(struct playback *playback)
{
	struct frame frame;

	while (playback->scanned < playback->len) {
		const uint8_t *pdu = playback->bytes + playback->scanned;
		size_t have = playback->len - playback->scanned;
		enum parse_result result = frame_parse(pdu, have, &frame);

		if (result != PARSE_OK || frame.len > have)
			return result == PARSE_BAD ? PARSE_BAD : PARSE_NEED_MORE;
		playback->scanned += frame.len;
		if (host_side_judge(&playback->segment, pdu, frame.len) == HOST_SIDE_FONT_MAP)
			return PARSE_OK;
	}
	return PARSE_NEED_MORE;
}

static void
keep_last(struct playback *playback)
{
	struct decoder_picture picture;

	if (playback->decoder == NULL)
		return;
	if (decoder_look(playback->decoder, &picture) || playback->last == NULL) {
		decoder_free(playback->last);
		playback->last = playback->decoder;
	} else {
		decoder_free(playback->decoder);
	}
	playback->decoder = NULL;
}

static void
open_segment(struct playback *playback)
{
	enum parse_result result = scan_opening(playback);
	int r;

	if (result == PARSE_BAD || (result == PARSE_NEED_MORE && playback->len > OPENING_MOST)) {
		lose_segment(playback, N_("what the host sent there is no desktop"));
		return;
	}
	if (result != PARSE_OK)
		return;
	r = decoder_new(&playback->segment, give_pdu, playback, &playback->decoder);
	if (r < 0)
		lose_segment(playback, N_("the beginning of that connection cannot be decoded"));
	else
		playback->state = SEGMENT_OPEN;
}

/* Records */

static void
begin_segment(struct playback *playback, const struct recording_record *record)
{
	end_lost(playback, record->ms);
	keep_last(playback);
	drop_bytes(playback);
	playback->demanded = playback->garbled = false;
	playback->state = SEGMENT_OPENING;
	if (playback->segment_at == playback->segment_count &&
		playback->segment_count < SEGMENTS_MOST)
		playback->segments[playback->segment_count++] = record->ms;
	playback->segment_at++;
	if (playback->segment_at <= playback->skipped) {
		playback->state = SEGMENT_NONE;
		return;
	}
	if (recording_segment_get(record, &playback->segment) < 0)
		lose_segment(playback, N_("the connection that begins there is described wrongly"));
}

static void
play_from_host(struct playback *playback, const struct recording_record *record)
{
	if (playback->state == SEGMENT_NONE || playback->state == SEGMENT_LOST)
		return;
	if (add_bytes(playback, record->bytes, record->len) < 0) {
		lose_segment(playback, N_("there was no memory for it"));
		return;
	}
	if (playback->state == SEGMENT_OPENING)
		open_segment(playback);
}

/* The rest of a PDU is missing, and what follows begins with another one. */
static void
play_gap(struct playback *playback, const struct recording_record *record)
{
	struct recording_gap gap;

	if (recording_gap_get(record, &gap) < 0)
		return;
	add_gap(playback, gap.since_ms, record->ms, recording_gap_text(gap.why));
	if (playback->state == SEGMENT_OPENING)
		lose_segment(playback, N_("the beginning of that connection is missing"));
	else
		drop_bytes(playback);
}

static void
play_note(struct playback *playback, const struct recording_record *record)
{
	if (recording_note_get(record, &playback->note) < 0)
		return;
	playback->note_ms = record->ms;
	playback->has_note = true;
}

static void
play_record(struct playback *playback, const struct recording_record *record)
{
	playback->now_ms = record->ms;
	switch (record->kind) {
	case RECORDING_SEGMENT:
		begin_segment(playback, record);
		break;
	case RECORDING_FROM_HOST:
		play_from_host(playback, record);
		break;
	case RECORDING_GAP:
		play_gap(playback, record);
		break;
	case RECORDING_NOTE:
		play_note(playback, record);
		break;
	case RECORDING_END:
		end_lost(playback, record->ms);
		break;
	default:
		break;
	}
}

/* 1: there is one. */
static int
read_record(struct playback *playback)
{
	if (playback->has_record)
		return 1;
	playback->read = playback->source.next(playback->source.owner, &playback->record);
	playback->has_record = playback->read == 1;
	if (playback->has_record && playback->record.ms < playback->now_ms)
		playback->record.ms = playback->now_ms; /* time does not go back */
	if (playback->has_record && playback->record.ms > playback->seen_ms)
		playback->seen_ms = playback->record.ms;
	return playback->read;
}

/* True: PDUs are left that the turn had no time for. */
static bool
decode(struct playback *playback)
{
	struct frame frame;

	if (playback->state != SEGMENT_OPEN)
		return false;
	if (decoder_work(playback->decoder) < 0 || playback->garbled) {
		lose_segment(playback, N_("what the host sent there cannot be decoded"));
		return false;
	}
	if (playback->last != NULL) {
		struct decoder_picture picture;

		if (decoder_look(playback->decoder, &picture))
			decoder_free(take_pointer(&playback->last));
	}
	return playback->at < playback->len &&
	       frame_parse(playback->bytes + playback->at, playback->len - playback->at, &frame) ==
		       PARSE_OK &&
	       frame.len <= playback->len - playback->at;
}

static enum playback_result
result_of(struct playback *playback, int read)
{
	if (read == 0)
		return PLAYBACK_WAITS;
	if (read == -ENODATA)
		return PLAYBACK_ENDED;
	playback->why = playback->source.why(playback->source.owner);
	return PLAYBACK_BROKEN;
}

enum playback_result
playback_advance(struct playback *playback, uint32_t to_ms, int64_t budget_us)
{
	playback->ends_us = now_us() + budget_us;
	while (true) {
		int r;

		if (decode(playback))
			return PLAYBACK_MORE;
		r = read_record(playback);
		if (r != 1)
			return result_of(playback, r);
		if (playback->record.ms > to_ms)
			return PLAYBACK_REACHED;
		if (now_us() >= playback->ends_us)
			return PLAYBACK_MORE;
		playback->has_record = false;
		play_record(playback, &playback->record);
	}
}

/* The last known that begins then or before. */
static size_t
segment_of(const struct playback *playback, uint32_t ms)
{
	size_t number = 0;

	while (number + 1 < playback->segment_count && playback->segments[number + 1] <= ms)
		number++;
	return number;
}

int
playback_rewind(struct playback *playback, uint32_t to_ms)
{
	int r = playback->source.rewind(playback->source.owner);

	if (r < 0)
		return r;
	keep_last(playback);
	drop_bytes(playback);
	playback->state = SEGMENT_NONE;
	playback->has_record = playback->has_note = false;
	playback->now_ms = 0;
	playback->segment_at = 0;
	playback->skipped = segment_of(playback, to_ms);
	return 0;
}

bool
playback_is_before(const struct playback *playback, uint32_t to_ms)
{
	return playback->now_ms <= to_ms && segment_of(playback, to_ms) >= playback->skipped;
}

void
playback_learn(struct playback *playback, const struct playback *from)
{
	if (from->seen_ms > playback->seen_ms)
		playback->seen_ms = from->seen_ms;
	if (from->segment_count > playback->segment_count) {
		memcpy(playback->segments, from->segments, sizeof(playback->segments));
		playback->segment_count = from->segment_count;
	}
	if (from->gap_count > playback->gap_count) {
		memcpy(playback->gaps, from->gaps, sizeof(playback->gaps));
		playback->gap_count = from->gap_count;
	}
}

uint32_t
playback_now_ms(const struct playback *playback)
{
	return playback->now_ms;
}

uint32_t
playback_seen_ms(const struct playback *playback)
{
	return playback->seen_ms;
}

int
playback_next_ms(struct playback *playback, uint32_t *ret_ms)
{
	int r = read_record(playback);

	if (r == 1)
		*ret_ms = playback->record.ms;
	return r == 0 || r == 1 ? r : -ENODATA;
}

static struct decoder *
shown(const struct playback *playback)
{
	struct decoder_picture picture;

	if (playback->decoder != NULL && decoder_look(playback->decoder, &picture))
		return playback->decoder;
	return playback->last;
}

bool
playback_look(const struct playback *playback, struct decoder_picture *ret_picture)
{
	const struct decoder *decoder = shown(playback);

	return decoder != NULL && decoder_look(decoder, ret_picture);
}

bool
playback_take_change(struct playback *playback, struct picture_rectangle *ret_rectangle)
{
	struct decoder *decoder = shown(playback);

	return decoder != NULL && decoder_take_change(decoder, ret_rectangle);
}

const char *
playback_why(const struct playback *playback)
{
	return playback->why;
}

size_t
playback_gaps(const struct playback *playback, const struct playback_gap **ret_gaps)
{
	*ret_gaps = playback->gaps;
	return playback->gap_count;
}

const struct recording_note *
playback_note(const struct playback *playback, uint32_t *ret_ms)
{
	if (!playback->has_note)
		return NULL;
	*ret_ms = playback->note_ms;
	return &playback->note;
}
