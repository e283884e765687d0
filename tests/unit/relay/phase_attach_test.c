/* gateway/relay/phase_attach.c: what comes before the connection sequence, and how it ends. */
#include "attaching.h"

#include "../rdp/confirms.h"
#include "../rdp/samples.h"
#include "base/cleanup.h"
#include "policy/rights.h"
#include "rdp/mcs.h"
#include "relay/attach.h"
#include "relay/bridge.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static void
give_confirm(enum attach_nla nla, const struct x224_confirm *confirm)
{
	uint8_t room[64];
	struct bytes_writer writer;

	attach_start(0, 0);
	fakes.conn.attachment->step = ATTACH_CONFIRM;
	fakes.conn.attachment->nla = nla;
	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, confirm);
	phase_attach.on_pdu(&fakes.conn, SIDE_HOST, room, writer.len);
}

struct confirm_case {
	enum attach_nla nla;
	struct x224_confirm confirm;
	enum close_reason closed; /* CLOSE_NONE: TLS begins */
};

static void
only_a_host_that_selects_what_it_may_is_secured(void **state)
{
	static const struct confirm_case cases[] = {
		{ATTACH_WITHOUT_NLA, SELECTS(SSL), CLOSE_NONE},
		{ATTACH_WITHOUT_NLA, {.kind = X224_CONFIRM_PLAIN}, CLOSE_HOST_NO_TLS},
		{ATTACH_WITHOUT_NLA, SELECTS(RDP), CLOSE_HOST_NO_TLS},
		{ATTACH_WITHOUT_NLA, SELECTS(HYBRID), CLOSE_HOST_NO_TLS},
		{ATTACH_WITHOUT_NLA, FAILS(HYBRID_REQUIRED), CLOSE_HOST_WANTS_NLA},
		{ATTACH_NLA_IF_OFFERED, SELECTS(SSL), CLOSE_NONE},
		{ATTACH_NLA_IF_OFFERED, SELECTS(HYBRID), CLOSE_NONE},
		{ATTACH_NLA_IF_OFFERED, SELECTS(RDSTLS), CLOSE_HOST_NO_TLS},
		{ATTACH_NLA_REQUIRED, SELECTS(HYBRID_EX), CLOSE_NONE},
		{ATTACH_NLA_REQUIRED, SELECTS(SSL), CLOSE_HOST_WITHOUT_NLA},
		{ATTACH_NLA_REQUIRED, {.kind = X224_CONFIRM_PLAIN}, CLOSE_HOST_NO_TLS},
		{ATTACH_NLA_REQUIRED, FAILS(SSL_NOT_ALLOWED), CLOSE_HOST_NO_TLS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		give_confirm(cases[i].nla, &cases[i].confirm);
		assert_int_equal(fakes.closed, cases[i].closed);
		assert_true(fakes.secured[SIDE_HOST] == (cases[i].closed == CLOSE_NONE));
	}
}

static void
who_is_refused_behind_the_credentials_alone_is_told_so(void **state)
{
	static const struct {
		uint32_t protocol;
		enum attach_step step;
		enum close_reason closed;
	} cases[] = {
		{RDP_PROTOCOL_HYBRID, ATTACH_NLA, CLOSE_HOST_REFUSED},
		{RDP_PROTOCOL_HYBRID, ATTACH_NLA_SAID, CLOSE_HOST_LOGON_CLOSED},
		{RDP_PROTOCOL_HYBRID, ATTACH_CONNECT_RESPONSE, CLOSE_HOST_LOGON_CLOSED},
		{RDP_PROTOCOL_HYBRID, ATTACH_USER_CONFIRM, CLOSE_HOST_REFUSED},
		{RDP_PROTOCOL_HYBRID, ATTACH_FIRST_PDU, CLOSE_HOST_REFUSED},
		{RDP_PROTOCOL_HYBRID_EX, ATTACH_CONNECT_RESPONSE, CLOSE_HOST_REFUSED},
		{RDP_PROTOCOL_SSL, ATTACH_CONNECT_RESPONSE, CLOSE_HOST_REFUSED},
	};
	static uint8_t ultimatum[] = {0x03, 0x00, 0x00, 0x09, 0x02, 0xf0, 0x80, 0x21, 0x80};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		attach_start(0, 0);
		fakes.conn.attachment->confirm.protocol = cases[i / 2].protocol;
		fakes.conn.attachment->step = cases[i / 2].step;
		if (i % 2 == 0)
			phase_attach.on_end(&fakes.conn, SIDE_HOST, 0, false);
		else
			attach_on_pdu(&fakes.conn, ultimatum, sizeof(ultimatum));
		assert_int_equal(fakes.closed, cases[i / 2].closed);
	}
}

static void
ends_of_attach_have_their_own_reasons(void **state)
{
	(void)state;
	attach_start(0, 0);
	phase_attach.on_end(&fakes.conn, SIDE_HOST, 0, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_REFUSED);
	attach_start(0, 0);
	phase_attach.on_end(&fakes.conn, SIDE_CLIENT, 0, false);
	assert_int_equal(fakes.closed, CLOSE_CLIENT_LEFT);
	attach_start(0, 0);
	phase_attach.on_time_limit(&fakes.conn);
	assert_int_equal(fakes.closed, CLOSE_HOST_TOO_SLOW);
	attach_start(0, 0);
	fakes.conn.attachment->step = ATTACH_CONFIRM;
	phase_attach.on_bad_frame(&fakes.conn, SIDE_HOST, false);
	assert_int_equal(fakes.closed, CLOSE_HOST_NOT_RDP);
	attach_start(0, 0);
	phase_attach.on_bad_frame(&fakes.conn, SIDE_HOST, true);
	assert_int_equal(fakes.closed, CLOSE_HOST_BAD_PDU);
}

static void
what_the_host_shall_be_known_by_must_be_usable(void **state)
{
	static const struct {
		uint8_t trust;
		uint32_t pin_len, ca_bundle_len;
		int r;
	} rows[] = {
		{HOST_TRUST_PIN, HOST_PIN_LEN, 0, 0},
		{HOST_TRUST_PIN, HOST_PIN_LEN - 1, 0, -EKEYREJECTED},
		{HOST_TRUST_CA, 0, 1, 0},
		{HOST_TRUST_CA, 0, 0, -EKEYREJECTED},
		{HOST_TRUST_NOBODY, HOST_PIN_LEN, 1, -EKEYREJECTED},
		{HOST_TRUST_MEDIATED, 0, 0, 0},
		{99, HOST_PIN_LEN, 1, -EKEYREJECTED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct msg_attach *attach = calloc(1, sizeof(*attach));
		int fd = open("/dev/null", O_RDONLY);

		assert_non_null(attach);
		fakes_reset(PHASE_DECIDE, &phase_attach);
		attach->trust = rows[i].trust;
		attach->pin_len = rows[i].pin_len;
		attach->ca_bundle_len = rows[i].ca_bundle_len;
		strcpy(attach->host_name, "host.example");
		assert_int_equal(attachment_take(&fakes.conn, attach, &fd), rows[i].r);
		free(attach);
	}
}

/* Who logs on at the jump host is nothing that this worker shall know. */
static void
a_mediated_host_comes_without_nla_and_without_credentials(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct msg_attach *attach = calloc(1, sizeof(*attach));
		int fd = open("/dev/null", O_RDONLY);

		assert_non_null(attach);
		fakes_reset(PHASE_DECIDE, &phase_attach);
		attach->trust = HOST_TRUST_MEDIATED;
		if (i == 1)
			attach->nla = ATTACH_NLA_IF_OFFERED;
		if (i == 2)
			strcpy(attach->user, "yamada");
		if (i == 3)
			attach->password_len = 1;
		assert_int_equal(attachment_take(&fakes.conn, attach, &fd), i == 0 ? 0 : -EPROTO);
		free(attach);
	}
}

static void
a_mediated_host_is_attached_without_tls(void **state)
{
	static const struct {
		struct x224_confirm confirm;
		uint16_t colour_bits;
		enum close_reason closed;
	} cases[] = {
		{SELECTS(SSL), 32, CLOSE_NONE},
		{SELECTS(SSL), 8, CLOSE_FEW_COLOURS},
		{SELECTS(HYBRID), 32, CLOSE_HOST_NO_TLS},
		{SELECTS(RDP), 32, CLOSE_HOST_NO_TLS},
		{FAILS(HYBRID_REQUIRED), 32, CLOSE_HOST_WANTS_NLA},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t room[64];
		struct bytes_writer writer;

		attach_start(0, 0);
		/* It begins here once more. */
		bridge_free(fakes.conn.attachment->bridge);
		fakes.conn.attachment->bridge = NULL;
		fakes.conn.attachment->step = ATTACH_CONFIRM;
		fakes.conn.attachment->trust.kind = HOST_TRUST_MEDIATED;
		fakes.conn.introduction->client.color_depth = cases[i].colour_bits;
		bytes_writer_init(&writer, room, sizeof(room));
		x224_confirm_write(&writer, &cases[i].confirm);
		phase_attach.on_pdu(&fakes.conn, SIDE_HOST, room, writer.len);
		assert_int_equal(fakes.closed, cases[i].closed);
		assert_false(fakes.secured[SIDE_HOST]);
		if (cases[i].closed == CLOSE_NONE)
			assert_int_equal(fakes.conn.attachment->step, ATTACH_CONNECT_RESPONSE);
	}
}

/* The sign-in screen shows why; the supervisor is told the reason, and another host may follow. */
static void
behind_the_screen_a_failure_leads_back_to_it(void **state)
{
	static max_align_t leg;

	(void)state;
	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	attach_failed(&fakes.conn, CLOSE_HOST_TOO_SLOW, "a detail");
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_true(fakes.dropped[SIDE_HOST]);
	assert_false(fakes.dropped[SIDE_GREETER]);
	assert_null(fakes.conn.attachment);
	assert_int_equal(fakes.went_to, PHASE_GREET);
	assert_int_equal(fakes.told, MSG_RETURNED);
	assert_int_equal(fakes.message.returned.connection, 7);
	assert_int_equal(fakes.message.returned.reason, CLOSE_HOST_TOO_SLOW);
	assert_string_equal(fakes.message.returned.detail, "a detail");

	/* A pin that cannot be used is found before the screen is left. */
	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.phase = PHASE_GREET;
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	attach_failed(&fakes.conn, CLOSE_HOST_CERTIFICATE, NULL);
	assert_false(fakes.went);
	assert_int_equal(fakes.message.returned.reason, CLOSE_HOST_CERTIFICATE);
	fakes_done();
}

/* Behind the screen the host's first PDU is for take_over.c: the client hears nothing of it. */
static void
behind_the_screen_the_client_waits_for_the_desktop(void **state)
{
	static max_align_t leg;
	struct gcc_server host;

	(void)state;
	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	host = attach_usual_host();
	GIVE_PDU(attach_give, gcc_connect_response_write, &host);
	GIVE_PDU(attach_give, mcs_attach_user_confirm_write, ATTACH_USER);
	(void)attach_confirm_joins(0);
	GIVE_PDU(attach_give, mcs_disconnect_write, MCS_USER_REQUESTED);
	assert_int_equal(fakes.message.returned.reason, CLOSE_HOST_REFUSED);

	attach_start(session_rights_default(), RDP_CONFIRM_EXTENDED_CLIENT_DATA);
	fakes.conn.legs[SIDE_GREETER] = fakes.conn.legs[SIDE_HOST] = (struct leg *)&leg;
	fakes.conn.attachment->step = ATTACH_FIRST_PDU;
	attach_give(sample_demand, sizeof(sample_demand));
	assert_int_equal(fakes.behind_greeter, sizeof(sample_demand));
	assert_false(fakes.went);
	assert_null(fakes.conn.bridge);
	fakes_done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_host_that_selects_what_it_may_is_secured),
		cmocka_unit_test(who_is_refused_behind_the_credentials_alone_is_told_so),
		cmocka_unit_test(ends_of_attach_have_their_own_reasons),
		cmocka_unit_test(what_the_host_shall_be_known_by_must_be_usable),
		cmocka_unit_test(a_mediated_host_comes_without_nla_and_without_credentials),
		cmocka_unit_test(a_mediated_host_is_attached_without_tls),
		cmocka_unit_test(behind_the_screen_a_failure_leads_back_to_it),
		cmocka_unit_test(behind_the_screen_the_client_waits_for_the_desktop),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fakes_done();
	return r;
}
