/* A real sekisho-nla, with a test in the place of the supervisor and of a worker that has been taken over: it says that TLS stands with
 * a jump host whose certificate is not the trusted one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "messages/channel.h"
#include "nla/outcomes.h"
#include "rdp/x224.h"
#include "relay/host_certificate.h"
#include "self_signed.h"
#include "supervisor/children_spawn.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 60000

static struct {
	pid_t pid;
	struct channel *supervisor, *worker;
	bool hello, has_certificate, has_result, done, accepted, token;
	struct msg_nla_certificate certificate;
	struct msg_nla_result result;
} nla;

static int
on_hello(struct channel *channel, union message_body *message)
{
	(void)channel;
	nla.hello = message->hello.build_hash == messages_build_hash();
	return 0;
}

static int
on_certificate(struct channel *channel, union message_body *message)
{
	(void)channel;
	assert_false(nla.has_result); /* what is to be logged comes before the end */
	nla.has_certificate = true;
	nla.certificate = message->nla_certificate;
	return 0;
}

static int
on_result(struct channel *channel, union message_body *message)
{
	(void)channel;
	nla.has_result = true;
	nla.result = message->nla_result;
	return 0;
}

static int
on_to_host(struct channel *channel, union message_body *message)
{
	(void)channel;
	(void)message;
	nla.token = true;
	return 0;
}

static int
on_done(struct channel *channel, union message_body *message)
{
	(void)channel;
	nla.done = true;
	nla.accepted = message->nla_done.accepted == 1;
	return 0;
}

static const struct channel_handler from_nla[] = {
	{MSG_HELLO, on_hello},
	{MSG_NLA_CERTIFICATE, on_certificate},
	{MSG_NLA_RESULT, on_result},
	{MSG_NOTHING, NULL},
};

static const struct channel_handler to_worker[] = {
	{MSG_NLA_TO_HOST, on_to_host},
	{MSG_NLA_DONE, on_done},
	{MSG_NOTHING, NULL},
};

static void
digest_of(const X509 *certificate, uint8_t *ret_digest)
{
	unsigned int len;

	assert_int_equal(X509_digest(certificate, EVP_sha256(), ret_digest, &len), 1);
	assert_int_equal(len, HOST_PIN_LEN);
}

static struct channel *
channel_to(enum process self, const struct channel_handler *handlers, int *fd)
{
	const struct channel_setup setup = {
		.self = self, .peer = PROCESS_NLA, .handlers = handlers};
	struct channel *channel;

	assert_int_equal(channel_new(&setup, fd, &channel), 0);
	return channel;
}

/* Until it is so. Behind its last word to the worker the process ends. */
static void
hear_until(const bool *so)
{
	while (!*so) {
		bool with_worker = nla.worker != NULL && !nla.done;
		struct pollfd waits[2] = {
			{.fd = channel_fd(nla.supervisor), .events = POLLIN},
			{.fd = with_worker ? channel_fd(nla.worker) : -1, .events = POLLIN},
		};

		assert_true(poll(waits, 2, LIMIT_MS) > 0);
		if (waits[0].revents != 0)
			assert_int_equal(channel_receive(nla.supervisor, 1, NULL), 0);
		if (waits[1].revents != 0)
			assert_int_equal(channel_receive(nla.worker, 1, NULL), 0);
	}
}

static void
start(void)
{
	struct child_program program = {
		.path = SEKISHO_NLA, .name = "sekisho-nla", .output = STDERR_FILENO};
	int ends[2];

	memset(&nla, 0, sizeof(nla));
	assert_int_equal(channel_pair(ends), 0);
	program.fourth = open("/dev/null", O_RDONLY | O_CLOEXEC);
	program.channel = ends[1];
	assert_int_equal(child_spawn(&program, &nla.pid), 0);
	close(ends[1]);
	close(program.fourth);
	nla.supervisor = channel_to(PROCESS_SUPERVISOR, from_nla, &ends[0]);
	hear_until(&nla.hello);
}

/* Trusts what `begin` says, and is shown the certificate. */
static void
show(struct msg_nla_begin *begin, const X509 *certificate)
{
	static struct msg_nla_host host;
	unsigned char *at = host.certificates;
	int ends[2];

	strcpy(begin->user, "tech");
	strcpy(begin->host_name, "pacs-01.example");
	memcpy(begin->password, "Ichigo-15", 9);
	begin->password_len = 9;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_send(nla.supervisor, MSG_NLA_BEGIN, begin, ends[1]), 0);
	close(ends[1]);
	nla.worker = channel_to(PROCESS_WORKER, to_worker, &ends[0]);
	host.protocol = RDP_PROTOCOL_HYBRID;
	host.certificates_len = (uint32_t)i2d_X509(certificate, &at);
	assert_int_equal(channel_send(nla.worker, MSG_NLA_HOST, &host, -1), 0);
}

static void
finish(void)
{
	int status;

	channel_free(nla.worker);
	channel_free(nla.supervisor);
	assert_int_equal(waitpid(nla.pid, &status, 0), nla.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
refused(const X509 *shown, const char *distrust)
{
	uint8_t digest[HOST_PIN_LEN];

	hear_until(&nla.done);
	hear_until(&nla.has_result);
	assert_false(nla.accepted);
	assert_false(nla.token);
	assert_true(nla.has_certificate && nla.has_result);
	assert_int_equal(nla.result.outcome, NLA_CERTIFICATE);
	digest_of(shown, digest);
	assert_int_equal(nla.certificate.sha256_len, HOST_PIN_LEN);
	assert_memory_equal(nla.certificate.sha256, digest, HOST_PIN_LEN);
	assert_string_equal(nla.certificate.subject, "CN=other");
	assert_string_equal(nla.certificate.issuer, "CN=other");
	assert_true(nla.certificate.not_before < nla.certificate.not_after);
	assert_non_null(strstr(nla.certificate.distrust, distrust));
	finish();
}

static void
another_certificate_than_the_trusted_one_is_told_and_gets_no_token(void **state)
{
	static struct msg_nla_begin by_pin, by_ca;
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
	X509 *trusted = self_signed("pacs-01", key);
	X509 *other = self_signed("other", other_key);
	BIO *pem = BIO_new(BIO_s_mem());
	char *text;

	(void)state;
	by_pin.trust = HOST_TRUST_PIN;
	by_pin.pin_len = HOST_PIN_LEN;
	digest_of(trusted, by_pin.pin);
	start();
	show(&by_pin, other);
	refused(other, "pinned");

	by_ca.trust = HOST_TRUST_CA;
	assert_int_equal(PEM_write_bio_X509(pem, trusted), 1);
	by_ca.ca_bundle_len = (uint32_t)BIO_get_mem_data(pem, &text);
	memcpy(by_ca.ca_bundle, text, by_ca.ca_bundle_len);
	start();
	show(&by_ca, other);
	refused(other, "certificate");

	/* The trusted one gets the first token. */
	start();
	show(&by_pin, trusted);
	hear_until(&nla.token);
	assert_false(nla.has_certificate || nla.has_result);
	finish();
	BIO_free(pem);
	X509_free(trusted);
	X509_free(other);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			another_certificate_than_the_trusted_one_is_told_and_gets_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
