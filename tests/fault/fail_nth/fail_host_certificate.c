/* Memory that runs out, OpenSSL's too, while a jump host's certificate is judged: none becomes the right one by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "relay/host_certificate.h"
#include "tests/unit/nla/self_signed.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL allocates through here. */

static void *
take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void *
take_again(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(old, size);
}

static void
give_back(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

static void
trust_in(X509 *certificate, struct msg_nla_begin *said)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *text;

	said->trust = HOST_TRUST_CA;
	assert_int_equal(PEM_write_bio_X509(pem, certificate), 1);
	said->ca_bundle_len = (uint32_t)BIO_get_mem_data(pem, &text);
	memcpy(said->ca_bundle, text, said->ca_bundle_len);
	BIO_free(pem);
}

/* run: NULL for one in which nothing fails. */
static void
judge(const struct host_trust_said *said, X509 *right, X509 *wrong, struct fail_run *run)
{
	struct msg_nla_certificate refused = {0};
	bool right_is_right = false, wrong_is_right = false;
	struct host_trust trust = {0};
	int r;

	if (run != NULL)
		fail_arm(run);
	r = host_trust_init(&trust, said);
	if (r == 0) {
		wrong_is_right = host_trust_check_chain(&trust, wrong, NULL, &refused);
		right_is_right = host_trust_check_chain(&trust, right, NULL, &refused);
	}
	if (run != NULL)
		fail_disarm(run);
	assert_false(wrong_is_right);
	assert_true(right_is_right || (run != NULL && run->hit));
	assert_true(r == 0 || r == -ENOMEM);
	host_trust_done(&trust);
	OPENSSL_thread_stop(); /* its errors */
}

static void
no_certificate_becomes_the_right_one(void **state)
{
	static struct msg_nla_begin said;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *right = self_signed("pacs-01", key), *wrong = self_signed("other", key);
	struct host_trust_said bundle = {
		.kind = HOST_TRUST_CA, .ca_bundle = said.ca_bundle, .name = "pacs-01"};
	struct fail_run run;

	(void)state;
	trust_in(right, &said);
	bundle.ca_bundle_len = said.ca_bundle_len;
	/* What OpenSSL keeps from its first time. */
	judge(&bundle, right, wrong, NULL);
	fail_begin(&run);
	while (fail_next(&run))
		judge(&bundle, right, wrong, &run);
	assert_true(run.tried > 10);
	X509_free(right);
	X509_free(wrong);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_certificate_becomes_the_right_one),
	};

	fail_catch_libraries();
	if (CRYPTO_set_mem_functions(take, take_again, give_back) != 1)
		abort();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
