/* Starts of sessions and who watches them, played; see sign_ins_fixture.h. */
#include "sign_ins_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/four_eyes.h"

int
session_start_begin(struct connection *one, const struct session_start_setup *setup)
{
	assert_ptr_equal(one, &connection);
	assert_null(setup->ticket);
	seen.starts++;
	seen.start = setup->events;
	seen.start_request = *setup->signed_in;
	seen.start_attended = setup->signed_in->attendance != NULL;
	if (seen.start_attended)
		seen.start_attendance = *setup->signed_in->attendance;
	return 0;
}

void
session_start_hand_over(struct connection *one, const struct session_start_events *events)
{
	assert_ptr_equal(one, &connection);
	seen.start = events;
}

void
session_start_go_on(struct connection *one)
{
	assert_ptr_equal(one, &connection);
	seen.went_on++;
}

void
session_start_abandon(struct session_start *start, enum close_reason reason, enum phase phase)
{
	(void)start;
	(void)reason;
	(void)phase;
	seen.abandoned++;
}

uint32_t
four_eyes_watchers(const struct supervisor *one, const uint8_t session[SESSION_ID_BYTES])
{
	assert_ptr_equal(one, &supervisor);
	assert_ptr_equal(session, connection.session->id);
	return seen.watchers;
}
