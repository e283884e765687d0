/* Every message between our processes, made from messages.def by the preprocessor: the enum, one
 * struct for each, the wire form, and the row that permits.c and SECURITY.md go by.
 *
 * Wire form: u16 number, then the fields in their order, little endian; TEXT, BYTES and SECRET are
 * a u32 length and that many bytes. Nothing may follow. TEXT is UTF-8 without NUL. Pure: no I/O, no
 * allocation, no log.
 */
#ifndef MESSAGES_MESSAGES_H
#define MESSAGES_MESSAGES_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Our processes, as bits, because a row may name several. */
enum process {
	PROCESS_SUPERVISOR = 1,
	PROCESS_WORKER = 2,
	PROCESS_KEY = 4,
	PROCESS_GREETER = 8,
	PROCESS_PAM = 16,
	PROCESS_NLA = 32,
	PROCESS_MEDIATOR = 64,
	PROCESS_RECORDER = 128,
	PROCESS_PLAYER = 256,
	PROCESS_CHILD = PROCESS_WORKER | PROCESS_KEY | PROCESS_GREETER | PROCESS_NLA |
			PROCESS_MEDIATOR | PROCESS_RECORDER | PROCESS_PLAYER,
};

/* The numbers of messages.def. */
enum message {
	MSG_NOTHING,
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) MSG_##NAME = number,
#include "messages/messages.def"
#undef MESSAGE
};

/* The rows in their order, dense: bits of struct permits_seen. */
enum message_index {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) MESSAGE_INDEX_##NAME,
#include "messages/messages.def"
#undef MESSAGE
	MESSAGE_COUNT
};

/* struct msg_hello and so on. TEXT is a string that ends with NUL. BYTES and SECRET: `name` and
 * `name_len`; one byte more than the most is there and holds NUL after the last, so that a secret
 * that is text may be used as such. */
#define U8(field) uint8_t field;
#define U16(field) uint16_t field;
#define U32(field) uint32_t field;
#define U64(field) uint64_t field;
#define TEXT(field, most_bytes) char field[(most_bytes) + 1];
#define BYTES(field, most_bytes) \
	uint32_t field##_len;    \
	uint8_t field[(most_bytes) + 1];
#define SECRET(field, most_bytes) BYTES(field, most_bytes)
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) \
	struct msg_##name {                                            \
		fields                                                 \
	};
#include "messages/messages.def"
#undef MESSAGE
#undef U8
#undef U16
#undef U32
#undef U64
#undef TEXT
#undef BYTES
#undef SECRET

union message_body {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) struct msg_##name name;
#include "messages/messages.def"
#undef MESSAGE
};

/* The longest message on the wire, number included. */
#define U8(field) +1
#define U16(field) +2
#define U32(field) +4
#define U64(field) +8
#define TEXT(field, most_bytes) +4 + (most_bytes)
#define BYTES(field, most_bytes) +4 + (most_bytes)
#define SECRET(field, most_bytes) +4 + (most_bytes)
union message_wire_sizes {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) uint8_t name[2 fields];
#include "messages/messages.def"
#undef MESSAGE
};
#undef U8
#undef U16
#undef U32
#undef U64
#undef TEXT
#undef BYTES
#undef SECRET

#define MESSAGE_MOST_BYTES sizeof(union message_wire_sizes)

enum message_at_most {
	AT_MOST_ONCE,
	AT_MOST_PER_CONNECTION,
	AT_MOST_ALWAYS,
};

struct message_row {
	enum message number;
	const char *name;   /* "TAKE_CLIENT" */
	const char *fields; /* as written in messages.def */
	uint32_t from;      /* bits of enum process */
	uint32_t to;
	enum message_at_most at_most;
	enum message after; /* MSG_NOTHING: may be the first */
	bool has_fd;
	bool has_connection; /* the first field is U64(connection) */
	bool has_secret;
	size_t most_bytes; /* on the wire, number included */
	size_t body_bytes; /* of its struct */
	void (*put)(struct bytes_writer *writer, const void *body);
	void (*get)(struct bytes_reader *reader, void *ret_body);
};

/* The row of a number or of a place in the table; NULL for one that is none. */
const struct message_row *message_row(uint32_t number);
const struct message_row *message_row_at(size_t index);
size_t message_row_index(const struct message_row *row);

/* Writes number and fields of `body` (a struct msg_...) into room. Returns the bytes written or
 * -EMSGSIZE if room is too small, -EINVAL if a length in body is more than its row allows or a TEXT
 * is not UTF-8. */
int message_put(enum message number, const void *body, void *room, size_t size);

/* Reads one whole message. Returns 0 or -EPROTO: unknown number, cut short, trailing bytes, a field
 * over its bound, TEXT that is not UTF-8 or holds NUL. On failure ret_body is wiped. */
int message_get(const void *bytes, size_t len, const struct message_row **ret_row,
	union message_body *ret_body);

/* Overwrites everything in `body` if the row has a SECRET field; cheap for the others. */
void message_wipe(const struct message_row *row, void *body);

/* FNV-1a over the text of the rows from number 10 on: the two ends of a channel agree on it in
 * HELLO. */
uint64_t messages_build_hash(void);

#endif
