/* Sums over keyed hashes; see keyed_sum.h. */
#include "policy/store/keyed_sum.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int
keyed_sum_init(struct keyed_sum *sum)
{
	*sum = (struct keyed_sum){0};
	return getrandom(sum->key, sizeof(sum->key), 0) == (ssize_t)sizeof(sum->key) ? 0 : -EIO;
}

void
keyed_sum_merge(struct keyed_sum *sum, const struct keyed_sum *other)
{
	sum->sum += other->sum;
	sum->count += other->count;
}

bool
keyed_sum_equal(const struct keyed_sum *one, const struct keyed_sum *other)
{
	return one->sum == other->sum && one->count == other->count;
}

void
keyed_hash_bytes(struct keyed_hash *hash, const void *bytes, size_t len)
{
	struct keyed_hash local = *hash; /* in registers */
	const char *at = bytes;
	uint64_t word;

	keyed_hash_word(&local, len);
	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		keyed_hash_word(&local, word);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, at, len);
		keyed_hash_word(&local, word);
	}
	*hash = local;
}

void
keyed_sum_add(struct keyed_sum *sum, const struct keyed_hash *hash)
{
	struct keyed_hash end = *hash;

	keyed_hash_word(&end, hash->words * sizeof(uint64_t) << 56);
	end.v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		keyed_hash_round(end.v);
	sum->sum += end.v[0] ^ end.v[1] ^ end.v[2] ^ end.v[3];
	sum->count++;
}
