/* A real sekisho-key to test with; see keeper.h. */
#include "keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "supervisor/children_spawn.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

X509 *
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
int
pipe_with(const void *bytes, size_t len)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], bytes, len), len);
	close(ends[1]);
	return ends[0];
}

int
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

pid_t
spawn_key(int pem, int *ret_channel)
{
	auto_fd int fourth = pem;
	struct child_program program = {.path = SEKISHO_KEY,
		.name = "sekisho-key",
		.output = STDERR_FILENO,
		.fourth = fourth};
	pid_t pid;
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	program.channel = ends[1];
	assert_int_equal(child_spawn(&program, &pid), 0);
	close(ends[1]);
	*ret_channel = ends[0];
	return pid;
}

void
receive_one(struct channel *channel)
{
	struct pollfd waiting = {.fd = channel_fd(channel), .events = POLLIN};

	assert_int_equal(poll(&waiting, 1, LIMIT_MS), 1);
	assert_int_equal(channel_receive(channel, 1, NULL), 0);
}

/* Takes the key. */
void
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
void
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
int
keeper_add_worker(struct keeper *keeper)
{
	struct msg_key_add_worker add = {.worker = ++keeper->workers};
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_send(keeper->channel, MSG_KEY_ADD_WORKER, &add, ends[1]), 0);
	close(ends[1]);
	return ends[0];
}

struct key_client *
client_open(struct keeper *keeper, unsigned int limit_ms)
{
	struct key_client *client = NULL;
	int fd = keeper_add_worker(keeper);

	assert_int_equal(key_client_new(&fd, limit_ms, &client), 0);
	assert_int_equal(fd, -1);
	return client;
}

EVP_PKEY *
key_of(struct key_client *client, const struct keeper *keeper)
{
	EVP_PKEY *key = NULL;

	assert_int_equal(key_method_new(client, X509_get0_pubkey(keeper->certificate), &key), 0);
	return key;
}

SSL_CTX *
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
bool
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
