/* key/key_server.c in a real sekisho-key: what it answers, to whom and how often, and which key it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "keeper.h"
#include "supervisor/children.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_worker_has_its_own_channel),
		cmocka_unit_test(sekisho_key_answers_ping),
		cmocka_unit_test(signatures_are_rate_limited),
		cmocka_unit_test(an_unusable_key_ends_sekisho_key),
	};

	log_init("key_server_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
