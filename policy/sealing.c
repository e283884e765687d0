/* Sealing and signing with what is derived from the facility key; see sealing.h. Reading the key:
 * facility_key.c. */
#include "policy/sealing.h"

#include "base/secret.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SEALED_VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16

struct sealing {
	uint8_t seal_key[32];
	uint8_t file_root[32]; /* of the keys of files */
	uint8_t digest_key[32];
	EVP_PKEY *signing_key;
};

/* HKDF-SHA256 (RFC 5869); info names the purpose, so that no key serves two. */
static int
derive_for(const uint8_t *key, const void *info, size_t len, uint8_t *ret_key)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)key, FACILITY_KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, len),
		OSSL_PARAM_construct_end(),
	};
	int ok = context != NULL && EVP_KDF_derive(context, ret_key, 32, parameters) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return ok ? 0 : -EIO;
}

static int
derive(const uint8_t *key, const char *purpose, uint8_t *ret_key)
{
	return derive_for(key, purpose, strlen(purpose), ret_key);
}

int
sealing_new(const uint8_t *key, struct sealing **ret_sealing)
{
	struct sealing *sealing = calloc(1, sizeof(*sealing));
	uint8_t seed[32];
	int r;

	if (sealing == NULL)
		return -ENOMEM;
	r = derive(key, "sekisho seal 1", sealing->seal_key);
	if (r == 0)
		r = derive(key, "sekisho files 1", sealing->file_root);
	if (r == 0)
		r = derive(key, "sekisho digest 1", sealing->digest_key);
	if (r == 0)
		r = derive(key, "sekisho sign 1", seed);
	if (r == 0) {
		sealing->signing_key =
			EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
		r = sealing->signing_key == NULL ? -EIO : 0;
	}
	secret_wipe(seed, sizeof(seed));
	if (r < 0) {
		sealing_free(sealing);
		return r;
	}
	*ret_sealing = sealing;
	return 0;
}

void
sealing_free(struct sealing *sealing)
{
	if (sealing == NULL)
		return;
	secret_wipe(sealing->seal_key, sizeof(sealing->seal_key));
	secret_wipe(sealing->file_root, sizeof(sealing->file_root));
	secret_wipe(sealing->digest_key, sizeof(sealing->digest_key));
	EVP_PKEY_free(sealing->signing_key);
	free(sealing);
}

/* version ‖ nonce ‖ ciphertext ‖ tag; version and `about` are authenticated with it. */
int
sealing_seal(const struct sealing *sealing, const char *about, const void *bytes, size_t len,
	uint8_t *ret_sealed)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *nonce = ret_sealed + 1;
	uint8_t *out = nonce + NONCE_BYTES;
	int done = 0;
	bool ok;

	ret_sealed[0] = SEALED_VERSION;
	ok = context != NULL && RAND_bytes(nonce, NONCE_BYTES) == 1 &&
	     EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, sealing->seal_key, nonce) == 1 &&
	     EVP_EncryptUpdate(context, NULL, &done, ret_sealed, 1) == 1 &&
	     EVP_EncryptUpdate(context, NULL, &done, (const uint8_t *)about, (int)strlen(about)) ==
		     1 &&
	     EVP_EncryptUpdate(context, out, &done, bytes, (int)len) == 1 &&
	     EVP_EncryptFinal_ex(context, out + len, &done) == 1 &&
	     EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + len) == 1;
	EVP_CIPHER_CTX_free(context);
	return ok ? 0 : -EIO;
}

int
sealing_unseal(const struct sealing *sealing, const char *about, const uint8_t *sealed, size_t len,
	uint8_t *ret_bytes)
{
	EVP_CIPHER_CTX *context;
	const uint8_t *nonce = sealed + 1;
	const uint8_t *in = nonce + NONCE_BYTES;
	size_t plain;
	int done = 0;
	bool ok;

	if (len < SEALED_EXTRA_BYTES || sealed[0] != SEALED_VERSION)
		return -EBADMSG;
	plain = len - SEALED_EXTRA_BYTES;
	context = EVP_CIPHER_CTX_new();
	ok = context != NULL &&
	     EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, sealing->seal_key, nonce) == 1 &&
	     EVP_DecryptUpdate(context, NULL, &done, sealed, 1) == 1 &&
	     EVP_DecryptUpdate(context, NULL, &done, (const uint8_t *)about, (int)strlen(about)) ==
		     1 &&
	     EVP_DecryptUpdate(context, ret_bytes, &done, in, (int)plain) == 1 &&
	     EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, (void *)(in + plain)) ==
		     1 &&
	     EVP_DecryptFinal_ex(context, ret_bytes + plain, &done) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!ok)
		secret_wipe(ret_bytes, plain);
	return ok ? 0 : -EBADMSG;
}

int
sealing_file_key(const struct sealing *sealing, const uint8_t *file_id, uint8_t *ret_key)
{
	return derive_for(sealing->file_root, file_id, FILE_ID_BYTES, ret_key);
}

/* A key for each purpose, so that no two have a text in common. */
int
sealing_digest(const struct sealing *sealing, const char *about, const void *bytes, size_t len,
	uint8_t ret_digest[DIGEST_BYTES])
{
	uint8_t key[32];
	size_t size = 0;
	char digest[] = "SHA256";
	int r;

	r = derive_for(sealing->digest_key, about, strlen(about), key);
	if (r == 0 && EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key, sizeof(key), bytes, len,
			      ret_digest, DIGEST_BYTES, &size) == NULL)
		r = -EIO;
	secret_wipe(key, sizeof(key));
	return r;
}

int
sealing_sign(const struct sealing *sealing, const void *bytes, size_t len, uint8_t *ret_signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = SIGNATURE_BYTES;
	bool ok = context != NULL &&
		  EVP_DigestSignInit(context, NULL, NULL, NULL, sealing->signing_key) == 1 &&
		  EVP_DigestSign(context, ret_signature, &size, bytes, len) == 1;

	EVP_MD_CTX_free(context);
	return ok ? 0 : -EIO;
}

int
sealing_verify(
	const struct sealing *sealing, const void *bytes, size_t len, const uint8_t *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL &&
		  EVP_DigestVerifyInit(context, NULL, NULL, NULL, sealing->signing_key) == 1 &&
		  EVP_DigestVerify(context, signature, SIGNATURE_BYTES, bytes, len) == 1;

	EVP_MD_CTX_free(context);
	return ok ? 0 : -EBADMSG;
}

void
sealing_public_key(const struct sealing *sealing, uint8_t *ret_public)
{
	size_t size = SIGNING_PUBLIC_BYTES;

	(void)EVP_PKEY_get_raw_public_key(sealing->signing_key, ret_public, &size);
}
