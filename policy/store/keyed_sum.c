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

static uint64_t
rotate(uint64_t value, unsigned int by)
{
	return value << by | value >> (64 - by);
}

static inline void
siphash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline void
add_word(struct keyed_hash *hash, uint64_t word)
{
	hash->v[3] ^= word;
	siphash_round(hash->v);
	hash->v[0] ^= word;
	hash->words++;
}

void
keyed_hash_begin(struct keyed_hash *hash, const struct keyed_sum *sum)
{
	const uint64_t *key = sum->key;

	*hash = (struct keyed_hash){
		.v = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573}};
}

void
keyed_hash_word(struct keyed_hash *hash, uint64_t word)
{
	add_word(hash, word);
}

void
keyed_hash_bytes(struct keyed_hash *hash, const void *bytes, size_t len)
{
	struct keyed_hash local = *hash; /* in registers */
	const char *at = bytes;
	uint64_t word;

	add_word(&local, len);
	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		add_word(&local, word);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, at, len);
		add_word(&local, word);
	}
	*hash = local;
}

void
keyed_sum_add(struct keyed_sum *sum, const struct keyed_hash *hash)
{
	struct keyed_hash end = *hash;

	add_word(&end, hash->words * sizeof(uint64_t) << 56);
	end.v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		siphash_round(end.v);
	sum->sum += end.v[0] ^ end.v[1] ^ end.v[2] ^ end.v[3];
	sum->count++;
}
