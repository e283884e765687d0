/* See children_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "children_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every wait for an event ends here. */
#define LIMIT_MS 60000

static struct msg_configure configure;

static void
on_ready(void *owner)
{
	((struct children_fixture *)owner)->ready = true;
}

static void
on_failed(void *owner)
{
	((struct children_fixture *)owner)->failed = true;
}

static void
on_stopped(void *owner)
{
	((struct children_fixture *)owner)->stopped = true;
}

static void
on_worker_died(void *owner, struct child *worker)
{
	struct children_fixture *fixture = owner;

	fixture->deaths++;
	fixture->dead_number = child_number(worker);
	fixture->dead_connections = child_connections(worker);
}

static struct permits_seen *
connection_seen(void *owner, struct child *worker, uint64_t connection)
{
	struct children_fixture *fixture = owner;

	return worker == fixture->worker && connection == 7 ? &fixture->seen : NULL;
}

static int
on_ended(struct channel *channel, union message_body *message)
{
	struct child *worker = channel_owner(channel);
	struct children_fixture *fixture = child_owner(worker);

	fixture->ends++;
	memcpy(fixture->detail, message->ended.detail, sizeof(fixture->detail));
	child_remove_connection(worker);
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_ENDED, on_ended},
	{0},
};

static void
on_limit(uv_timer_t *timer)
{
	((struct children_fixture *)timer->data)->timed_out = true;
}

struct children_setup
children_setup_of(struct children_fixture *fixture, const char *directory, const char *role)
{
	memset(&configure, 0, sizeof(configure));
	configure.certificate_chain_len = (uint32_t)strlen(role);
	strcpy((char *)configure.certificate_chain, role);
	return (struct children_setup){
		.loop = &fixture->loop,
		.workers = 2,
		.configure = &configure,
		.key_path = "/dev/null",
		.directory = directory,
		.ping_ms = 20,
		.hung_ms = CHILD_HUNG_MS,
		.worker_handlers = handlers,
		.owner = fixture,
		.connection_seen = connection_seen,
		.ready = on_ready,
		.failed = on_failed,
		.worker_died = on_worker_died,
		.stopped = on_stopped,
	};
}

void
children_open(struct children_fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->client = -1;
	assert_int_equal(uv_loop_init(&fixture->loop), 0);
	uv_timer_init(&fixture->loop, &fixture->limit);
	fixture->limit.data = fixture;
	uv_timer_start(&fixture->limit, on_limit, LIMIT_MS, 0);
}

void
children_begin(struct children_fixture *fixture, const char *role)
{
	struct children_setup setup = children_setup_of(fixture, FAKE_CHILDREN, role);

	children_open(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
}

void
children_end(struct children_fixture *fixture)
{
	if (fixture->children != NULL) {
		children_stop(fixture->children, 5000);
		WAIT_FOR(fixture->stopped);
		children_free(fixture->children);
	}
	if (fixture->client >= 0)
		close(fixture->client);
	uv_close((uv_handle_t *)&fixture->limit, NULL);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

struct log_file
log_to_file(void)
{
	struct log_file log = {.own = dup(STDERR_FILENO)};
	FILE *file = tmpfile();

	assert_non_null(file);
	log.fd = dup(fileno(file));
	fclose(file);
	assert_int_equal(dup2(log.fd, STDERR_FILENO), STDERR_FILENO);
	return log;
}

char *
log_back(struct log_file *log)
{
	off_t size = lseek(log->fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(log->fd, text, (size_t)size, 0), size);
	assert_int_equal(dup2(log->own, STDERR_FILENO), STDERR_FILENO);
	close(log->fd);
	close(log->own);
	return text;
}
