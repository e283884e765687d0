/* libfreerdp takes the absence of a callback for consent: no Logon means "authenticated". Every one that is relied on is set,
 * and its own look at them (desk_callbacks_are_set, asserted at each start) misses none.
 */
#include "desk/desk_private.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <freerdp/transport_io.h>

/* Nobody comes in: none of it is called. */
static const struct desk_user nobody;

static struct desk *
make(int *ret_other_end)
{
	struct desk *desk = NULL;
	int ends[2];

	assert_int_equal(desk_warm_up(), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(desk_new(&nobody, NULL, &desk), 0);
	assert_int_equal(desk_begin(desk, NULL, &ends[0]), 0);
	assert_int_equal(ends[0], -1);
	*ret_other_end = ends[1];
	return desk;
}

static void
every_callback_is_set(void **state)
{
	auto_fd int other = -1;
	struct desk *desk = make(&other);
	const rdpTransportIo *io = freerdp_get_io_callbacks(desk->rdp->context);

	(void)state;
	assert_true(desk_callbacks_are_set(desk));
	assert_non_null(desk->rdp->Logon);
	assert_non_null(desk->rdp->PostConnect);
	assert_non_null(desk->rdp->Activate);
	assert_non_null(desk->rdp->Capabilities);
	assert_non_null(io->TLSAccept);
	desk_free(desk);
}

/* One of them gone, by the name of its place. */
#define MISSES(desk, place)                                 \
	do {                                                \
		__typeof__(place) kept_ = (place);          \
		(place) = NULL;                             \
		assert_false(desk_callbacks_are_set(desk)); \
		(place) = kept_;                            \
		assert_true(desk_callbacks_are_set(desk));  \
	} while (0)

static void
a_missing_callback_is_seen(void **state)
{
	auto_fd int other = -1;
	struct desk *desk = make(&other);
	freerdp_peer *rdp = desk->rdp;
	rdpInput *input = rdp->context->input;
	rdpUpdate *update = rdp->context->update;
	rdpTransportIo io = *freerdp_get_io_callbacks(rdp->context);

	(void)state;
	MISSES(desk, rdp->Logon);
	MISSES(desk, rdp->PostConnect);
	MISSES(desk, rdp->Activate);
	MISSES(desk, rdp->Capabilities);
	MISSES(desk, input->SynchronizeEvent);
	MISSES(desk, input->KeyboardEvent);
	MISSES(desk, input->UnicodeKeyboardEvent);
	MISSES(desk, input->MouseEvent);
	MISSES(desk, input->ExtendedMouseEvent);
	MISSES(desk, update->RefreshRect);
	MISSES(desk, update->SuppressOutput);
	io.TLSAccept = NULL;
	assert_true(freerdp_set_io_callbacks(rdp->context, &io));
	assert_false(desk_callbacks_are_set(desk));
	desk_free(desk);
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
	struct desk *desk = make(&other);
	const rdpSettings *settings = desk->rdp->context->settings;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		assert_false(freerdp_settings_get_bool(settings, off[i]));
	assert_true(freerdp_settings_get_bool(settings, FreeRDP_TlsSecurity));
	desk_free(desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_callback_is_set),
		cmocka_unit_test(a_missing_callback_is_seen),
		cmocka_unit_test(settings_are_the_narrow_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
