/* What sekisho-key signs and what it refuses: it must never be an oracle for decryption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "key/signer.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

/* SHA-256's DigestInfo, RFC 8017, 9.2. */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static struct signer *
signer_of(EVP_PKEY *key)
{
	struct signer *signer = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	const char *why = NULL;
	char *pem;
	long len;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &pem);
	if (signer_new(pem, (size_t)len, &signer, &why) < 0)
		print_message("%s\n", why);
	BIO_free(bio);
	return signer;
}

struct keys {
	EVP_PKEY *rsa, *ec;
	struct signer *rsa_signer, *ec_signer;
};

static int
make_keys(void **state)
{
	static struct keys keys;

	keys.rsa = EVP_RSA_gen(2048);
	keys.ec = EVP_EC_gen("P-256");
	keys.rsa_signer = signer_of(keys.rsa);
	keys.ec_signer = signer_of(keys.ec);
	*state = &keys;
	return keys.rsa_signer == NULL || keys.ec_signer == NULL;
}

static int
free_keys(void **state)
{
	struct keys *keys = *state;

	EVP_PKEY_free(keys->rsa);
	EVP_PKEY_free(keys->ec);
	signer_free(keys->rsa_signer);
	signer_free(keys->ec_signer);
	return 0;
}

/* Lets OpenSSL verify a signature over a digest. padding 0: ECDSA. */
static int
verifies(EVP_PKEY *key, int padding, const EVP_MD *md, const uint8_t *digest, size_t digest_len,
	const uint8_t *signature, size_t len)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	int r;

	assert_int_equal(EVP_PKEY_verify_init(context), 1);
	if (padding != 0) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
	}
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_int_equal(
			EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
	r = EVP_PKEY_verify(context, signature, len, digest, digest_len);
	EVP_PKEY_CTX_free(context);
	return r;
}

static void
ecdsa_of_a_digest_is_signed(void **state)
{
	static const size_t lens[] = {20, 32, 48, 64};
	struct keys *keys = *state;
	uint8_t digest[64], signature[1024];
	size_t len;

	RAND_bytes(digest, sizeof(digest));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(signer_sign(keys->ec_signer, KEY_SCHEME_ECDSA, digest, lens[i],
					 signature, sizeof(signature), &len),
			0);
		assert_int_equal(verifies(keys->ec, 0, NULL, digest, lens[i], signature, len), 1);
	}
	assert_string_equal(signer_name(keys->ec_signer), "EC P-256");
	assert_false(signer_is_slow(keys->ec_signer));
}

static void
ecdsa_of_another_length_is_refused(void **state)
{
	struct keys *keys = *state;
	uint8_t input[1024] = {0}, signature[1024];
	size_t len;

	for (size_t input_len = 0; input_len <= sizeof(input); input_len++) {
		if (input_len == 20 || input_len == 32 || input_len == 48 || input_len == 64)
			continue;
		assert_int_equal(signer_sign(keys->ec_signer, KEY_SCHEME_ECDSA, input, input_len,
					 signature, sizeof(signature), &len),
			-EPERM);
	}
}

static void
pkcs1_of_a_digest_info_is_signed(void **state)
{
	struct keys *keys = *state;
	uint8_t input[51], signature[1024];
	size_t len;

	memcpy(input, sha256_info, 19);
	RAND_bytes(input + 19, 32);
	assert_int_equal(signer_sign(keys->rsa_signer, KEY_SCHEME_RSA_PKCS1, input, 51, signature,
				 sizeof(signature), &len),
		0);
	assert_int_equal(verifies(keys->rsa, RSA_PKCS1_PADDING, EVP_sha256(), input + 19, 32,
				 signature, len),
		1);
}

static void
pkcs1_of_anything_else_is_refused(void **state)
{
	struct keys *keys = *state;
	uint8_t input[1024] = {0}, signature[1024];
	size_t len;

	memcpy(input, sha256_info, 19);
	for (size_t input_len = 0; input_len <= 300; input_len++) {
		if (input_len == 51)
			continue;
		assert_int_equal(signer_sign(keys->rsa_signer, KEY_SCHEME_RSA_PKCS1, input,
					 input_len, signature, sizeof(signature), &len),
			-EPERM);
	}
	for (size_t i = 0; i < 19; i++) {
		input[i] ^= 1;
		assert_int_equal(signer_sign(keys->rsa_signer, KEY_SCHEME_RSA_PKCS1, input, 51,
					 signature, sizeof(signature), &len),
			-EPERM);
		input[i] ^= 1;
	}
}

/* An encoded message as OpenSSL pads it, got back by undoing a signature of OpenSSL's own. */
static void
encode_pss(EVP_PKEY *key, const EVP_MD *md, int salt_len, const uint8_t *digest, uint8_t *ret_em)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t signature[256];
	size_t len = sizeof(signature);

	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_len), 1);
	assert_int_equal(
		EVP_PKEY_sign(context, signature, &len, digest, (size_t)EVP_MD_get_size(md)), 1);
	EVP_PKEY_CTX_free(context);
	context = EVP_PKEY_CTX_new(key, NULL);
	len = 256;
	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(context, ret_em, &len, signature, 256), 1);
	EVP_PKEY_CTX_free(context);
}

static void
pss_is_signed(void **state)
{
	struct keys *keys = *state;
	const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
	uint8_t digest[64], em[256], signature[1024];
	size_t len;

	for (size_t i = 0; i < 3; i++) {
		RAND_bytes(digest, sizeof(digest));
		encode_pss(keys->rsa, digests[i], RSA_PSS_SALTLEN_DIGEST, digest, em);
		assert_int_equal(signer_sign(keys->rsa_signer, KEY_SCHEME_RSA_PSS, em, 256,
					 signature, sizeof(signature), &len),
			0);
		assert_int_equal(verifies(keys->rsa, RSA_PKCS1_PSS_PADDING, digests[i], digest,
					 (size_t)EVP_MD_get_size(digests[i]), signature, len),
			1);
	}
}

static void
pss_with_another_salt_or_one_bit_off_is_refused(void **state)
{
	struct keys *keys = *state;
	uint8_t digest[32], em[256], signature[1024];
	size_t len;

	RAND_bytes(digest, sizeof(digest));
	encode_pss(keys->rsa, EVP_sha256(), 20, digest, em);
	assert_int_equal(signer_sign(keys->rsa_signer, KEY_SCHEME_RSA_PSS, em, 256, signature,
				 sizeof(signature), &len),
		-EPERM);
	encode_pss(keys->rsa, EVP_sha256(), RSA_PSS_SALTLEN_DIGEST, digest, em);
	/* The masked zeros, the hash that unmasks them, the trailer. Bits of the salt may be
	 * any. */
	for (size_t byte = 0; byte < 256; byte++) {
		if (byte >= 256 - 1 - 64 && byte < 256 - 1 - 32)
			continue;
		em[byte] ^= 0x10;
		assert_int_equal(signer_sign(keys->rsa_signer, KEY_SCHEME_RSA_PSS, em, 256,
					 signature, sizeof(signature), &len),
			-EPERM);
		em[byte] ^= 0x10;
	}
}

/* What somebody recorded and would like to have decrypted: RSA key exchange, OAEP, or any
 * number. */
static void
a_ciphertext_is_refused(void **state)
{
	static const int paddings[] = {RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING};
	struct keys *keys = *state;
	uint8_t secret[48], sealed[256], signature[1024];
	size_t len;

	for (unsigned int i = 0; i < 200; i++) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(keys->rsa, NULL);

		len = sizeof(sealed);
		RAND_bytes(secret, sizeof(secret));
		assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, paddings[i % 2]), 1);
		assert_int_equal(
			EVP_PKEY_encrypt(context, sealed, &len, secret, sizeof(secret)), 1);
		EVP_PKEY_CTX_free(context);
		sealed[0] &= 0x7f;
		sealed[255] = 0xbc; /* as if that had been found by trying */
		for (int scheme = 0; scheme < 8; scheme++)
			assert_int_equal(signer_sign(keys->rsa_signer, (uint8_t)scheme, sealed, 256,
						 signature, sizeof(signature), &len),
				-EPERM);
	}
}

static void
a_scheme_of_another_key_is_refused(void **state)
{
	struct keys *keys = *state;
	uint8_t input[256] = {0}, signature[1024];
	size_t len;

	memcpy(input, sha256_info, 19);
	for (int scheme = 0; scheme < 256; scheme++) {
		for (size_t i = 0; i < 3; i++) {
			static const size_t lens[] = {32, 51, 256};
			int ec = signer_sign(keys->ec_signer, (uint8_t)scheme, input, lens[i],
				signature, sizeof(signature), &len);
			int rsa = signer_sign(keys->rsa_signer, (uint8_t)scheme, input, lens[i],
				signature, sizeof(signature), &len);

			assert_int_equal(ec, scheme == KEY_SCHEME_ECDSA && i == 0 ? 0 : -EPERM);
			assert_int_equal(
				rsa, scheme == KEY_SCHEME_RSA_PKCS1 && i == 1 ? 0 : -EPERM);
		}
	}
}

static void
other_keys_are_not_taken(void **state)
{
	struct signer *signer = NULL;
	EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("secp256k1"),
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(keys[i]);
		assert_null(signer_of(keys[i]));
		EVP_PKEY_free(keys[i]);
	}
	assert_int_equal(signer_new("", 0, &signer, &why), -EINVAL);
	assert_int_equal(signer_new("-----BEGIN PRIVATE KEY-----\n", 28, &signer, &why), -EINVAL);
	assert_string_equal(why, "it is not a private key in PEM, or it has a passphrase");
}

static void
a_key_with_a_passphrase_is_not_taken(void **state)
{
	struct keys *keys = *state;
	struct signer *signer = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	const char *why;
	char *pem;
	long len;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, keys->ec, EVP_aes_256_cbc(),
				 (const unsigned char *)"secret", 6, NULL, NULL),
		1);
	len = BIO_get_mem_data(bio, &pem);
	assert_int_equal(signer_new(pem, (size_t)len, &signer, &why), -EINVAL);
	BIO_free(bio);
}

static void
a_long_rsa_key_is_slow(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(3072);
	struct signer *signer = signer_of(key);

	(void)state;
	assert_non_null(signer);
	assert_true(signer_is_slow(signer));
	assert_string_equal(signer_name(signer), "RSA 3072");
	assert_int_equal(signer_warm_up(signer), 0);
	signer_free(signer);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecdsa_of_a_digest_is_signed),
		cmocka_unit_test(ecdsa_of_another_length_is_refused),
		cmocka_unit_test(pkcs1_of_a_digest_info_is_signed),
		cmocka_unit_test(pkcs1_of_anything_else_is_refused),
		cmocka_unit_test(pss_is_signed),
		cmocka_unit_test(pss_with_another_salt_or_one_bit_off_is_refused),
		cmocka_unit_test(a_ciphertext_is_refused),
		cmocka_unit_test(a_scheme_of_another_key_is_refused),
		cmocka_unit_test(other_keys_are_not_taken),
		cmocka_unit_test(a_key_with_a_passphrase_is_not_taken),
		cmocka_unit_test(a_long_rsa_key_is_slow),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
