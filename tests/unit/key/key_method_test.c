/* key/key_method.c: TLS handshakes whose private key lives in a real sekisho-key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "keeper.h"

#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void
tls_works_with(EVP_PKEY *generated, const char *const *algorithms)
{
	struct keeper keeper;
	struct key_client *client;
	EVP_PKEY *key;

	keeper_open(&keeper, generated);
	client = client_open(&keeper, LIMIT_MS);
	key = key_of(client, &keeper);
	for (; *algorithms != NULL; algorithms++) {
		bool only_1_2 = strstr(*algorithms, "PKCS1") != NULL;

		if (strncmp(*algorithms, "RSA+", 4) == 0)
			only_1_2 = true;
		assert_true(handshake(&keeper, key, TLS1_2_VERSION, *algorithms));
		assert_true(only_1_2 || handshake(&keeper, key, TLS1_3_VERSION, *algorithms));
	}
	EVP_PKEY_free(key);
	key_client_free(client);
	keeper_done(&keeper);
}

static void
tls_works_with_ec_keys(void **state)
{
	static const char *const p256[] = {"ECDSA+SHA256", NULL};
	static const char *const p384[] = {"ECDSA+SHA384", NULL};
	static const char *const p521[] = {"ECDSA+SHA512", NULL};

	(void)state;
	tls_works_with(EVP_EC_gen("P-256"), p256);
	tls_works_with(EVP_EC_gen("P-384"), p384);
	tls_works_with(EVP_EC_gen("P-521"), p521);
}

static void
tls_works_with_rsa_keys(void **state)
{
	static const char *const algorithms[] = {"RSA-PSS+SHA256", "RSA-PSS+SHA384",
		"RSA-PSS+SHA512", "RSA+SHA256", "RSA+SHA384", "RSA+SHA512", NULL};

	(void)state;
	tls_works_with(EVP_RSA_gen(2048), algorithms);
	tls_works_with(EVP_RSA_gen(3072), algorithms);
}

/* RSA key exchange would need decryption: it does not come about, and nothing crashes. */
static void
rsa_key_exchange_is_refused(void **state)
{
	struct keeper keeper;
	struct key_client *client;
	EVP_PKEY *key;
	SSL_CTX *for_server = context_new(TLS_server_method(), TLS1_2_VERSION, NULL);
	SSL_CTX *for_client = context_new(TLS_client_method(), TLS1_2_VERSION, NULL);
	SSL *server, *peer;
	BIO *one, *other;
	int r = 0;

	(void)state;
	keeper_open(&keeper, EVP_RSA_gen(2048));
	client = client_open(&keeper, LIMIT_MS);
	key = key_of(client, &keeper);
	assert_int_equal(SSL_CTX_use_certificate(for_server, keeper.certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(for_server, key), 1);
	assert_int_equal(SSL_CTX_set_cipher_list(for_client, "AES128-GCM-SHA256"), 1);
	server = SSL_new(for_server);
	peer = SSL_new(for_client);
	assert_int_equal(BIO_new_bio_pair(&one, 65536, &other, 65536), 1);
	SSL_set_bio(server, one, one);
	SSL_set_bio(peer, other, other);
	for (int i = 0; i < 20 && r != 1; i++) {
		(void)SSL_connect(peer);
		r = SSL_accept(server);
	}
	assert_int_not_equal(r, 1);
	SSL_free(server);
	SSL_free(peer);
	SSL_CTX_free(for_server);
	SSL_CTX_free(for_client);
	ERR_clear_error();
	EVP_PKEY_free(key);
	key_client_free(client);
	keeper_done(&keeper);
}

/* After sekisho-key has died every handshake fails at once, until the supervisor brings another
 * channel. */
static void
a_lost_channel_is_replaced(void **state)
{
	struct keeper keeper, next;
	struct key_client *client;
	EVP_PKEY *key;
	int status, fd;

	(void)state;
	keeper_open(&keeper, EVP_EC_gen("P-256"));
	client = client_open(&keeper, LIMIT_MS);
	key = key_of(client, &keeper);
	assert_true(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	assert_int_equal(kill(keeper.pid, SIGKILL), 0);
	assert_int_equal(waitpid(keeper.pid, &status, 0), keeper.pid);
	assert_false(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	assert_false(handshake(&keeper, key, TLS1_2_VERSION, NULL));
	EVP_PKEY_up_ref(keeper.key);
	keeper_open(&next, keeper.key);
	fd = keeper_add_worker(&next);
	assert_int_equal(key_client_replace(client, &fd), 0);
	assert_int_equal(fd, -1);
	assert_true(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	/* A replacement of one that works is no different. */
	fd = keeper_add_worker(&next);
	assert_int_equal(key_client_replace(client, &fd), 0);
	assert_true(handshake(&keeper, key, TLS1_2_VERSION, NULL));
	EVP_PKEY_free(key);
	key_client_free(client);
	keeper_done(&next);
	channel_free(keeper.channel);
	EVP_PKEY_free(keeper.key);
	X509_free(keeper.certificate);
}

/* The time limit is paid once: afterwards a hung sekisho-key costs nothing. */
static void
a_silent_key_process_is_given_up(void **state)
{
	struct key_client *client = NULL;
	struct keeper keeper = {.key = EVP_EC_gen("P-256")};
	EVP_PKEY *key;
	char question[2048];
	int ends[2];

	(void)state;
	keeper.certificate = self_signed(keeper.key);
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(key_client_new(&ends[0], 50, &client), 0);
	key = key_of(client, &keeper);
	assert_false(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	assert_false(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	/* It was asked once. */
	assert_true(recv(ends[1], question, sizeof(question), MSG_DONTWAIT) > 0);
	assert_int_equal(recv(ends[1], question, sizeof(question), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(ends[1]);
	EVP_PKEY_free(key);
	key_client_free(client);
	EVP_PKEY_free(keeper.key);
	X509_free(keeper.certificate);
}

static void
a_key_process_that_was_only_slow_is_used_again(void **state)
{
	struct keeper keeper;
	struct key_client *client;
	EVP_PKEY *key;
	int64_t until_ms = clock_boottime_ms() + LIMIT_MS;
	bool good = false;

	(void)state;
	keeper_open(&keeper, EVP_EC_gen("P-256"));
	client = client_open(&keeper, 50);
	key = key_of(client, &keeper);
	assert_int_equal(kill(keeper.pid, SIGSTOP), 0);
	assert_false(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	assert_false(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	assert_int_equal(kill(keeper.pid, SIGCONT), 0);
	while (!good && clock_boottime_ms() < until_ms)
		good = handshake(&keeper, key, TLS1_3_VERSION, NULL);
	assert_true(good);
	EVP_PKEY_free(key);
	key_client_free(client);
	keeper_done(&keeper);
}

/* Does the key at sekisho-key belong to the certificate of this one? */
static int
checked(struct keeper *keeper, EVP_PKEY *of_certificate)
{
	struct key_client *client = client_open(keeper, LIMIT_MS);
	EVP_PKEY *key = NULL;
	int r;

	assert_int_equal(key_method_new(client, of_certificate, &key), 0);
	r = key_method_check(client, key, of_certificate, LIMIT_MS);
	EVP_PKEY_free(key);
	key_client_free(client);
	return r;
}

static void
a_key_of_another_certificate_is_found_out(void **state)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *other_ec = EVP_EC_gen("P-256");
	EVP_PKEY *longer_ec = EVP_EC_gen("P-384"), *rsa = EVP_RSA_gen(2048);
	EVP_PKEY *other_rsa = EVP_RSA_gen(2048);
	struct keeper keeper;

	(void)state;
	keeper_open(&keeper, ec);
	assert_int_equal(checked(&keeper, ec), 0);
	assert_int_equal(checked(&keeper, other_ec), -EKEYREJECTED);
	assert_int_equal(checked(&keeper, longer_ec), -EKEYREJECTED);
	assert_int_equal(checked(&keeper, rsa), -EKEYREJECTED);
	keeper_done(&keeper);
	keeper_open(&keeper, rsa);
	assert_int_equal(checked(&keeper, rsa), 0);
	assert_int_equal(checked(&keeper, other_rsa), -EKEYREJECTED);
	assert_int_equal(checked(&keeper, other_ec), -EKEYREJECTED);
	keeper_done(&keeper);
	EVP_PKEY_free(other_ec);
	EVP_PKEY_free(longer_ec);
	EVP_PKEY_free(other_rsa);
}

/* Then nothing is known, and nothing is claimed. */
static void
a_check_without_sekisho_key_says_why(void **state)
{
	struct key_client *client = NULL;
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *key = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(key_client_new(&ends[0], LIMIT_MS, &client), 0);
	assert_int_equal(key_method_new(client, ec, &key), 0);
	assert_int_equal(key_method_check(client, key, ec, 50), -ETIMEDOUT);
	close(ends[1]);
	assert_int_equal(key_method_check(client, key, ec, 50), -ECONNRESET);
	assert_int_equal(key_method_check(client, key, ec, 50), -ENOTCONN);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ec);
	key_client_free(client);
}

static void
a_key_of_another_kind_is_not_wrapped(void **state)
{
	EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *key = NULL;
	struct key_client *client;
	int ends[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(key_client_new(&ends[0], 50, &client), 0);
	assert_int_equal(key_method_new(client, ed25519, &key), -ENOTSUP);
	assert_null(key);
	key_client_free(client);
	close(ends[1]);
	EVP_PKEY_free(ed25519);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_works_with_ec_keys),
		cmocka_unit_test(tls_works_with_rsa_keys),
		cmocka_unit_test(rsa_key_exchange_is_refused),
		cmocka_unit_test(a_lost_channel_is_replaced),
		cmocka_unit_test(a_silent_key_process_is_given_up),
		cmocka_unit_test(a_key_process_that_was_only_slow_is_used_again),
		cmocka_unit_test(a_key_of_another_certificate_is_found_out),
		cmocka_unit_test(a_check_without_sekisho_key_says_why),
		cmocka_unit_test(a_key_of_another_kind_is_not_wrapped),
	};

	log_init("key_method_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
