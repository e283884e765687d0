/* gateway/mediator/certificates.c: what libfreerdp hands over of a jump host's certificate, against the pin or the CA. */
#include "mediator/certificates.h"

#include "self_signed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <string.h>

static struct shown {
	char pem[8192];
	size_t len;
	uint8_t pin[HOST_PIN_LEN];
} host, other;

static void
fill(struct shown *one, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = self_signed(name, key);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	unsigned int len = 0;

	assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
	one->len = (size_t)BIO_get_mem_data(bio, &text);
	memcpy(one->pem, text, one->len);
	assert_int_equal(X509_digest(certificate, EVP_sha256(), one->pin, &len), 1);
	BIO_free(bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static struct host_trust
pinned(const uint8_t *pin)
{
	const struct host_trust_said said = {
		.kind = HOST_TRUST_PIN, .pin = pin, .pin_len = HOST_PIN_LEN, .name = "jump-1"};
	struct host_trust trust;

	assert_int_equal(host_trust_init(&trust, &said), 0);
	return trust;
}

static bool
trusted(struct host_trust *trust, const char *pem, size_t len, struct msg_nla_certificate *refused)
{
	bool good = certificates_are_trusted(trust, (const uint8_t *)pem, len, refused);

	host_trust_done(trust);
	return good;
}

static void
the_pinned_one_is_trusted_and_no_other(void **state)
{
	struct msg_nla_certificate refused = {0};
	struct host_trust trust = pinned(host.pin);

	(void)state;
	assert_true(trusted(&trust, host.pem, host.len, &refused));
	trust = pinned(host.pin);
	assert_false(trusted(&trust, other.pem, other.len, &refused));
	assert_int_equal(refused.sha256_len, HOST_PIN_LEN);
	assert_memory_equal(refused.sha256, other.pin, HOST_PIN_LEN);
	assert_string_equal(refused.subject, "CN=somebody else");
	assert_string_equal(refused.distrust, "it is not the one that was pinned");
}

/* Only the first one is the host's own. */
static void
the_pinned_one_behind_another_is_not_trusted(void **state)
{
	struct msg_nla_certificate refused = {0};
	struct host_trust trust = pinned(host.pin);
	char both[sizeof(host.pem) + sizeof(other.pem)];

	(void)state;
	memcpy(both, other.pem, other.len);
	memcpy(both + other.len, host.pem, host.len);
	assert_false(trusted(&trust, both, other.len + host.len, &refused));
}

static bool
by_ca(const char *pem, size_t len, const char *name, struct msg_nla_certificate *refused)
{
	const struct host_trust_said said = {.kind = HOST_TRUST_CA,
		.ca_bundle = (const uint8_t *)host.pem,
		.ca_bundle_len = (uint32_t)host.len,
		.name = name};
	struct host_trust trust;

	assert_int_equal(host_trust_init(&trust, &said), 0);
	return trusted(&trust, pem, len, refused);
}

static void
a_ca_vouches_for_a_name(void **state)
{
	struct msg_nla_certificate refused = {0};

	(void)state;
	assert_true(by_ca(host.pem, host.len, "jump-1", &refused));
	assert_false(by_ca(host.pem, host.len, "jump-2", &refused));
	assert_string_equal(refused.distrust, "hostname mismatch");
	assert_false(by_ca(other.pem, other.len, "jump-1", &refused));
}

static void
what_is_none_is_not_trusted(void **state)
{
	struct msg_nla_certificate refused = {0};
	struct host_trust trust = pinned(host.pin);

	(void)state;
	assert_false(trusted(&trust, "", 0, &refused));
	assert_string_equal(refused.distrust, "it cannot be read");
	trust = pinned(host.pin);
	assert_false(trusted(&trust, host.pem, host.len / 2, &refused));
	assert_int_equal(refused.sha256_len, 0);
}

/* For a session that was to be looked at alone, or of a mediator, no certificate is the right one. */
static void
without_pin_and_ca_nothing_is_trusted(void **state)
{
	struct msg_nla_certificate refused = {0};
	struct host_trust trust = {.kind = HOST_TRUST_MEDIATED};

	(void)state;
	assert_false(trusted(&trust, host.pem, host.len, &refused));
	trust = (struct host_trust){.kind = HOST_TRUST_NOBODY};
	assert_false(trusted(&trust, host.pem, host.len, &refused));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pinned_one_is_trusted_and_no_other),
		cmocka_unit_test(the_pinned_one_behind_another_is_not_trusted),
		cmocka_unit_test(a_ca_vouches_for_a_name),
		cmocka_unit_test(what_is_none_is_not_trusted),
		cmocka_unit_test(without_pin_and_ca_nothing_is_trusted),
	};

	fill(&host, "jump-1");
	fill(&other, "somebody else");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
