/* TLS handshakes whose private key lives in a real sekisho-key. This test stands in the
 * supervisor's and the worker's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "key/key_method.h"
#include "messages/channel.h"
#include "supervisor/children.h"
#include "supervisor/children_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 10000

/* A sekisho-key with its key. */
struct keeper {
	pid_t pid;
	struct channel *channel;
	bool said_hello;
	unsigned int pongs;
	EVP_PKEY *key; /* a copy, to make the certificate with */
	X509 *certificate;
	uint32_t workers;
};

static int
on_hello(struct channel *channel, union message_body *message)
{
	struct keeper *keeper = channel_owner(channel);

	assert_true(message->hello.build_hash == messages_build_hash());
	keeper->said_hello = true;
	return 0;
}

static int
on_pong(struct channel *channel, union message_body *message)
{
	struct keeper *keeper = channel_owner(channel);

	(void)message;
	keeper->pongs++;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_HELLO, on_hello},
	{MSG_PONG, on_pong},
	{0},
};

static X509 *
self_signed(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	assert_non_null(certificate);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
		(const unsigned char *)"gateway.example", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

/* The read end of a pipe that holds these bytes. */
static int
pipe_with(const void *bytes, size_t len)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], bytes, len), len);
	close(ends[1]);
	return ends[0];
}

static int
pem_pipe(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;
	int fd;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &pem);
	fd = pipe_with(pem, (size_t)len);
	BIO_free(bio);
	return fd;
}

static pid_t
spawn_key(int pem, int *ret_channel)
{
	auto_fd int fourth = pem;
	pid_t pid;
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(
		child_spawn(SEKISHO_KEY, "sekisho-key", STDERR_FILENO, ends[1], fourth, &pid), 0);
	close(ends[1]);
	*ret_channel = ends[0];
	return pid;
}

static void
receive_one(struct channel *channel)
{
	struct pollfd waiting = {.fd = channel_fd(channel), .events = POLLIN};

	assert_int_equal(poll(&waiting, 1, LIMIT_MS), 1);
	assert_int_equal(channel_receive(channel, 1, NULL), 0);
}

/* Takes the key. */
static void
keeper_open(struct keeper *keeper, EVP_PKEY *key)
{
	struct channel_setup setup = {
		.self = PROCESS_SUPERVISOR,
		.peer = PROCESS_KEY,
		.handlers = handlers,
		.owner = keeper,
	};
	int fd;

	*keeper = (struct keeper){.key = key, .certificate = self_signed(key)};
	keeper->pid = spawn_key(pem_pipe(key), &fd);
	assert_int_equal(channel_new(&setup, &fd, &keeper->channel), 0);
	receive_one(keeper->channel);
	assert_true(keeper->said_hello);
}

/* At the supervisor's end sekisho-key ends too, in order. */
static void
keeper_done(struct keeper *keeper)
{
	int status;

	channel_free(keeper->channel);
	assert_int_equal(waitpid(keeper->pid, &status, 0), keeper->pid);
	assert_int_equal(status, 0);
	EVP_PKEY_free(keeper->key);
	X509_free(keeper->certificate);
}

/* A new signing channel; the worker's end. */
static int
keeper_add_worker(struct keeper *keeper)
{
	struct msg_key_add_worker add = {.worker = ++keeper->workers};
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_send(keeper->channel, MSG_KEY_ADD_WORKER, &add, ends[1]), 0);
	close(ends[1]);
	return ends[0];
}

static struct key_client *
client_open(struct keeper *keeper, unsigned int limit_ms)
{
	struct key_client *client = NULL;
	int fd = keeper_add_worker(keeper);

	assert_int_equal(key_client_new(&fd, limit_ms, &client), 0);
	assert_int_equal(fd, -1);
	return client;
}

static EVP_PKEY *
key_of(struct key_client *client, const struct keeper *keeper)
{
	EVP_PKEY *key = NULL;

	assert_int_equal(key_method_new(client, X509_get0_pubkey(keeper->certificate), &key), 0);
	return key;
}

static SSL_CTX *
context_new(const SSL_METHOD *method, int version, const char *algorithms)
{
	SSL_CTX *context = SSL_CTX_new(method);

	assert_non_null(context);
	SSL_CTX_set_min_proto_version(context, version);
	SSL_CTX_set_max_proto_version(context, version);
	if (algorithms != NULL)
		assert_int_equal(SSL_CTX_set1_sigalgs_list(context, algorithms), 1);
	return context;
}

/* Both ends in memory. Returns whether the client accepted the server's signature and data
 * passed. */
static bool
handshake(const struct keeper *keeper, EVP_PKEY *key, int version, const char *algorithms)
{
	SSL_CTX *for_server = context_new(TLS_server_method(), version, NULL);
	SSL_CTX *for_client = context_new(TLS_client_method(), version, algorithms);
	SSL *server, *client;
	BIO *one, *other;
	int done_server = 0, done_client = 0;
	char text[8] = {0};
	bool good;

	assert_int_equal(SSL_CTX_use_certificate(for_server, keeper->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(for_server, key), 1);
	assert_int_equal(SSL_CTX_check_private_key(for_server), 1);
	SSL_CTX_set_verify(for_client, SSL_VERIFY_PEER, NULL);
	assert_int_equal(
		X509_STORE_add_cert(SSL_CTX_get_cert_store(for_client), keeper->certificate), 1);
	server = SSL_new(for_server);
	client = SSL_new(for_client);
	assert_int_equal(BIO_new_bio_pair(&one, 65536, &other, 65536), 1);
	SSL_set_bio(server, one, one);
	SSL_set_bio(client, other, other);
	for (int i = 0; i < 20 && (done_server != 1 || done_client != 1); i++) {
		done_client = SSL_connect(client);
		done_server = SSL_accept(server);
	}
	good = done_server == 1 && done_client == 1 && SSL_write(server, "hello", 5) == 5 &&
	       SSL_read(client, text, sizeof(text)) == 5 && strcmp(text, "hello") == 0;
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(for_server);
	SSL_CTX_free(for_client);
	ERR_clear_error();
	return good;
}

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

static void
each_worker_has_its_own_channel(void **state)
{
	struct keeper keeper;
	struct key_client *clients[8];
	EVP_PKEY *keys[8];

	(void)state;
	keeper_open(&keeper, EVP_EC_gen("P-256"));
	for (size_t i = 0; i < 8; i++) {
		clients[i] = client_open(&keeper, LIMIT_MS);
		keys[i] = key_of(clients[i], &keeper);
	}
	/* One that goes, and one that breaks the rules, disturb no other. */
	EVP_PKEY_free(keys[0]);
	key_client_free(clients[0]);
	{
		auto_fd int fd = keeper_add_worker(&keeper);
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		char byte;

		assert_int_equal(send(fd, "nonsense", 8, MSG_NOSIGNAL), 8);
		assert_int_equal(poll(&waiting, 1, LIMIT_MS), 1);
		assert_int_equal(read(fd, &byte, 1), 0);
	}
	for (size_t i = 1; i < 8; i++) {
		assert_true(handshake(&keeper, keys[i], TLS1_3_VERSION, NULL));
		EVP_PKEY_free(keys[i]);
		key_client_free(clients[i]);
	}
	keeper_done(&keeper);
}

static void
sekisho_key_answers_ping(void **state)
{
	struct keeper keeper;
	struct msg_ping ping = {.serial = 1};

	(void)state;
	keeper_open(&keeper, EVP_EC_gen("P-256"));
	assert_int_equal(channel_send(keeper.channel, MSG_PING, &ping, -1), 0);
	receive_one(keeper.channel);
	assert_int_equal(keeper.pongs, 1);
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

static unsigned int refused;

static int
on_signature(struct channel *channel, union message_body *message)
{
	(void)channel;
	refused += message->key_signature.failed != 0;
	return 0;
}

/* A worker that asks without end is refused, and another one is not. */
static void
signatures_are_rate_limited(void **state)
{
	static const struct channel_handler own[] = {{MSG_KEY_SIGNATURE, on_signature}, {0}};
	struct channel_setup setup = {.self = PROCESS_WORKER, .peer = PROCESS_KEY, .handlers = own};
	struct msg_key_sign sign = {.scheme = 1, .input_len = 32};
	struct keeper keeper;
	struct channel *channel;
	struct key_client *other;
	EVP_PKEY *key;
	int fd;

	(void)state;
	keeper_open(&keeper, EVP_EC_gen("P-256"));
	fd = keeper_add_worker(&keeper);
	assert_int_equal(channel_new(&setup, &fd, &channel), 0);
	refused = 0;
	/* Many at a time, so that even a slow machine asks faster than it may. */
	for (unsigned int i = 0; i < 1000 && refused == 0; i++) {
		for (unsigned int j = 0; j < 100; j++) {
			sign.serial = 100 * i + j;
			assert_int_equal(channel_send(channel, MSG_KEY_SIGN, &sign, -1), 0);
		}
		for (unsigned int j = 0; j < 100; j++)
			receive_one(channel);
	}
	assert_true(refused > 0);
	other = client_open(&keeper, LIMIT_MS);
	key = key_of(other, &keeper);
	assert_true(handshake(&keeper, key, TLS1_3_VERSION, NULL));
	EVP_PKEY_free(key);
	key_client_free(other);
	channel_free(channel);
	keeper_done(&keeper);
}

static void
an_unusable_key_ends_sekisho_key(void **state)
{
	static char long_text[65537];
	static const char *const texts[] = {"", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"};
	EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	int status;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		int channel, pem;
		pid_t pid;

		if (i < 3)
			pem = pipe_with(texts[i], strlen(texts[i]));
		else
			pem = i == 3 ? pem_pipe(ed25519) : pipe_with(long_text, 65536);
		pid = spawn_key(pem, &channel);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), CHILD_EXIT_UNUSABLE);
		close(channel);
	}
	EVP_PKEY_free(ed25519);
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
		cmocka_unit_test(each_worker_has_its_own_channel),
		cmocka_unit_test(sekisho_key_answers_ping),
		cmocka_unit_test(a_lost_channel_is_replaced),
		cmocka_unit_test(a_silent_key_process_is_given_up),
		cmocka_unit_test(a_key_process_that_was_only_slow_is_used_again),
		cmocka_unit_test(a_key_of_another_certificate_is_found_out),
		cmocka_unit_test(a_check_without_sekisho_key_says_why),
		cmocka_unit_test(signatures_are_rate_limited),
		cmocka_unit_test(an_unusable_key_ends_sekisho_key),
		cmocka_unit_test(a_key_of_another_kind_is_not_wrapped),
	};

	log_init("key_method_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
