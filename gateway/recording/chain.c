/* See chain.h. */
#include "recording/chain.h"

#include "base/cleanup.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char begun_as[] = "sekisho recording 1"; /* its NUL belongs to it */

struct recording_chain {
	EVP_MD_CTX *hashing;
	uint8_t value[RECORDING_HASH_BYTES];
};

struct piece {
	const void *bytes;
	size_t len;
};

int
recording_chain_new(struct recording_chain **ret_chain)
{
	struct recording_chain *chain = calloc(1, sizeof(*chain));

	if (chain == NULL)
		return -ENOMEM;
	chain->hashing = EVP_MD_CTX_new();
	/* From here on the context knows its hash: nothing is looked for, nor allocated, again. */
	if (chain->hashing == NULL || EVP_DigestInit_ex(chain->hashing, EVP_sha256(), NULL) != 1) {
		recording_chain_free(chain);
		return -ENOMEM;
	}
	*ret_chain = chain;
	return 0;
}

void
recording_chain_free(struct recording_chain *chain)
{
	if (chain == NULL)
		return;
	EVP_MD_CTX_free(chain->hashing);
	free(chain);
}

static int
hash(struct recording_chain *chain, const struct piece *pieces, size_t count, uint8_t *ret_hash)
{
	bool ok = EVP_DigestInit_ex(chain->hashing, NULL, NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(chain->hashing, pieces[i].bytes, pieces[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(chain->hashing, ret_hash, NULL) == 1;
	return ok ? 0 : -EIO;
}

int
recording_chain_begin(struct recording_chain *chain, const uint8_t *header, size_t len)
{
	const struct piece pieces[] = {{begun_as, sizeof(begun_as)}, {header, len}};

	return hash(chain, pieces, ARRAY_SIZE(pieces), chain->value);
}

int
recording_chain_next(
	struct recording_chain *chain, const uint8_t *head, const uint8_t *ciphertext, size_t len)
{
	const struct piece pieces[] = {{chain->value, RECORDING_HASH_BYTES},
		{head, RECORDING_CHUNK_HEAD}, {ciphertext, len}};

	return hash(chain, pieces, ARRAY_SIZE(pieces), chain->value);
}

const uint8_t *
recording_chain_value(const struct recording_chain *chain)
{
	return chain->value;
}

int
recording_chain_hash(struct recording_chain *chain, const uint8_t *bytes, size_t len,
	uint8_t ret_hash[RECORDING_HASH_BYTES])
{
	const struct piece piece = {bytes, len};

	return hash(chain, &piece, 1, ret_hash);
}
