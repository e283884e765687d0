/* The records of a session: on the socket between a worker and sekisho-recorder, and, encrypted, in a recording.
 *
 *	u8 kind ‖ u32 ms since the session began ‖ u32 len ‖ len bytes
 *
 * Numbers are little endian; len is at most RECORDING_RECORD_MOST. Kinds are rows of records.def. The bytes of a kind:
 *
 *	SEGMENT      u8 1 (the form of what follows) ‖ u8 mode (enum recording_mode) ‖ u16 width ‖ u16 height ‖ u8 bits per pixel ‖
 *	             u16 the client's MCS user id ‖ u16 the server's ‖ u16 I/O channel ‖ u16 message channel (0: none) ‖ u8 n, at most
 *	             31 ‖ n static channels, in the order of the client's CS_NET: 8 bytes name, padded with NUL ‖ u32 options ‖
 *	             u16 id ‖ u8 0, or another number if recorded. Nothing behind them. Ids are those that the client knows; PDUs that
 *	             follow carry them.
 *	FROM_HOST    one byte at least. A worker puts whole PDUs into it, one or several, as they were sent to the client inside
 *	             TLS: fast path, the I/O channel, and the channels that are marked. Nobody checks that on their way into the file:
 *	             who reads takes the bytes of all such records since the last SEGMENT or GAP for one stream
 *	FROM_CLIENT  the same of the client's, where the terminal's input is recorded: fast path, and input PDUs of the I/O channel
 *	GAP          u8 why (gaps.def; a number without a row is a gap as well) ‖ u64 bytes that are missing, as far as known ‖ u32 ms:
 *	             since when. Nothing behind them
 *	NOTE         u8 about (enum recording_note_about, or a number that is none) ‖ text
 *	END          text: the id of the event with which the session ended
 *
 * Texts are UTF-8 without NUL, RECORDING_TEXT_MOST bytes at most, and may be empty.
 *
 * On the socket: one stream for each connection of the session. It begins with a SEGMENT, has no other one, and no NOTE or END; what
 * is none of this ends it there (recorder/source.h). In a recording: any of them in any order, but END, which is the last one, and
 * only where the recording was closed. Times of a stream are as the worker says; in a recording none is later than when its record
 * came, and none earlier than the one before.
 *
 * Pure: bytes in, struct out; no I/O, no allocation.
 */
#ifndef RECORDING_RECORDS_H
#define RECORDING_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum recording_kind {
	RECORDING_SEALED, /* no record: a chunk that a reader without the key has checked */
#define RECORD(name, number, who, text) RECORDING_##name = number,
#include "recording/records.def"
#undef RECORD
};

enum recording_gap_why {
	RECORDING_GAP_UNKNOWN,
#define GAP(name, number, text) RECORDING_GAP_##name = number,
#include "recording/gaps.def"
#undef GAP
};

enum recording_note_about {
	RECORDING_NOTE_OTHER,
	RECORDING_NOTE_WATCHER_CAME,
	RECORDING_NOTE_WATCHER_WENT,
	RECORDING_NOTE_NOTICE_SHOWN,
	RECORDING_NOTE_INPUT_GATE,
};

enum recording_mode {
	RECORDING_TRANSPARENT,
	RECORDING_MEDIATED,
};

#define RECORDING_HEAD_BYTES 9
#define RECORDING_RECORD_MOST 65536 /* bytes behind the head */
#define RECORDING_TEXT_MOST 512     /* of a NOTE or END */
#define RECORDING_CHANNELS_MOST 31
#define RECORDING_CHANNEL_NAME 8
#define RECORDING_SEGMENT_MOST (16 + RECORDING_CHANNELS_MOST * 15)
#define RECORDING_GAP_BYTES 13

struct recording_record {
	enum recording_kind kind;
	uint32_t ms;
	const uint8_t *bytes; /* borrowed */
	uint32_t len;
};

struct recording_channel {
	char name[RECORDING_CHANNEL_NAME + 1];
	uint32_t options;
	uint16_t id;
	bool recorded;
};

struct recording_segment {
	enum recording_mode mode;
	uint16_t width;
	uint16_t height;
	uint8_t bits_per_pixel;
	uint16_t user;   /* the client's */
	uint16_t server; /* the server's: initiator of what it sends */
	uint16_t io;
	uint16_t message; /* 0: none */
	uint8_t channel_count;
	struct recording_channel channels[RECORDING_CHANNELS_MOST];
};

struct recording_gap {
	enum recording_gap_why why;
	uint64_t bytes;
	uint32_t since_ms;
};

struct recording_note {
	enum recording_note_about about;
	char text[RECORDING_TEXT_MOST + 1];
};

/* "FROM_HOST"; NULL for a number without a row. */
const char *recording_kind_name(unsigned int kind);

/* A worker may say it. */
bool recording_kind_is_workers(unsigned int kind);

/* A sentence; never NULL. */
const char *recording_gap_text(unsigned int why);

void recording_head_put(
	uint8_t room[RECORDING_HEAD_BYTES], enum recording_kind kind, uint32_t ms, uint32_t len);

/* The record at bytes. Returns its whole length, 0 when more bytes are needed first, -EPROTO for a kind without a row or one
 * that is too long; *ret_why then says which, a literal. ret_record is set when the length is. */
int recording_head_get(const uint8_t *bytes, size_t len, struct recording_record *ret_record,
	const char **ret_why);

/* Each get returns 0 or -EPROTO; each put the bytes written, of the room that RECORDING_SEGMENT_MOST, _GAP_BYTES and 1 +
 * _TEXT_MOST give. */
int recording_segment_get(
	const struct recording_record *record, struct recording_segment *ret_segment);
size_t recording_segment_put(const struct recording_segment *segment, uint8_t *room);
int recording_gap_get(const struct recording_record *record, struct recording_gap *ret_gap);
size_t recording_gap_put(const struct recording_gap *gap, uint8_t *room);
int recording_note_get(const struct recording_record *record, struct recording_note *ret_note);
size_t recording_note_put(enum recording_note_about about, const char *text, uint8_t *room);

/* The bytes of a record are what its kind says. 0 or -EPROTO. */
int recording_record_check(const struct recording_record *record);

#endif
