/* Bodies of every message for tests; see samples.h. */
#include "samples.h"

#include <string.h>

static void
fill_number(enum sample sample, uint8_t seed, void *field, size_t size)
{
	uint8_t *bytes = field;

	for (size_t i = 0; i < size && sample != SAMPLE_EMPTY; i++)
		bytes[i] = sample == SAMPLE_FULL ? 0xff : (uint8_t)(seed + i);
}

static size_t
fill_string(enum sample sample, uint8_t seed, uint8_t *field, size_t most)
{
	size_t len = sample == SAMPLE_EMPTY ? 0 : most;

	if (sample == SAMPLE_SMALL && most > 5)
		len = 5;
	for (size_t i = 0; i < len; i++)
		field[i] = (uint8_t)('a' + (seed + i) % 26);
	return len;
}

#define NUMBER(field) fill_number(sample, seed++, &body->field, sizeof(body->field));
#define U8(field) NUMBER(field)
#define U16(field) NUMBER(field)
#define U32(field) NUMBER(field)
#define U64(field) NUMBER(field)
#define TEXT(field, most_bytes) fill_string(sample, seed++, (uint8_t *)body->field, most_bytes);
#define BYTES(field, most_bytes) \
	body->field##_len = (uint32_t)fill_string(sample, seed++, body->field, most_bytes);
#define SECRET(field, most_bytes) BYTES(field, most_bytes)
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields)       \
	static void fill_##name(enum sample sample, struct msg_##name *body) \
	{                                                                    \
		uint8_t seed = number;                                       \
		fields                                                       \
	}
#include "messages/messages.def"
#undef MESSAGE
#undef U8
#undef U16
#undef U32
#undef U64
#undef TEXT
#undef BYTES
#undef SECRET

#define U8(field) &&one->field == other->field
#define U16(field) U8(field)
#define U32(field) U8(field)
#define U64(field) U8(field)
#define TEXT(field, most_bytes) &&strcmp(one->field, other->field) == 0
#define BYTES(field, most_bytes) \
	&&one->field##_len ==    \
		other->field##_len &&memcmp(one->field, other->field, one->field##_len + 1) == 0
#define SECRET(field, most_bytes) BYTES(field, most_bytes)
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields)                        \
	static int equal_##name(const struct msg_##name *one, const struct msg_##name *other) \
	{                                                                                     \
		return 1 fields;                                                              \
	}
#include "messages/messages.def"
#undef MESSAGE

void
sample_fill(const struct message_row *row, enum sample sample, union message_body *ret_body)
{
	memset(ret_body, 0, sizeof(*ret_body));
	switch (row->number) {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) \
	case MSG_##NAME:                                               \
		fill_##name(sample, &ret_body->name);                  \
		break;
#include "messages/messages.def"
#undef MESSAGE
	case MSG_NOTHING:
		break;
	}
}

int
sample_equal(const struct message_row *row, const union message_body *one,
	const union message_body *other)
{
	switch (row->number) {
#define MESSAGE(number, NAME, name, from, to, most, after, fd, fields) \
	case MSG_##NAME:                                               \
		return equal_##name(&one->name, &other->name);
#include "messages/messages.def"
#undef MESSAGE
	case MSG_NOTHING:
		break;
	}
	return 0;
}
