/* The private key of sekisho-key; see signer.h. What it signs comes from workers, which read
 * outside bytes: it is checked to be the encoding of a signature, so that a taken-over worker
 * cannot have anything decrypted.
 */
#include "key/signer.h"

#include "base/cleanup.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RSA_LEAST_BITS 2048
#define RSA_MOST_BITS 8192

struct signer {
	EVP_PKEY *key;
	int bits;
	char name[24];
};

/* Never asks: a passphrase would have to come from somewhere. */
static int
no_passphrase(char *room, int size, int writing, void *context)
{
	(void)room;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static int
describe_ec(struct signer *signer)
{
	static const struct {
		const char *group;
		const char *name;
	} curves[] = {
		{SN_X9_62_prime256v1, "EC P-256"},
		{SN_secp384r1, "EC P-384"},
		{SN_secp521r1, "EC P-521"},
	};
	char group[64];

	if (EVP_PKEY_get_group_name(signer->key, group, sizeof(group), NULL) != 1)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++) {
		if (strcmp(group, curves[i].group) == 0) {
			snprintf(signer->name, sizeof(signer->name), "%s", curves[i].name);
			return 0;
		}
	}
	return -EINVAL;
}

static int
describe(struct signer *signer, const char **ret_why)
{
	signer->bits = EVP_PKEY_get_bits(signer->key);
	if (EVP_PKEY_is_a(signer->key, "EC")) {
		*ret_why = "its curve is none of P-256, P-384 and P-521";
		return describe_ec(signer);
	}
	if (!EVP_PKEY_is_a(signer->key, "RSA")) {
		*ret_why = "it is neither EC nor RSA";
		return -EINVAL;
	}
	if (signer->bits < RSA_LEAST_BITS || signer->bits > RSA_MOST_BITS) {
		*ret_why = "an RSA key must have 2048 to 8192 bits";
		return -EINVAL;
	}
	snprintf(signer->name, sizeof(signer->name), "RSA %d", signer->bits);
	return 0;
}

int
signer_new(const void *pem, size_t len, struct signer **ret_signer, const char **ret_why)
{
	struct signer *signer = calloc(1, sizeof(*signer));
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	int r = -ENOMEM;

	*ret_why = "there is no memory";
	if (signer == NULL || bio == NULL)
		goto out;
	signer->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	ERR_clear_error();
	*ret_why = "it is not a private key in PEM, or it has a passphrase";
	r = signer->key == NULL ? -EINVAL : describe(signer, ret_why);
out:
	BIO_free(bio);
	if (r < 0) {
		signer_free(signer);
		return r;
	}
	*ret_signer = signer;
	return 0;
}

void
signer_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	EVP_PKEY_free(signer->key);
	free(signer);
}

const char *
signer_name(const struct signer *signer)
{
	return signer->name;
}

bool
signer_is_slow(const struct signer *signer)
{
	return EVP_PKEY_is_a(signer->key, "RSA") && signer->bits > RSA_LEAST_BITS;
}

/* RFC 8017, 9.2 notes: what stands before the digest in a DigestInfo. */
static const struct {
	uint8_t bytes[19];
	size_t digest_len;
} digest_infos[] = {
	{{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
		 0x05, 0x00, 0x04, 0x20},
		32},
	{{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
		 0x05, 0x00, 0x04, 0x30},
		48},
	{{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
		 0x05, 0x00, 0x04, 0x40},
		64},
};

static bool
is_digest_info(const struct signer *signer, const uint8_t *input, size_t len)
{
	(void)signer;
	for (size_t i = 0; i < ARRAY_SIZE(digest_infos); i++) {
		size_t prefix = sizeof(digest_infos[i].bytes);

		if (len == prefix + digest_infos[i].digest_len &&
			memcmp(input, digest_infos[i].bytes, prefix) == 0)
			return true;
	}
	return false;
}

/* XORs MGF1(seed) onto bytes (RFC 8017, B.2.1). */
static bool
mgf1_xor(const EVP_MD *md, const uint8_t *seed, size_t seed_len, uint8_t *bytes, size_t len)
{
	uint8_t block[EVP_MAX_MD_SIZE + 4], mask[EVP_MAX_MD_SIZE];
	unsigned int mask_len = 0;

	memcpy(block, seed, seed_len);
	for (size_t at = 0, counter = 0; at < len; at += mask_len, counter++) {
		block[seed_len] = (uint8_t)(counter >> 24);
		block[seed_len + 1] = (uint8_t)(counter >> 16);
		block[seed_len + 2] = (uint8_t)(counter >> 8);
		block[seed_len + 3] = (uint8_t)counter;
		if (EVP_Digest(block, seed_len + 4, mask, &mask_len, md, NULL) != 1)
			return false;
		for (size_t i = 0; i < mask_len && at + i < len; i++)
			bytes[at + i] ^= mask[i];
	}
	return true;
}

/* RFC 8017, 9.1.2 steps 4 to 10 for a salt as long as the digest: everything of the encoding that
 * can be seen without the message. A byte string chosen for another purpose, such as a ciphertext,
 * does not unmask to that many zeros. */
static bool
is_pss_of(const EVP_MD *md, const uint8_t *em, size_t len, int bits)
{
	uint8_t db[RSA_MOST_BITS / 8];
	size_t digest_len = (size_t)EVP_MD_get_size(md);
	size_t db_len, one;
	unsigned int unused = (unsigned int)(8 * len) - (unsigned int)(bits - 1);

	if (len < 2 * digest_len + 2 || unused > 7 || em[len - 1] != 0xbc)
		return false;
	db_len = len - digest_len - 1;
	one = db_len - digest_len - 1;
	if ((em[0] & (uint8_t)(0xff00 >> unused)) != 0)
		return false;
	memcpy(db, em, db_len);
	if (!mgf1_xor(md, em + db_len, digest_len, db, db_len))
		return false;
	db[0] &= (uint8_t)(0xff >> unused);
	for (size_t i = 0; i < one; i++) {
		if (db[i] != 0)
			return false;
	}
	return db[one] == 1;
}

static bool
is_pss(const struct signer *signer, const uint8_t *input, size_t len)
{
	if (len != (size_t)EVP_PKEY_get_size(signer->key) || signer->bits % 8 == 1)
		return false;
	return is_pss_of(EVP_sha256(), input, len, signer->bits) ||
	       is_pss_of(EVP_sha384(), input, len, signer->bits) ||
	       is_pss_of(EVP_sha512(), input, len, signer->bits);
}

static bool
is_digest(const struct signer *signer, const uint8_t *input, size_t len)
{
	(void)signer;
	(void)input;
	return len == 20 || len == 32 || len == 48 || len == 64;
}

static const struct {
	uint8_t scheme;
	const char *type;
	bool (*is_signable)(const struct signer *signer, const uint8_t *input, size_t len);
	int padding; /* 0: none to set */
} schemes[] = {
	{KEY_SCHEME_ECDSA, "EC", is_digest, 0},
	{KEY_SCHEME_RSA_PKCS1, "RSA", is_digest_info, RSA_PKCS1_PADDING},
	{KEY_SCHEME_RSA_PSS, "RSA", is_pss, RSA_NO_PADDING},
};

static int
sign_checked(struct signer *signer, int padding, const uint8_t *input, size_t len,
	uint8_t *ret_signature, size_t size, size_t *ret_len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, signer->key, NULL);
	int r = -EIO;

	*ret_len = size;
	if (context != NULL && EVP_PKEY_sign_init(context) == 1 &&
		(padding == 0 || EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1) &&
		EVP_PKEY_sign(context, ret_signature, ret_len, input, len) == 1)
		r = 0;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return r;
}

int
signer_sign(struct signer *signer, uint8_t scheme, const uint8_t *input, size_t len,
	uint8_t *ret_signature, size_t size, size_t *ret_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (schemes[i].scheme != scheme)
			continue;
		if (!EVP_PKEY_is_a(signer->key, schemes[i].type) ||
			!schemes[i].is_signable(signer, input, len))
			return -EPERM;
		return sign_checked(
			signer, schemes[i].padding, input, len, ret_signature, size, ret_len);
	}
	return -EPERM;
}

int
signer_warm_up(struct signer *signer)
{
	uint8_t input[sizeof(digest_infos[0].bytes) + 32] = {0};
	uint8_t signature[RSA_MOST_BITS / 8];
	size_t len;

	if (EVP_PKEY_is_a(signer->key, "EC"))
		return signer_sign(
			signer, KEY_SCHEME_ECDSA, input, 32, signature, sizeof(signature), &len);
	memcpy(input, digest_infos[0].bytes, sizeof(digest_infos[0].bytes));
	return signer_sign(signer, KEY_SCHEME_RSA_PKCS1, input, sizeof(input), signature,
		sizeof(signature), &len);
}
