/* Memory that runs out at the sign-in screen, in the relay worker: the connection goes on whole or ends with OUT_OF_ROOM, and
 * whatever descriptor came is closed or kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "greeted.h"
#include "relay/phase_attach.h"
#include "relay/take_over.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* At the sign-in screen that has just been asked for. */
static void
start(void)
{
	greeted_start(PHASE_GREET, &phase_greet);
	bridge_free(fakes.conn.bridge);
	fakes.conn.bridge = NULL;
}

static void
a_screen_is_attached_or_the_connection_ends(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		start();
		fail_arm(&run);
		phase_greet.enter(&fakes.conn);
		fail_disarm(&run);
		assert_int_equal(fakes.closed, run.hit ? CLOSE_OUT_OF_ROOM : CLOSE_NONE);
		assert_true((fakes.conn.attachment == NULL) == run.hit);
		fakes_done();
	}
	assert_true(run.tried >= 2);
}

/* It waits for the screen, with its socket, or the socket is the caller's still. */
static void
a_jump_host_that_comes_early_is_kept_or_refused(void **state)
{
	static struct msg_attach attach = {.connection = 7};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		int number = fd;

		start();
		phase_greet.enter(&fakes.conn);
		fail_arm(&run);
		phase_greet.on_attach(&fakes.conn, &attach, &fd);
		fail_disarm(&run);
		assert_int_equal(fakes.closed, run.hit ? CLOSE_OUT_OF_ROOM : CLOSE_NONE);
		assert_int_equal(fd, run.hit ? number : -1);
		fakes_done();
		if (run.hit)
			(void)close(fd);
		assert_int_equal(fcntl(number, F_GETFD), -1);
	}
	assert_true(run.tried >= 2);
}

/* In the middle of an update of the screen: the Demand Active has to wait. */
static void
start_take_over(void)
{
	greeted_start(PHASE_ATTACH, NULL);
	greeted_legs(true, true);
	fakes.conn.attachment = attachment_new(SIDE_HOST);
	fakes.conn.attachment->step = ATTACH_FIRST_PDU;
	fakes.conn.attachment->bridge = bridge_new(SIDE_HOST);
	fakes.conn.attachment->bridge->io[SIDE_HOST] = 1003;
	fakes.conn.bridge->ways[SIDE_HOST].left = 50;
}

static void
a_desktop_waits_for_the_screen_or_the_connection_ends(void **state)
{
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		uint8_t room[512];
		size_t len;

		start_take_over();
		len = greeted_share(room, sizeof(room), SIDE_CLIENT, SHARE_DEMAND_ACTIVE, 0, 200);
		fail_arm(&run);
		take_over_on_pdu(&fakes.conn, room, len);
		fail_disarm(&run);
		assert_false(fakes.went);
		assert_int_equal(fakes.closed, run.hit ? CLOSE_OUT_OF_ROOM : CLOSE_NONE);
		assert_int_equal(fakes.conn.attachment->demand_active.len, run.hit ? 0 : len);
		/* Nothing of it has reached the client. */
		assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0);
		bridge_free(fakes.conn.attachment->bridge);
		fakes_done();
	}
	assert_true(run.tried >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_screen_is_attached_or_the_connection_ends),
		cmocka_unit_test(a_jump_host_that_comes_early_is_kept_or_refused),
		cmocka_unit_test(a_desktop_waits_for_the_screen_or_the_connection_ends),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
