/* The stream of records from a relay worker, over one socket: bytes in, records out. In sekisho-recorder. */
#ifndef RECORDER_SOURCE_H
#define RECORDER_SOURCE_H

#include "recording/records.h"

#define SOURCE_ROOM (2 * (RECORDING_HEAD_BYTES + RECORDING_RECORD_MOST))

struct source {
	int fd;     /* -1: none */
	bool begun; /* its SEGMENT has come, which is first */
	size_t have;
	size_t at; /* of them are dealt with */
	uint8_t bytes[SOURCE_ROOM];
};

void source_init(struct source *source);

/* Takes *fd (leaves -1). The one before is closed. */
void source_open(struct source *source, int *fd);
void source_close(struct source *source);

/* Where read(2) puts bytes; how many have room. Never 0 after source_next has returned 0. */
uint8_t *source_room(struct source *source, size_t *ret_len);

/* They came. Then source_next until it returns 0. */
void source_came(struct source *source, size_t len);

/* 1 with a record, whose bytes stay until the next call; 0: more must come first; -EPROTO: that is no stream of records, or
 * one that no worker may send. */
int source_next(struct source *source, struct recording_record *ret_record);

/* What came in part, where the stream ends. */
size_t source_rest(const struct source *source);

#endif
