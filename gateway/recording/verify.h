/* Is a recording whole? Reads all of it. */
#ifndef RECORDING_VERIFY_H
#define RECORDING_VERIFY_H

#include "recording/reader.h"

enum recording_state {
	RECORDING_WHOLE,      /* closed, signed, nothing changed */
	RECORDING_NOT_CLOSED, /* what is there is whole; gateway or recorder died, or it still runs */
	RECORDING_BROKEN,
	RECORDING_FOREIGN, /* another key stands in its header than `signer`; whole or not */
};

struct recording_report {
	enum recording_state state;
	char why[RECORDING_WHY_SIZE];         /* "" where it is whole */
	struct recording_about about;         /* zeros where the header cannot be read */
	uint8_t header[RECORDING_HASH_BYTES]; /* SHA-256 of its bytes */
	uint64_t chunks;
	uint64_t bytes; /* that were found whole */
	uint64_t rest;  /* not closed: bytes behind them */
	uint32_t length_ms;
	uint32_t gaps;    /* with the key or a closing */
	uint64_t missing; /* bytes that gaps name */
	bool has_summary;
	struct recording_summary summary;
	uint8_t chain[RECORDING_HASH_BYTES]; /* the last value */
};

/* key: NULL: structure, chain and signature alone. signer: the public key that it must be signed with; NULL: whichever. each: called now and
 * then with the bytes read so far, returns false to stop (-ECANCELED); may be NULL. Returns 0 with *ret_report, or a negative errno:
 * the file could not be read. */
int recording_verify(int fd, const uint8_t *key, const uint8_t *signer,
	bool (*each)(void *argument, uint64_t bytes), void *argument,
	struct recording_report *ret_report);

/* "whole", "not closed", "broken", "foreign" */
const char *recording_state_name(enum recording_state state);

#endif
