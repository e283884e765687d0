/* gateway/relay/close_reasons.def, phases.def, and policy/rights.def beside them: the tables against each other and
 * against FreeRDP's own constants. */
#include "relay/close_reasons.h"

#include "policy/rights.h"
#include "relay/phases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <freerdp/channels/ainput.h>
#include <freerdp/channels/audin.h>
#include <freerdp/channels/cliprdr.h>
#include <freerdp/channels/disp.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/echo.h>
#include <freerdp/channels/geometry.h>
#include <freerdp/channels/location.h>
#include <freerdp/channels/rdpdr.h>
#include <freerdp/channels/rdpear.h>
#include <freerdp/channels/rdpecam.h>
#include <freerdp/channels/rdpei.h>
#include <freerdp/channels/rdpemsc.h>
#include <freerdp/channels/rdpgfx.h>
#include <freerdp/channels/rdpsnd.h>
#include <freerdp/channels/telemetry.h>
#include <freerdp/channels/tsmf.h>
#include <freerdp/channels/video.h>
#include <freerdp/error.h>

static void
error_info_codes_are_those_that_clients_know(void **state)
{
	(void)state;
	assert_int_equal(ERROR_INFO_ADMINISTRATOR, ERRINFO_RPC_INITIATED_DISCONNECT);
	assert_int_equal(ERROR_INFO_IDLE_TIMEOUT, ERRINFO_IDLE_TIMEOUT);
	assert_int_equal(ERROR_INFO_LOGON_TIMEOUT, ERRINFO_LOGON_TIMEOUT);
	assert_int_equal(ERROR_INFO_OTHER_CONNECTION, ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION);
	assert_int_equal(ERROR_INFO_SERVER_DENIED, ERRINFO_SERVER_DENIED_CONNECTION);
}

static void
every_reason_says_who_and_logs_its_own_event(void **state)
{
	(void)state;
	for (uint32_t reason = CLOSE_NONE + 1; reason < CLOSE_REASON_COUNT; reason++) {
		const struct close_reason_row *row = close_reason_row(reason);

		assert_non_null(row->name);
		if (strchr("CHPAG", row->who) == NULL)
			fail_msg("%s: nobody is '%c'", row->name, row->who);
		assert_string_equal(event_row(row->event)->name + strlen("EV_CLOSE_"), row->name);
	}
}

static void
whoever_is_refused_by_the_policy_is_told(void **state)
{
	(void)state;
	for (uint32_t reason = CLOSE_NONE + 1; reason < CLOSE_REASON_COUNT; reason++) {
		const struct close_reason_row *row = close_reason_row(reason);

		if (row->who == 'P' || row->who == 'A')
			assert_true(
				row->refused != ERROR_INFO_NOTHING || reason == CLOSE_CHECK_DONE);
	}
}

static void
number_that_is_no_reason_is_our_mistake(void **state)
{
	(void)state;
	assert_ptr_equal(close_reason_row(CLOSE_NONE), close_reason_row(CLOSE_OUR_MISTAKE));
	assert_ptr_equal(close_reason_row(CLOSE_REASON_COUNT), close_reason_row(CLOSE_OUR_MISTAKE));
	assert_ptr_equal(close_reason_row(UINT32_MAX), close_reason_row(CLOSE_OUR_MISTAKE));
}

static void
phases_have_letters_of_their_own_and_all_end(void **state)
{
	(void)state;
	for (uint32_t one = 0; one < PHASE_COUNT; one++) {
		assert_true(phase_may_go_to((enum phase)one, PHASE_CLOSED));
		for (uint32_t other = 0; other < one; other++)
			assert_int_not_equal(phase_row(one)->letter, phase_row(other)->letter);
	}
	assert_false(phase_may_go_to(PHASE_BRIDGE, PHASE_ATTACH));
	assert_false(phase_may_go_to(PHASE_SNIFF, PHASE_DECIDE));
	assert_ptr_equal(phase_row(UINT32_MAX), phase_row(PHASE_CLOSED));
}

static void
rights_open_the_channels_by_the_names_that_clients_give_them(void **state)
{
	static const struct {
		const char *channel;
		uint32_t right;
	} rows[] = {
		{CLIPRDR_SVC_CHANNEL_NAME, SESSION_RIGHTS_CLIPBOARD},
		{RDPDR_SVC_CHANNEL_NAME,
			SESSION_RIGHTS_DRIVES | SESSION_RIGHT_PRINTER | SESSION_RIGHT_SMARTCARD},
		{RDPSND_CHANNEL_NAME, SESSION_RIGHT_SOUND},
		{DRDYNVC_SVC_CHANNEL_NAME, SESSION_DISPLAY},
		{"CLIPRDR", SESSION_RIGHTS_CLIPBOARD},
		{"rail", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(session_rights_of_channel(rows[i].channel), rows[i].right);
}

/* The names are FreeRDP's; those it has no header for are in the specifications alone. */
static void
dynamic_channels_have_the_names_that_hosts_give_them(void **state)
{
	static const struct {
		const char *channel;
		uint32_t rights;
	} rows[] = {
		{RDPGFX_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{DISP_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{GEOMETRY_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{VIDEO_CONTROL_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{VIDEO_DATA_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{RDPEMSC_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{TELEMETRY_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{ECHO_DVC_CHANNEL_NAME, SESSION_DISPLAY},
		{RDPEI_DVC_CHANNEL_NAME, SESSION_TOUCH},
		{AINPUT_DVC_CHANNEL_NAME, SESSION_TOUCH},
		{RDPSND_DVC_CHANNEL_NAME, SESSION_RIGHT_SOUND},
		{RDPSND_LOSSY_DVC_CHANNEL_NAME, SESSION_RIGHT_SOUND},
		{TSMF_DVC_CHANNEL_NAME, SESSION_RIGHT_SOUND},
		{AUDIN_DVC_CHANNEL_NAME, SESSION_RIGHT_MICROPHONE},
		{RDPECAM_CONTROL_DVC_CHANNEL_NAME, SESSION_RIGHT_CAMERA},
		{"RDCamera_Device_0", SESSION_RIGHT_CAMERA},
		{"URBDRC", SESSION_RIGHT_USB},
		{LOCATION_DVC_CHANNEL_NAME, 0},
		{RDPEAR_DVC_CHANNEL_NAME, 0},
		{"urbdrc", SESSION_RIGHT_USB}, /* and no channel of the hospital's own */
		{"", 0},
		{"HOSPITAL", SESSION_RIGHT_CHANNELS},
		{"HOSP", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			session_rights_of_dynamic(rows[i].channel, "A,HOSPITAL"), rows[i].rights);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dynamic_channels_have_the_names_that_hosts_give_them),
		cmocka_unit_test(error_info_codes_are_those_that_clients_know),
		cmocka_unit_test(every_reason_says_who_and_logs_its_own_event),
		cmocka_unit_test(whoever_is_refused_by_the_policy_is_told),
		cmocka_unit_test(number_that_is_no_reason_is_our_mistake),
		cmocka_unit_test(phases_have_letters_of_their_own_and_all_end),
		cmocka_unit_test(rights_open_the_channels_by_the_names_that_clients_give_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
