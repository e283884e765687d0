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

void keyed_hash_begin(struct keyed_hash *hash, const struct keyed_sum *sum);
void keyed_hash_word(struct keyed_hash *hash, uint64_t word);
void keyed_hash_bytes(struct keyed_hash *hash, const void *bytes, size_t len); /* and how many */
void keyed_sum_add(struct keyed_sum *sum, const struct keyed_hash *hash);

#endif
