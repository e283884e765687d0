/* gateway/supervisor/children_taken.c: a process for each logging on, started when it is needed and never again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "children_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	unsigned int ready, died, results;
	uint32_t status;
} heard;

static int
on_result(struct channel *channel, union message_body *message)
{
	(void)channel;
	heard.results++;
	heard.status = message->nla_result.status;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_NLA_RESULT, on_result},
	{0},
};

static void
on_ready(void *owner, struct child *nla)
{
	assert_ptr_equal(child_tag(nla), owner);
	heard.ready++;
}

static void
on_died(void *owner, struct child *nla)
{
	assert_ptr_equal(child_tag(nla), owner);
	heard.died++;
}

static void
begin(struct children_fixture *fixture)
{
	struct children_setup setup = children_setup_of(fixture, FAKE_CHILDREN, "good");

	memset(&heard, 0, sizeof(heard));
	setup.kinds[CHILD_NLA].most = 2;
	setup.kinds[CHILD_NLA].handlers = handlers;
	setup.kinds[CHILD_NLA].ready = on_ready;
	setup.kinds[CHILD_NLA].died = on_died;
	children_open(fixture);
	assert_int_equal(children_start(&setup, &fixture->children), 0);
	WAIT_FOR(fixture->ready);
}

/* With one that is ready. */
static struct child *
begin_one(struct children_fixture *fixture)
{
	struct child *nla;

	begin(fixture);
	assert_int_equal(children_take(fixture->children, CHILD_NLA, fixture, &nla), 0);
	WAIT_FOR(heard.ready == 1);
	return nla;
}

/* Returns the worker's end of their channel. */
static int
tell(struct child *nla, const char *role)
{
	struct msg_nla_begin message = {0};
	int ends[2];

	(void)snprintf(message.user, sizeof(message.user), "%s", role);
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(children_send(nla, MSG_NLA_BEGIN, &message, ends[1]), 0);
	close(ends[1]);
	return ends[0];
}

static void
none_is_there_before_it_is_needed_nor_after(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *one, *other, *more;
	int r;

	(void)state;
	begin(fixture);
	assert_int_equal(children_take(fixture->children, CHILD_NLA, fixture, &one), 0);
	assert_int_equal(children_take(fixture->children, CHILD_NLA, fixture, &other), 0);
	assert_int_equal(children_take(fixture->children, CHILD_NLA, fixture, &more), -EUSERS);
	WAIT_FOR(heard.ready == 2);
	/* One that is let go makes room, and nobody is told. */
	children_end_taken(one);
	children_end_taken(other);
	r = -EUSERS;
	WAIT_FOR(r == 0 || (r = children_take(fixture->children, CHILD_NLA, fixture, &more)) == 0);
	WAIT_FOR(heard.ready == 3);
	children_end_taken(more);
	children_end(fixture);
	assert_int_equal(heard.died, 0);
	assert_false(fixture->failed);
}

static void
what_it_said_can_be_heard_before_the_loop_turns(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *nla;
	char byte;
	int worker;

	(void)state;
	nla = begin_one(fixture);
	worker = tell(nla, "good");
	assert_int_equal(read(worker, &byte, 1), 1);
	assert_int_equal(heard.results, 0);
	children_hear(nla);
	assert_int_equal(heard.results, 1);
	assert_int_equal(heard.status, 0xc000006d);
	close(worker);
	children_end_taken(nla);
	children_end(fixture);
}

static void
one_that_dies_is_told_and_not_replaced(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *nla;
	char byte;
	int worker;

	(void)state;
	nla = begin_one(fixture);
	worker = tell(nla, "die");
	WAIT_FOR(heard.died == 1);
	/* The worker hears of it by the end of the channel. */
	assert_int_equal(read(worker, &byte, 1), 0);
	close(worker);
	assert_int_equal(heard.ready, 1);
	assert_int_equal(fixture->deaths, 0);
	children_end(fixture);
}

/* Its session may end, and end it, before its death is heard of: a crash is told all the same, and our own end of it is not. */
static void
one_that_died_before_it_was_ended_is_told(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct log_file log = log_to_file();
	auto_free char *text = NULL;
	struct child *crashes, *stays;
	char byte, died[64];
	int worker;

	(void)state;
	crashes = begin_one(fixture);
	assert_int_equal(children_take(fixture->children, CHILD_NLA, fixture, &stays), 0);
	WAIT_FOR(heard.ready == 2);
	snprintf(died, sizeof(died), " pid=%d signal=%d", child_pid(crashes), SIGABRT);
	worker = tell(crashes, "die");
	assert_int_equal(read(worker, &byte, 1), 0);
	close(worker);
	children_end_taken(crashes);
	children_end_taken(stays);
	children_end(fixture);
	text = log_back(&log);
	assert_int_equal(heard.died, 0);
	assert_non_null(strstr(text, died));
	assert_null(strstr(strstr(text, died) + strlen(died), "SK1021"));
}

static void
one_that_hangs_is_ended(void **state)
{
	struct children_fixture fixture_, *fixture = &fixture_;
	struct child *nla;
	int worker;

	(void)state;
	nla = begin_one(fixture);
	worker = tell(nla, "hang");
	WAIT_FOR(heard.died == 1);
	close(worker);
	children_end(fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_there_before_it_is_needed_nor_after),
		cmocka_unit_test(what_it_said_can_be_heard_before_the_loop_turns),
		cmocka_unit_test(one_that_dies_is_told_and_not_replaced),
		cmocka_unit_test(one_that_died_before_it_was_ended_is_told),
		cmocka_unit_test(one_that_hangs_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
