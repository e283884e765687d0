/* The hash chain over header and chunks of a recording: format.h. By OpenSSL, whose SHA-256 uses what the processor has for it.
 */
#ifndef RECORDING_CHAIN_H
#define RECORDING_CHAIN_H

#include "recording/format.h"

struct recording_chain;

/* Returns 0 or -ENOMEM. */
int recording_chain_new(struct recording_chain **ret_chain);
void recording_chain_free(struct recording_chain *chain);

/* c[0]. Each returns 0 or -EIO: OpenSSL has failed. */
int recording_chain_begin(struct recording_chain *chain, const uint8_t *header, size_t len);

/* c[i] from c[i-1]; head is RECORDING_CHUNK_HEAD bytes. */
int recording_chain_next(
	struct recording_chain *chain, const uint8_t *head, const uint8_t *ciphertext, size_t len);

/* The value now, RECORDING_HASH_BYTES; borrowed. */
const uint8_t *recording_chain_value(const struct recording_chain *chain);

/* SHA-256 of bytes alone; the chain's value stays. */
int recording_chain_hash(struct recording_chain *chain, const uint8_t *bytes, size_t len,
	uint8_t ret_hash[RECORDING_HASH_BYTES]);

#endif
