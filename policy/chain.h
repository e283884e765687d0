/* The event log's hash chain (F6, design 4). Pure.
 *
 *	payload_hash = SHA-256(salt ‖ payload)
 *	hash         = SHA-256("sekisho event 1" NUL ‖ id ‖ time ‖ kind NUL ‖ payload_hash ‖ prev)
 *
 * Numbers are 8 bytes, big endian; prev is the hash of the row before, 32 zeros for the first. The
 * salt keeps an erased payload from being guessed back from its hash. A checkpoint is an Ed25519
 * signature over "sekisho checkpoint 1" NUL ‖ id ‖ time ‖ hash of the last event.
 */
#ifndef POLICY_CHAIN_H
#define POLICY_CHAIN_H

#include "policy/sealing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_HASH_BYTES 32
#define CHAIN_SALT_BYTES 16

struct chain_event {
	int64_t id; /* from 1, no gaps */
	int64_t time_us;
	const char *kind;
	const char *payload;            /* JSON text; NULL when erased */
	uint8_t salt[CHAIN_SALT_BYTES]; /* zeros when erased */
	uint8_t payload_hash[CHAIN_HASH_BYTES];
	uint8_t prev[CHAIN_HASH_BYTES];
	uint8_t hash[CHAIN_HASH_BYTES];
};

struct chain_checkpoint {
	int64_t event_id;
	int64_t time_us;
	uint8_t hash[CHAIN_HASH_BYTES]; /* of that event */
	uint8_t signature[SIGNATURE_BYTES];
};

/* Fills in payload_hash and hash from the rest. */
void chain_event_seal(struct chain_event *event);

int chain_checkpoint_sign(struct chain_checkpoint *checkpoint, const struct sealing *sealing);

/* Goes through the events in the order of their ids. */
struct chain_verifier {
	void *hashing; /* used again for each event */
	int64_t last_id;
	uint8_t last_hash[CHAIN_HASH_BYTES];
};

void chain_verifier_init(struct chain_verifier *verifier);
void chain_verifier_done(struct chain_verifier *verifier);

/* To go on behind this event, as if it had been the last one. */
void chain_verifier_follow(
	struct chain_verifier *verifier, int64_t id, const uint8_t hash[CHAIN_HASH_BYTES]);

/* The next event. erasure_allowed: its kind's retention had passed when a retention event named it.
 * Returns 0, or -EBADMSG with *ret_why (a literal) saying what is wrong with it. */
int chain_verify_next(struct chain_verifier *verifier, const struct chain_event *event,
	bool erasure_allowed, const char **ret_why);

/* A checkpoint against the hash of its event. */
int chain_verify_checkpoint(const struct chain_checkpoint *checkpoint, const uint8_t *event_hash,
	const struct sealing *sealing, const char **ret_why);

#endif
