/* What waits until the client is ready for pictures is bounded. */
#include "greeter/peer_private.h"

#include "base/cleanup.h"
#include "greeter/screens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A list that was never shown gives way to the next one; none is longer than it may be. */
static void
choices_before_the_desktop_are_bounded(void **state)
{
	struct peer *peer = NULL;
	struct msg_choice choice = {.serial = 1, .name = "pacs-01"};

	(void)state;
	assert_int_equal(desk_warm_up(), 0);
	assert_int_equal(peer_new(&peer), 0);
	for (uint16_t i = 0; i < SCREEN_CHOICES_MAX; i++)
		assert_int_equal(peer_choice(peer, &choice), 0);
	assert_true(peer_choice(peer, &choice) < 0);
	choice.serial = 2;
	assert_int_equal(peer_choice(peer, &choice), 0);
	assert_int_equal(peer->choice_count, 1);
	peer_free(peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices_before_the_desktop_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
