/* libfreerdp takes the absence of a callback for consent: no Logon means "authenticated". Every one that the greeter relies on is set,
 * and its own look at them (peer_callbacks_are_set, asserted at each start) misses none.
 */
#include "greeter/peer_private.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "greeter/screens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <freerdp/transport_io.h>

static struct peer *
make(int *ret_other_end)
{
	struct peer_setup setup = {
		.facility = "Test Hospital", .language = "en", .now_ms = clock_boottime_ms};
	struct peer *peer = NULL;
	int ends[2];

	assert_int_equal(peer_warm_up(), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(peer_new(&peer), 0);
	assert_int_equal(peer_begin(peer, &setup, &ends[0]), 0);
	assert_int_equal(ends[0], -1);
	*ret_other_end = ends[1];
	return peer;
}

static void
every_callback_is_set(void **state)
{
	auto_fd int other = -1;
	struct peer *peer = make(&other);
	const rdpTransportIo *io = freerdp_get_io_callbacks(peer->rdp->context);

	(void)state;
	assert_true(peer_callbacks_are_set(peer));
	assert_non_null(peer->rdp->Logon);
	assert_non_null(peer->rdp->PostConnect);
	assert_non_null(peer->rdp->Activate);
	assert_non_null(peer->rdp->Capabilities);
	assert_non_null(io->TLSAccept);
	peer_free(peer);
}

/* One of them gone, by the name of its place. */
#define MISSES(peer, place)                                 \
	do {                                                \
		__typeof__(place) kept_ = (place);          \
		(place) = NULL;                             \
		assert_false(peer_callbacks_are_set(peer)); \
		(place) = kept_;                            \
		assert_true(peer_callbacks_are_set(peer));  \
	} while (0)

static void
a_missing_callback_is_seen(void **state)
{
	auto_fd int other = -1;
	struct peer *peer = make(&other);
	freerdp_peer *rdp = peer->rdp;
	rdpInput *input = rdp->context->input;
	rdpUpdate *update = rdp->context->update;
	rdpTransportIo io = *freerdp_get_io_callbacks(rdp->context);

	(void)state;
	MISSES(peer, rdp->Logon);
	MISSES(peer, rdp->PostConnect);
	MISSES(peer, rdp->Activate);
	MISSES(peer, rdp->Capabilities);
	MISSES(peer, input->SynchronizeEvent);
	MISSES(peer, input->KeyboardEvent);
	MISSES(peer, input->UnicodeKeyboardEvent);
	MISSES(peer, input->MouseEvent);
	MISSES(peer, input->ExtendedMouseEvent);
	MISSES(peer, update->RefreshRect);
	MISSES(peer, update->SuppressOutput);
	io.TLSAccept = NULL;
	assert_true(freerdp_set_io_callbacks(rdp->context, &io));
	assert_false(peer_callbacks_are_set(peer));
	peer_free(peer);
}

/* Only TLS is agreed on (the worker does it), no codec that a jump host's session might inherit, and nothing that waits. */
static void
settings_are_the_narrow_ones(void **state)
{
	static const FreeRDP_Settings_Keys_Bool off[] = {FreeRDP_RdpSecurity, FreeRDP_NlaSecurity,
		FreeRDP_SupportGraphicsPipeline, FreeRDP_RemoteFxCodec, FreeRDP_NSCodec,
		FreeRDP_CompressionEnabled, FreeRDP_SupportMultitransport,
		FreeRDP_NetworkAutoDetect, FreeRDP_WaitForOutputBufferFlush};
	auto_fd int other = -1;
	struct peer *peer = make(&other);
	const rdpSettings *settings = peer->rdp->context->settings;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		assert_false(freerdp_settings_get_bool(settings, off[i]));
	assert_true(freerdp_settings_get_bool(settings, FreeRDP_TlsSecurity));
	peer_free(peer);
}

/* A list that was never shown gives way to the next one; none is longer than it may be. */
static void
choices_before_the_desktop_are_bounded(void **state)
{
	auto_fd int other = -1;
	struct peer *peer = make(&other);
	struct msg_choice choice = {.serial = 1, .name = "pacs-01"};

	(void)state;
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
		cmocka_unit_test(every_callback_is_set),
		cmocka_unit_test(a_missing_callback_is_seen),
		cmocka_unit_test(settings_are_the_narrow_ones),
		cmocka_unit_test(choices_before_the_desktop_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
