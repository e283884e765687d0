/* Memory that runs out in channels, keys, children, settings and control requests: no leak, no crash, no wrong
 * outcome. argv[1] is conf/gateway.yaml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/secret.h"
#include "fail_nth.h"
#include "key/key_method.h"
#include "key/signer.h"
#include "messages/channel.h"
#include "policy/store/memory.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/control_methods.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *example_path;

static void
a_secret_is_set_or_stays(void **state)
{
	struct secret secret = {0};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int r;

		assert_int_equal(secret_set(&secret, "old", 3), 0);
		fail_arm(&run);
		r = secret_set(&secret, "password", 8);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_string_equal((char *)secret.bytes, run.hit ? "old" : "password");
		secret_done(&secret);
	}
	assert_true(run.tried >= 3);
}

static unsigned int heard;

static int
on_kill(struct channel *channel, union message_body *message)
{
	(void)channel;
	/* Whole and in order, whatever failed in between. */
	assert_true(message->kill.connection == ++heard);
	return 0;
}

static void
events_changed(struct channel *channel)
{
	(void)channel;
}

/* Enough messages that some have to wait in the queue. */
#define MANY 2000

static void
a_channel_sends_whole_or_closes(void **state)
{
	static const struct channel_handler handlers[] = {{MSG_KILL, on_kill}, {0}};
	static const struct channel_handler none[] = {{0}};
	struct channel_setup sender = {.self = PROCESS_SUPERVISOR,
		.peer = PROCESS_WORKER,
		.handlers = none,
		.events_changed = events_changed};
	struct channel_setup receiver = {
		.self = PROCESS_WORKER, .peer = PROCESS_SUPERVISOR, .handlers = handlers};
	struct msg_hello hello = {0};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct channel *one = NULL, *other = NULL;
		unsigned int sent = 0;
		int ends[2];
		int r;

		/* Each message that waits is an allocation: a sample of them is as good as all. */
		if (run.nth > 20 && run.nth < 100)
			run.nth = 100;
		assert_int_equal(channel_pair(ends), 0);
		fail_arm(&run);
		r = channel_new(&sender, &ends[0], &one);
		if (r == 0)
			r = channel_new(&receiver, &ends[1], &other);
		if (r == 0)
			r = channel_send(other, MSG_HELLO, &hello, -1);
		heard = 0;
		while (r == 0 && sent < MANY) {
			struct msg_kill kill = {.connection = ++sent};

			r = channel_send(one, MSG_KILL, &kill, -1);
		}
		while (r == 0 && heard < MANY) {
			r = channel_receive(other, 64, NULL);
			if (r == 0)
				r = channel_flush(one);
		}
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_true(run.hit || heard == MANY);
		/* One that failed to send is closed: no gap goes unseen. */
		if (r < 0 && sent > 0)
			assert_int_equal(channel_fd(one), -1);
		channel_free(one);
		channel_free(other);
		if (ends[1] >= 0)
			close(ends[1]);
		if (run.nth >= 120)
			break;
	}
}

static void
a_signer_is_made_whole(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	struct fail_run run;
	char *pem;
	long len;

	(void)state;
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &pem);
	fail_begin(&run);
	while (fail_next(&run)) {
		struct signer *signer = NULL;
		const char *why;
		int r;

		fail_arm(&run);
		r = signer_new(pem, (size_t)len, &signer, &why);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_true((signer == NULL) == run.hit);
		signer_free(signer);
	}
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void
a_key_client_is_made_whole(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct key_client *client = NULL;
		int ends[2];
		char byte;
		int r;

		assert_int_equal(channel_pair(ends), 0);
		fail_arm(&run);
		r = key_client_new(&ends[0], 100, &client);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_int_equal(ends[0], -1);
		key_client_free(client);
		/* Its end is closed, whatever happened. */
		assert_int_equal(read(ends[1], &byte, 1), 0);
		close(ends[1]);
	}
	assert_true(run.tried >= 4);
}

static void
on_stopped(void *owner)
{
	*(bool *)owner = true;
}

static void
children_start_or_say_so(void **state)
{
	static const struct channel_handler none[] = {{0}};
	static struct msg_configure configure = {
		.certificate_chain_len = 4, .certificate_chain = "good"};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct children *children = NULL;
		bool stopped = false;
		uv_loop_t loop;
		struct children_setup setup = {
			.loop = &loop,
			.workers = 1,
			.configure = &configure,
			.key_path = "/dev/null",
			.directory = FAKE_CHILDREN,
			.worker_handlers = none,
			.owner = &stopped,
			.stopped = on_stopped,
		};
		int r;

		assert_int_equal(uv_loop_init(&loop), 0);
		fail_arm(&run);
		r = children_start(&setup, &children);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		if (children != NULL) {
			children_stop(children, 10000);
			while (!stopped)
				uv_run(&loop, UV_RUN_ONCE);
			children_free(children);
		}
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	assert_true(run.tried >= 10);
}

static char *
read_file(const char *path, size_t *ret_len)
{
	FILE *in = fopen(path, "r");
	static char text[65536];

	assert_non_null(in);
	*ret_len = fread(text, 1, sizeof(text), in);
	fclose(in);
	return text;
}

/* A file that is good is never taken by half, and one that is wrong is never taken. */
static void
settings_are_read_whole_or_not(void **state)
{
	size_t len;
	const char *good = read_file(example_path, &len);
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct settings_errors errors = {0};
		struct settings *settings = NULL;
		int r;

		fail_arm(&run);
		r = settings_parse("gateway.yaml", good, len, &settings, &errors);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_true((settings == NULL) == run.hit);
		settings_free(settings);
		settings_errors_done(&errors);
	}
	assert_true(run.tried > 100);
}

static void
wrong_settings_are_never_taken(void **state)
{
	static const char wrong[] =
		"facility:\n  id: x\n  colour: blue\nlisteners: []\nworkers: -1\n";
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct settings_errors errors = {0};
		struct settings *settings = NULL;
		int r;

		fail_arm(&run);
		r = settings_parse("gateway.yaml", wrong, sizeof(wrong) - 1, &settings, &errors);
		fail_disarm(&run);
		assert_true(r == -EINVAL || (run.hit && r == -ENOMEM));
		assert_null(settings);
		settings_errors_done(&errors);
	}
}

/* Texts longer than what jansson's parser begins with: they must grow while they are read. */
static void
a_control_request_is_read_whole_or_not(void **state)
{
	static const char line[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.kill\",\"params\":{"
		"\"id\":\"00112233445566778899aabbccddeeff\",\"because\":\"the \\\"cleaner\\\" "
		"pulled \u2713 a plug, and the engineer works on the wrong machine now\"}}";
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct control_request request = {0};
		json_t *error = NULL;
		int r;

		fail_arm(&run);
		r = control_parse(line, strlen(line), CONTROL_ROLE_ADMIN, &request, &error);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_null(error);
		if (r == 0)
			assert_string_equal(
				json_string_value(json_object_get(request.params, "because")),
				"the \"cleaner\" pulled \u2713 a plug, and the engineer works on "
				"the "
				"wrong machine now");
		control_request_done(&request);
	}
	assert_true(run.tried >= 20);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_set_or_stays),
		cmocka_unit_test(a_channel_sends_whole_or_closes),
		cmocka_unit_test(a_signer_is_made_whole),
		cmocka_unit_test(a_key_client_is_made_whole),
		cmocka_unit_test(children_start_or_say_so),
		cmocka_unit_test(settings_are_read_whole_or_not),
		cmocka_unit_test(wrong_settings_are_never_taken),
		cmocka_unit_test(a_control_request_is_read_whole_or_not),
	};

	assert_int_equal(argc, 2);
	example_path = argv[1];
	log_init("fail_processes");
	fail_catch_libraries();
	memory_watch_json();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
