/* What the client of a recorded session is sent, once more, as records for sekisho-recorder: whole PDUs of fast path, of the I/O channel
 * and of the graphics' channel (drdynvc), with the ids that the client knows; where the terminal says so its input, too. Clipboard,
 * drives and sound never come here, nor does Client Info, which is sent before. The cookie for automatic reconnection is blanked.
 *
 * Pure: bytes in, bytes out, bounded memory. In the relay worker; what comes has passed the bridge.
 */
#ifndef RELAY_TEE_H
#define RELAY_TEE_H

#include "relay/bridge.h"

#include "recording/records.h"

/* So much may wait for the recorder. */
#define TEE_MOST (4u << 20)

struct introduction;
struct tee;

struct tee_setup {
	bool required; /* nothing is left out: whoever calls stops reading while tee_is_full */
	bool with_input;
	bool mediated;
};

/* Returns 0 or -ENOMEM. Its first record is the SEGMENT, of what the client has said and of the bridge's ids. */
int tee_new(const struct tee_setup *setup, const struct introduction *introduction,
	const struct bridge *bridge, uint32_t ms, struct tee **ret_tee);

/* Wipes. Accepts NULL. */
void tee_free(struct tee *tee);

/* What came from a side and goes to the other one, in its order: any number of bytes of PDUs. Returns 0; -ENOMEM: with `required`, it
 * cannot be recorded any more. */
int tee_take(struct tee *tee, enum side from, const uint8_t *bytes, size_t len, uint32_t ms);

/* What waits; *ret_len 0: nothing. */
const uint8_t *tee_waiting(const struct tee *tee, size_t *ret_len);

/* So many bytes of it are gone. */
void tee_gone(struct tee *tee, size_t len);

bool tee_is_full(const struct tee *tee);

/* A gap that has been written since the last time: false if there is none. */
bool tee_take_gap(struct tee *tee, struct recording_gap *ret_gap);

/* Nothing more comes: a gap that is not over yet is written. */
void tee_finish(struct tee *tee, uint32_t ms);

#endif
