/* See keys.h. Private keys' files: keys_file.c. */
#include "recording/keys.h"

#include "base/cleanup.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

_Static_assert(RECORDING_PUBLIC_BYTES == crypto_box_PUBLICKEYBYTES, "X25519");
_Static_assert(
	RECORDING_SEALED_KEY_BYTES == RECORDING_KEY_BYTES + crypto_box_SEALBYTES, "a sealed key");

static const char check_of[] = "sekisho recording key";

int
recording_keys_ready(void)
{
	return sodium_init() < 0 ? -EIO : 0;
}

void
recording_random(uint8_t *ret_bytes, size_t len)
{
	randombytes_buf(ret_bytes, len);
}

int
recording_pair_new(uint8_t ret_public[RECORDING_PUBLIC_BYTES], struct secret *ret_private)
{
	uint8_t private_key[crypto_box_SECRETKEYBYTES];
	int r;

	crypto_box_keypair(ret_public, private_key);
	r = secret_set(ret_private, private_key, sizeof(private_key));
	secret_wipe(private_key, sizeof(private_key));
	return r;
}

int
recording_key_id(
	const uint8_t public_key[RECORDING_PUBLIC_BYTES], uint8_t ret_id[RECORDING_KEY_ID_BYTES])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, public_key, RECORDING_PUBLIC_BYTES);
	memcpy(ret_id, hash, RECORDING_KEY_ID_BYTES);
	return 0;
}

int
recording_key_seal(const uint8_t key[RECORDING_KEY_BYTES],
	const uint8_t public_key[RECORDING_PUBLIC_BYTES], struct recording_sealed_key *ret_sealed)
{
	if (crypto_box_seal(ret_sealed->sealed, key, RECORDING_KEY_BYTES, public_key) != 0)
		return -EINVAL;
	return recording_key_id(public_key, ret_sealed->key_id);
}

static int
unseal(const uint8_t sealed[RECORDING_SEALED_KEY_BYTES], const struct secret *private_key,
	uint8_t ret_key[RECORDING_KEY_BYTES])
{
	uint8_t public_key[RECORDING_PUBLIC_BYTES];

	if (private_key->len != crypto_box_SECRETKEYBYTES ||
		crypto_scalarmult_base(public_key, private_key->bytes) != 0 ||
		crypto_box_seal_open(ret_key, sealed, RECORDING_SEALED_KEY_BYTES, public_key,
			private_key->bytes) != 0)
		return -ENOKEY;
	return 0;
}

int
recording_key_open(const struct recording_about *about, const struct secret *private_key,
	uint8_t ret_key[RECORDING_KEY_BYTES])
{
	int r = -ENOKEY;

	for (size_t i = 0; r == -ENOKEY && i < about->sealed_count; i++)
		r = unseal(about->sealed[i].sealed, private_key, ret_key);
	return r;
}

void
recording_key_check(
	const uint8_t key[RECORDING_KEY_BYTES], uint8_t ret_check[RECORDING_KEY_CHECK_BYTES])
{
	crypto_generichash(ret_check, RECORDING_KEY_CHECK_BYTES, (const uint8_t *)check_of,
		sizeof(check_of) - 1, key, RECORDING_KEY_BYTES);
}
