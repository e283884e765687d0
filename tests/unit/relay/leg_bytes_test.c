/* gateway/relay/leg_bytes.c: what a leg says of bytes that OpenSSL holds, and how much one read does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/leg.h"
#include "relay/tls_contexts.h"

#include <openssl/x509.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A peer's OpenSSL on memory BIOs, whose records the test cuts. The leg's reads a socket, with the settings for
 * jump hosts, which are those for clients but for key and certificate. */
struct pair {
	SSL_CTX *server, *client;
	SSL *peer;
	BIO *from_peer, *to_peer;
	struct leg leg;
	int wire; /* the peer's end */
};

static SSL_CTX *
server_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
	assert_true(X509_set_pubkey(certificate, key));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	assert_true(SSL_CTX_use_certificate(context, certificate));
	assert_true(SSL_CTX_use_PrivateKey(context, key));
	X509_free(certificate);
	EVP_PKEY_free(key);
	(void)SSL_CTX_set_num_tickets(context, 0);
	return context;
}

static void
carry(struct pair *pair)
{
	uint8_t bytes[8192];
	ssize_t n;
	int len;

	while ((len = BIO_read(pair->from_peer, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(pair->wire, bytes, (size_t)len), len);
	while ((n = recv(pair->wire, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		assert_int_equal(BIO_write(pair->to_peer, bytes, (int)n), n);
}

static int
setup(void **state)
{
	struct pair *pair = test_calloc(1, sizeof(*pair));
	const char *why = NULL;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	pair->wire = ends[1];
	pair->leg.fd = ends[0];
	pair->server = server_context();
	assert_int_equal(tls_context_for_hosts(TLS1_2_VERSION, &pair->client), 0);
	pair->leg.ssl = SSL_new(pair->client);
	assert_true(SSL_set_fd(pair->leg.ssl, pair->leg.fd));
	SSL_set_connect_state(pair->leg.ssl);
	pair->peer = SSL_new(pair->server);
	pair->from_peer = BIO_new(BIO_s_mem());
	pair->to_peer = BIO_new(BIO_s_mem());
	SSL_set_bio(pair->peer, pair->to_peer, pair->from_peer);
	SSL_set_accept_state(pair->peer);
	for (int i = 0; i < 4; i++) {
		if (leg_shake(&pair->leg, &why) == 1)
			pair->leg.state = LEG_SECURE;
		carry(pair);
		(void)SSL_do_handshake(pair->peer);
		carry(pair);
	}
	assert_int_equal(pair->leg.state, LEG_SECURE);
	*state = pair;
	return 0;
}

static int
teardown(void **state)
{
	struct pair *pair = *state;

	SSL_free(pair->leg.ssl);
	SSL_free(pair->peer);
	SSL_CTX_free(pair->server);
	SSL_CTX_free(pair->client);
	(void)close(pair->leg.fd);
	(void)close(pair->wire);
	test_free(pair);
	return 0;
}

/* What is not a whole record yet must be waited for by poll: a peer that sends half a record and then
 * nothing would otherwise keep the loop turning. */
static void
half_a_record_is_waited_for(void **state)
{
	struct pair *pair = *state;
	uint8_t text[1000] = {1}, wire[2000], got[4096];
	int len;

	assert_int_equal(SSL_write(pair->peer, text, sizeof(text)), sizeof(text));
	len = BIO_read(pair->from_peer, wire, sizeof(wire));
	for (int cut = 1; cut < len; cut += 97) {
		assert_int_equal(write(pair->wire, wire, (size_t)cut), cut);
		assert_int_equal(leg_read(&pair->leg, got, sizeof(got)), 0);
		assert_false(leg_holds_bytes(&pair->leg));
		assert_int_equal(write(pair->wire, wire + cut, (size_t)(len - cut)), len - cut);
		assert_int_equal(leg_read(&pair->leg, got, sizeof(got)), sizeof(text));
		assert_int_equal(SSL_write(pair->peer, text, sizeof(text)), sizeof(text));
		len = BIO_read(pair->from_peer, wire, sizeof(wire));
	}
}

/* Two records arrive at once: the second is in OpenSSL, and poll will not tell. */
static void
a_whole_record_is_held(void **state)
{
	struct pair *pair = *state;
	uint8_t text[100] = {2}, got[4096];

	for (int i = 0; i < 2; i++)
		assert_int_equal(SSL_write(pair->peer, text, sizeof(text)), sizeof(text));
	carry(pair);
	assert_int_equal(leg_read(&pair->leg, got, sizeof(got)), sizeof(text));
	assert_true(leg_holds_bytes(&pair->leg));
	assert_int_equal(leg_read(&pair->leg, got, sizeof(got)), sizeof(text));
	assert_false(leg_holds_bytes(&pair->leg));
}

/* A peer may send as many TLS messages without data as it likes. One read takes what one buffer holds, or such a
 * peer would have the worker to itself. */
static void
one_read_does_not_follow_key_updates_for_ever(void **state)
{
	struct pair *pair = *state;
	uint8_t got[4096];
	int left, before = 0, reads = 0;

	for (int i = 0; i < 2000; i++) {
		assert_true(SSL_key_update(pair->peer, SSL_KEY_UPDATE_NOT_REQUESTED));
		assert_int_equal(SSL_do_handshake(pair->peer), 1);
	}
	carry(pair);
	assert_int_equal(ioctl(pair->leg.fd, FIONREAD, &before), 0);
	assert_true(before > 40000);
	do {
		assert_int_equal(leg_read(&pair->leg, got, sizeof(got)), 0);
		assert_int_equal(ioctl(pair->leg.fd, FIONREAD, &left), 0);
		assert_true(before - left <= 20 * 1024);
		before = left;
		reads++;
	} while (left > 0 || leg_holds_bytes(&pair->leg));
	assert_true(reads > 1);
	assert_int_equal(SSL_write(pair->peer, "x", 1), 1);
	carry(pair);
	assert_int_equal(leg_read(&pair->leg, got, sizeof(got)), 1);
}

/* What arrives together with a key update is delivered without another word of the peer. */
static void
data_behind_a_key_update_is_not_left_lying(void **state)
{
	struct pair *pair = *state;
	uint8_t got[4096];
	int r;

	assert_true(SSL_key_update(pair->peer, SSL_KEY_UPDATE_NOT_REQUESTED));
	assert_int_equal(SSL_do_handshake(pair->peer), 1);
	assert_int_equal(SSL_write(pair->peer, "x", 1), 1);
	carry(pair);
	do
		r = leg_read(&pair->leg, got, sizeof(got));
	while (r == 0 && leg_holds_bytes(&pair->leg));
	assert_int_equal(r, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(half_a_record_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_read_does_not_follow_key_updates_for_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(
			data_behind_a_key_update_is_not_left_lying, setup, teardown),
		cmocka_unit_test_setup_teardown(a_whole_record_is_held, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
