/* gateway/supervisor/watchers_shown.c: what an engineer is told of who watches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/connections.h"
#include "supervisor/four_eyes.h"
#include "supervisor/notices.h"
#include "supervisor/watchers_shown.h"

#include <errno.h>
#include <string.h>

static struct supervisor supervisor;
static struct connection connection;
static struct carried_session session;

static struct {
	bool has_connection, pauses;
	unsigned int notices;
	struct notice notice;
} seen;

struct connection *
connection_find_session(const struct connections *connections, const uint8_t id[SESSION_ID_BYTES])
{
	(void)connections;
	return seen.has_connection && memcmp(id, session.id, SESSION_ID_BYTES) == 0 ? &connection
										    : NULL;
}

bool
four_eyes_pauses(const struct connection *asked)
{
	assert_ptr_equal(asked, &connection);
	return seen.pauses;
}

int
notice_show(struct connection *shown, const struct notice *notice, struct notice_waiter *waiter)
{
	assert_ptr_equal(shown, &connection);
	assert_null(waiter);
	seen.notice = *notice;
	seen.notices++;
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	session = (struct carried_session){.id = {7}, .show_watchers = true};
	connection = (struct connection){.id = 5, .supervisor = &supervisor, .session = &session};
	seen.has_connection = true;
	return 0;
}

static void
show(bool came, size_t others)
{
	watcher_show(&supervisor, session.id, "unix:yamada", came, others);
}

static void
engineer_is_told_who_comes_and_goes(void **state)
{
	(void)state;
	show(true, 0);
	assert_string_equal(seen.notice.text.format, "Auditor %s watches this session.");
	assert_string_equal(sentence_value(&seen.notice.text, 0), "yamada");
	assert_int_not_equal(seen.notice.seconds, 0);
	show(false, 1);
	assert_string_equal(
		seen.notice.text.format, "Auditor %s does not watch this session any more.");
	assert_string_equal(sentence_value(&seen.notice.text, 0), "yamada");
	show(false, 0);
	assert_string_equal(seen.notice.text.format, "Nobody watches this session any more.");
	assert_int_equal(seen.notice.text.count, 0);
	assert_int_equal(seen.notices, 3);
}

static void
nothing_is_told_where_the_terminal_does_not_say_so(void **state)
{
	(void)state;
	session.show_watchers = false;
	show(true, 0);
	show(false, 0);
	assert_int_equal(seen.notices, 0);
}

/* Four eyes' notice stays until somebody watches. */
static void
notice_that_says_why_input_is_paused_stays(void **state)
{
	(void)state;
	seen.pauses = true;
	show(false, 0);
	assert_int_equal(seen.notices, 0);
}

static void
session_without_a_connection_is_told_nothing(void **state)
{
	(void)state;
	seen.has_connection = false;
	show(true, 0);
	connection.session = NULL;
	seen.has_connection = true;
	show(true, 0);
	assert_int_equal(seen.notices, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(engineer_is_told_who_comes_and_goes, setup),
		cmocka_unit_test_setup(nothing_is_told_where_the_terminal_does_not_say_so, setup),
		cmocka_unit_test_setup(notice_that_says_why_input_is_paused_stays, setup),
		cmocka_unit_test_setup(session_without_a_connection_is_told_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
