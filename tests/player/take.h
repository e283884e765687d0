/* Recordings for tests: records of a real session (tests/fuzz/seeds/playback: a client's, caught in the clear between xfreerdp3 and
 * freerdp-shadow), put into an encrypted file as sekisho-recorder does.
 */
#ifndef TESTS_PLAYER_TAKE_H
#define TESTS_PLAYER_TAKE_H

#include "recording/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct take {
	uint8_t *bytes; /* records, one after the other */
	size_t len;
};

extern const uint8_t take_key[32];

void take_read(struct take *take, const char *path); /* ends the test if that cannot be done */
void take_done(struct take *take);

/* At *at; false behind the last. */
bool take_next(const struct take *take, size_t *at, struct recording_record *ret_record);

/* A recording that grows: as much as a record says is in the file when take_put returns. The file has no name. */
struct take_file {
	int fd;
	struct recording_writer *writer;
	uint8_t signer[64]; /* Ed25519, private */
};

void take_file_begin(struct take_file *file);
void take_file_put(struct take_file *file, const struct recording_record *record, uint32_t ms);
void take_file_flush(struct take_file *file);
void take_file_end(struct take_file *file, uint32_t ms); /* closes the recording, not fd */
void take_file_done(struct take_file *file);

/* All of it at once, closed; times are stretched by `times`. Returns its descriptor. */
int take_file_of(const struct take *take, unsigned int times);

#endif
