/* Memory that runs out when a session begins whose host is for a sekisho-nla or a sekisho-mediator: it begins with the credentials, or nothing
 * of it is left, them neither, and no socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../unit/supervisor/taken_child.h"
#include "fail_nth.h"
#include "supervisor/mediations.h"
#include "supervisor/nla_logons.h"
#include "supervisor/notices.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
notice_heard(struct connection *connection, const struct msg_notice_over *over)
{
	(void)connection;
	(void)over;
	return 0;
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	(void)number;
	(void)body;
	(void)fd;
	return 0;
}

static struct supervisor supervisor;
static struct connection connection = {.id = 7, .supervisor = &supervisor, .host_fd = -1};
static const struct terminal terminal = {.trust = TERMINAL_TRUST_PIN};

static int
log_on(struct host_credentials *credentials)
{
	return nla_logon_start(&connection, &terminal, credentials);
}

static int
mediate(struct host_credentials *credentials)
{
	enum close_reason reason = mediation_start(&connection, &terminal, credentials, NULL);

	assert_false(host_credentials_given(credentials));
	switch (reason) {
	case CLOSE_NONE:
		return 0;
	case CLOSE_OUT_OF_ROOM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* The number that the next descriptor gets. */
static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)close(fd);
	return fd;
}

static void
it_begins_or_leaves_nothing(enum child_kind kind,
	int (*begin)(struct host_credentials *credentials),
	void (*end)(struct connection *connection))
{
	const struct secret password = {(uint8_t *)"Ichigo-15", 9};
	int lowest = lowest_free();
	struct fail_run run;

	fail_begin(&run);
	while (fail_next(&run)) {
		struct host_credentials credentials = {.mode = CREDENTIALS_INJECTED};
		int r;

		taken_reset(kind);
		assert_int_equal(host_credentials_set(&credentials, "tech", "", &password), 0);
		fail_arm(&run);
		r = begin(&credentials);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_int_equal(connection.nla == NULL && connection.mediation == NULL, run.hit);
		end(&connection);
		host_credentials_done(&credentials);
		assert_int_equal(taken.taken, taken.ended);
		assert_int_equal(lowest_free(), lowest);
	}
	assert_true(run.tried >= 2);
}

static void
logging_on_by_nla(void **state)
{
	(void)state;
	it_begins_or_leaves_nothing(CHILD_NLA, log_on, nla_logon_end);
}

static void
a_mediated_session(void **state)
{
	(void)state;
	it_begins_or_leaves_nothing(CHILD_MEDIATOR, mediate, mediation_end);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logging_on_by_nla), cmocka_unit_test(a_mediated_session)};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
