/* gateway/supervisor/notices.c: what follows when a mediator says what has become of a notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/connections.h"
#include "supervisor/four_eyes.h"
#include "supervisor/notices.h"

#include <errno.h>

static struct supervisor supervisor;
static struct carried_session session;
static struct connection connection;
static unsigned int reminded;

void __wrap_four_eyes_remind(struct connection *of);

void
__wrap_four_eyes_remind(struct connection *of)
{
	assert_ptr_equal(of, &connection);
	reminded++;
}

static int
says(enum notice_end how)
{
	const struct msg_notice_over over = {.serial = 3, .how = (uint8_t)how};

	return notice_heard(&connection, &over);
}

/* The notice that input is paused gives its place to every other one, and ends in no way of its own. */
static void
who_has_no_input_is_told_why_again_behind_another_notice(void **state)
{
	(void)state;
	connection = (struct connection){.id = 5, .supervisor = &supervisor, .session = &session};
	connection.notices.serial = 3;
	assert_int_equal(says(NOTICE_SHOWN), 0);
	assert_int_equal(says(NOTICE_COVERED), 0);
	assert_int_equal(says(NOTICE_REPLACED), 0);
	/* On this screen nothing can be laid: nor could that. */
	assert_int_equal(says(NOTICE_IMPOSSIBLE), 0);
	assert_int_equal(reminded, 0);
	assert_int_equal(says(NOTICE_TIMED_OUT), 0);
	assert_int_equal(reminded, 1);
	assert_int_equal(says(NOTICE_ACKNOWLEDGED), 0);
	assert_int_equal(reminded, 2);
	assert_int_equal(says(NOTICE_SESSION_OVER), -EPROTO);
	assert_int_equal(reminded, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_no_input_is_told_why_again_behind_another_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
