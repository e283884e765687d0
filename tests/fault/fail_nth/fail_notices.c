/* Memory that runs out when the minute comes in which sessions are told that they end: both are told once, or nobody is and the
 * next minute asks again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fail_nth.h"
#include "policy/session_outlook.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/four_eyes.h"
#include "supervisor/idle.h"
#include "supervisor/mediations.h"
#include "supervisor/notices.h"

#include <string.h>

#define MINUTE INT64_C(60000000)

enum { CONNECTIONS = 2 };

static struct carried_session sessions[CONNECTIONS] = {
	{.id = {1}, .id_text = "01", .account = "sato", .terminal = "pacs-01"},
	{.id = {2}, .id_text = "02", .account = "mori", .terminal = "pacs-02"},
};
static struct connection running[CONNECTIONS];
static struct store_job *asked;
static unsigned int told;

size_t
connections_sessions(const struct connections *connections)
{
	(void)connections;
	return CONNECTIONS;
}

void
connections_each(struct connections *connections,
	void (*visit)(void *context, struct connection *connection), void *context)
{
	(void)connections;
	for (size_t i = 0; i < CONNECTIONS; i++)
		visit(context, &running[i]);
}

struct connection *
connection_find_session(
	const struct connections *connections, const uint8_t session[SESSION_ID_BYTES])
{
	(void)connections;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (memcmp(sessions[i].id, session, SESSION_ID_BYTES) == 0)
			return &running[i];
	}
	return NULL;
}

void
four_eyes_remind(struct connection *connection)
{
	(void)connection;
}

bool
mediation_is_there(const struct connection *connection)
{
	(void)connection;
	return true;
}

int
mediation_send(struct connection *connection, enum message number, const void *body)
{
	const struct msg_notice_show *show = body;

	assert_int_equal(number, MSG_NOTICE_SHOW);
	assert_int_equal(show->serial, connection->notices.serial + 1);
	assert_true(show->values_len > 0);
	told++;
	return 0;
}

int64_t
idle_since_us(const struct carried_session *session)
{
	(void)session;
	return 0;
}

int
session_outlooks(struct store_db *db, struct session_outlook *outlooks, size_t count)
{
	(void)db;
	for (size_t i = 0; i < count; i++) {
		outlooks[i].ends_us = clock_now() + MINUTE / 2;
		outlooks[i].ends_by = "hours";
	}
	return 0;
}

void
store_read(struct store *store, struct store_job *job)
{
	(void)store;
	assert_null(asked);
	asked = job;
}

const char *
store_error_text(int status)
{
	(void)status;
	fail_msg("the store has not failed");
	return "";
}

static void
both_are_told_or_nobody(void **state)
{
	static struct settings settings;
	static struct supervisor supervisor = {.settings = &settings};
	struct fail_run run;

	(void)state;
	settings.notices.last_ms = 60000;
	fail_begin(&run);
	while (fail_next(&run)) {
		asked = NULL;
		told = 0;
		for (size_t i = 0; i < CONNECTIONS; i++)
			running[i] = (struct connection){.id = i + 1,
				.supervisor = &supervisor,
				.phase = PHASE_BRIDGE,
				.stage = CONNECTION_RELAYED,
				.session = &sessions[i]};
		fail_arm(&run);
		notices_minute(&supervisor);
		if (asked != NULL)
			asked->done(asked, asked->work(NULL, asked));
		fail_disarm(&run);
		assert_true((asked == NULL) == run.hit);
		assert_int_equal(told, run.hit ? 0 : CONNECTIONS);
		for (size_t i = 0; i < CONNECTIONS; i++)
			assert_int_equal(running[i].notices.serial, run.hit ? 0 : 1);
	}
	assert_true(run.tried >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(both_are_told_or_nobody)};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
