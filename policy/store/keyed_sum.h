/* Two multisets compared by one number each.
 *
 * What is in them is hashed (SipHash-1-3) with a key that nobody knows beforehand, and the hashes are added up. If something
 * is missing, too much or different the sums differ, but for one chance in 2^64; the order does not matter, so that each
 * side is read in its own, which is many times as fast as to look up one after the other.
 */
#ifndef POLICY_STORE_KEYED_SUM_H
#define POLICY_STORE_KEYED_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyed_sum {
	uint64_t key[2];
	uint64_t sum;
	int64_t count;
};

/* With a key of its own; 0 or a negative errno. Sums can be compared, and added, if one is a copy of the other. */
int keyed_sum_init(struct keyed_sum *sum);

void keyed_sum_merge(struct keyed_sum *sum, const struct keyed_sum *other);
bool keyed_sum_equal(const struct keyed_sum *one, const struct keyed_sum *other);

/* One element, piece by piece. Of this machine's byte order: a sum is never kept. */
struct keyed_hash {
	uint64_t v[4];
	uint64_t words;
};

static inline void
keyed_hash_begin(struct keyed_hash *hash, const struct keyed_sum *sum)
{
	const uint64_t *key = sum->key;

	*hash = (struct keyed_hash){
		.v = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573}};
}

static inline uint64_t
keyed_hash_rotate(uint64_t value, unsigned int by)
{
	return value << by | value >> (64 - by);
}

static inline void
keyed_hash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = keyed_hash_rotate(v[1], 13) ^ v[0];
	v[3] = keyed_hash_rotate(v[3], 16) ^ v[2];
	v[0] = keyed_hash_rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = keyed_hash_rotate(v[1], 17) ^ v[2];
	v[3] = keyed_hash_rotate(v[3], 21) ^ v[0];
	v[2] = keyed_hash_rotate(v[2], 32);
}

static inline void
keyed_hash_word(struct keyed_hash *hash, uint64_t word)
{
	hash->v[3] ^= word;
	keyed_hash_round(hash->v);
	hash->v[0] ^= word;
	hash->words++;
}

void keyed_hash_bytes(struct keyed_hash *hash, const void *bytes, size_t len); /* and how many */
void keyed_sum_add(struct keyed_sum *sum, const struct keyed_hash *hash);

#endif
