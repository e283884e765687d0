/* See binary_prompt.h. Its bytes come from a PAM module or go to one: one process, but not one author. */
#include "pam/binary_prompt.h"

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

/* None of libpamc's own (PAM_BPC_...). */
#define CONTROL 'S'
static const char mark[8] = {'s', 'e', 'k', 'i', 's', 'h', 'o', '\n'};

#define HEAD_BYTES (4 + 1 + sizeof(mark) + 8)

int
binary_prompt_put(enum message number, const void *body, void *room, size_t size)
{
	struct bytes_writer writer;
	int len;

	if (size < HEAD_BYTES)
		return -EMSGSIZE;
	len = message_put(number, body, (uint8_t *)room + HEAD_BYTES, size - HEAD_BYTES);
	if (len < 0)
		return len;
	bytes_writer_init(&writer, room, HEAD_BYTES);
	bytes_write_u32be(&writer, (uint32_t)(HEAD_BYTES + (size_t)len));
	bytes_write_u8(&writer, CONTROL);
	bytes_write(&writer, mark, sizeof(mark));
	bytes_write_u64le(&writer, messages_build_hash());
	return (int)HEAD_BYTES + len;
}

int
binary_prompt_length(const void *bytes)
{
	struct bytes_reader reader;
	uint32_t len;

	bytes_reader_init(&reader, bytes, 4);
	len = bytes_read_u32be(&reader);
	return len < HEAD_BYTES || len > BINARY_PROMPT_MOST ? -EPROTO : (int)len;
}

int
binary_prompt_get(const void *bytes, size_t len, const struct message_row **ret_row,
	union message_body *ret_body)
{
	struct bytes_reader reader;
	const uint8_t *said;

	if (len < HEAD_BYTES || binary_prompt_length(bytes) != (int)len)
		return -EPROTO;
	bytes_reader_init(&reader, (const uint8_t *)bytes + 4, HEAD_BYTES - 4);
	if (bytes_read_u8(&reader) != CONTROL)
		return -EPROTO;
	said = bytes_read(&reader, sizeof(mark));
	if (said == NULL || memcmp(said, mark, sizeof(mark)) != 0)
		return -EPROTO;
	if (bytes_read_u64le(&reader) != messages_build_hash())
		return -ESTALE;
	return message_get(
		(const uint8_t *)bytes + HEAD_BYTES, len - HEAD_BYTES, ret_row, ret_body);
}
