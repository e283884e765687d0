/* See input_counts.h. */
#include "messages/input_counts.h"

#include "base/bytes.h"

#include <errno.h>

#define COUNT_SIZE 12

bool
input_counts_full(const struct msg_inputs *inputs)
{
	return inputs->counts_len + COUNT_SIZE > sizeof(inputs->counts);
}

void
input_counts_add(struct msg_inputs *inputs, const struct input_count *count)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, inputs->counts + inputs->counts_len, COUNT_SIZE);
	bytes_write_u64le(&writer, count->connection);
	bytes_write_u32le(&writer, count->inputs);
	inputs->counts_len += COUNT_SIZE;
}

int
input_counts_next(const struct msg_inputs *inputs, uint32_t *at, struct input_count *ret_count)
{
	struct bytes_reader reader;

	if (*at == inputs->counts_len)
		return 0;
	bytes_reader_init(&reader, inputs->counts + *at, inputs->counts_len - *at);
	ret_count->connection = bytes_read_u64le(&reader);
	ret_count->inputs = bytes_read_u32le(&reader);
	*at += COUNT_SIZE;
	return reader.failed ? -EPROTO : 1;
}
