/* See source.h. */
#include "recorder/source.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

void
source_init(struct source *source)
{
	source->fd = -1;
	source->have = source->at = 0;
	source->begun = false;
}

void
source_close(struct source *source)
{
	auto_fd int fd = take_fd(&source->fd);

	(void)fd;
	source_init(source);
}

void
source_open(struct source *source, int *fd)
{
	source_close(source);
	source->fd = take_fd(fd);
}

uint8_t *
source_room(struct source *source, size_t *ret_len)
{
	/* What is left of a turn moves to the front: less than a record. */
	memmove(source->bytes, source->bytes + source->at, source->have - source->at);
	source->have -= source->at;
	source->at = 0;
	*ret_len = SOURCE_ROOM - source->have;
	return source->bytes + source->have;
}

void
source_came(struct source *source, size_t len)
{
	source->have += len;
}

int
source_next(struct source *source, struct recording_record *ret_record)
{
	struct recording_record record;
	const char *why;
	int len = recording_head_get(
		source->bytes + source->at, source->have - source->at, &record, &why);

	if (len <= 0)
		return len;
	if (!recording_kind_is_workers(record.kind) || recording_record_check(&record) < 0 ||
		source->begun == (record.kind == RECORDING_SEGMENT))
		return -EPROTO;
	source->begun = true;
	source->at += (size_t)len;
	*ret_record = record;
	return 1;
}

size_t
source_rest(const struct source *source)
{
	return source->have - source->at;
}
