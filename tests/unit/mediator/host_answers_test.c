/* gateway/mediator/host_answers.c: what a jump host answers before its desktop, and what leads away from it. */
#include "../rdp/confirms.h"
#include "base/cleanup.h"
#include "mediator/host_answers.h"
#include "rdp/mcs.h"
#include "rdp/redirection.h"
#include "rdp/share.h"
#include "rdp/ts_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint8_t room[2048];

static enum mediate_outcome
look(struct host_answers *answers, const struct bytes_writer *writer)
{
	assert_false(writer->failed);
	return host_answers_look(answers, room, writer->len);
}

static enum mediate_outcome
give_confirm(struct host_answers *answers, const struct x224_confirm *confirm)
{
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, confirm);
	return look(answers, &writer);
}

/* The reasons are the same as in a transparent session (relay/phase_attach.c). */
static void
a_host_may_select_what_was_asked_of_it(void **state)
{
	static const struct {
		enum attach_nla nla;
		struct x224_confirm confirm;
		enum mediate_outcome outcome;
	} cases[] = {
		{ATTACH_WITHOUT_NLA, SELECTS(SSL), MEDIATE_CONNECTED},
		{ATTACH_WITHOUT_NLA, {.kind = X224_CONFIRM_PLAIN}, MEDIATE_NO_TLS},
		{ATTACH_WITHOUT_NLA, SELECTS(RDP), MEDIATE_NO_TLS},
		{ATTACH_WITHOUT_NLA, SELECTS(HYBRID), MEDIATE_WANTS_NLA},
		{ATTACH_WITHOUT_NLA, FAILS(HYBRID_REQUIRED), MEDIATE_WANTS_NLA},
		{ATTACH_NLA_IF_OFFERED, SELECTS(SSL), MEDIATE_CONNECTED},
		{ATTACH_NLA_IF_OFFERED, SELECTS(HYBRID), MEDIATE_CONNECTED},
		{ATTACH_NLA_IF_OFFERED, SELECTS(RDSTLS), MEDIATE_NO_TLS},
		{ATTACH_NLA_IF_OFFERED, FAILS(HYBRID_REQUIRED), MEDIATE_NO_TLS},
		{ATTACH_NLA_REQUIRED, SELECTS(HYBRID_EX), MEDIATE_CONNECTED},
		{ATTACH_NLA_REQUIRED, SELECTS(SSL), MEDIATE_WITHOUT_NLA},
		{ATTACH_NLA_REQUIRED, {.kind = X224_CONFIRM_PLAIN}, MEDIATE_NO_TLS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_answers answers = {.nla = cases[i].nla};

		assert_int_equal(give_confirm(&answers, &cases[i].confirm), cases[i].outcome);
		assert_int_equal(answers.step, HOST_ANSWERS_TLS);
	}
}

static void
what_is_no_confirm_is_no_rdp(void **state)
{
	static const uint8_t answer[] = "HTTP/1.1 400 Bad Request";
	struct host_answers answers = {.nla = ATTACH_WITHOUT_NLA};

	(void)state;
	assert_int_equal(host_answers_look(&answers, answer, sizeof(answer) - 1), MEDIATE_NOT_RDP);
	assert_int_equal(answers.step, HOST_ANSWERS_CONFIRM);
}

static void
give_error(struct host_answers *answers, uint32_t status)
{
	const struct ts_request request = {
		.version = TS_REQUEST_VERSION, .has_error = true, .error = status};
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	ts_request_write(&writer, &request);
	assert_int_equal(look(answers, &writer), MEDIATE_CONNECTED);
}

static void
the_number_of_a_refused_log_on_is_kept(void **state)
{
	static const struct x224_confirm confirm = SELECTS(HYBRID);
	struct host_answers answers = {.nla = ATTACH_NLA_IF_OFFERED};

	(void)state;
	assert_int_equal(give_confirm(&answers, &confirm), MEDIATE_CONNECTED);
	assert_true(answers.by_nla);
	give_error(&answers, 0xc000006d);
	assert_int_equal(answers.status, 0xc000006d);
	assert_int_equal(mediate_close_reason(MEDIATE_LOGON_REFUSED, answers.status),
		CLOSE_HOST_LOGON_PASSWORD);
}

static void
nla_is_over_with_the_connect_response(void **state)
{
	static const struct x224_confirm confirm = SELECTS(HYBRID);
	static const struct mcs_connect_response response = {.user_data = {NULL, 0}};
	struct host_answers answers = {.nla = ATTACH_NLA_REQUIRED};
	struct bytes_writer writer;

	(void)state;
	assert_int_equal(give_confirm(&answers, &confirm), MEDIATE_CONNECTED);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_connect_response_write(&writer, &response);
	assert_int_equal(look(&answers, &writer), MEDIATE_CONNECTED);
	assert_int_equal(answers.step, HOST_ANSWERS_MCS);
}

static enum mediate_outcome
give_redirection(uint16_t channel, enum host_answers_step step)
{
	struct host_answers answers = {.step = step};
	uint8_t payload[REDIRECTION_MAX];
	struct bytes_writer inner, writer;

	bytes_writer_init(&inner, payload, sizeof(payload));
	redirection_write(&inner, 1002, "elsewhere", 7);
	assert_false(inner.failed);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, 1002, channel, payload, inner.len);
	return look(&answers, &writer);
}

static void
a_redirection_ends_the_session_and_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(give_redirection(MCS_IO_CHANNEL, HOST_ANSWERS_MCS), MEDIATE_REDIRECTED);
	/* The bytes of a file in the clipboard may look like one. */
	assert_int_equal(give_redirection(MCS_FIRST_CHANNEL, HOST_ANSWERS_MCS), MEDIATE_CONNECTED);
}

static void
pictures_and_other_pdus_pass(void **state)
{
	static const uint8_t fast_path[] = {0x00, 0x08, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00};
	struct host_answers answers = {.step = HOST_ANSWERS_MCS};
	uint8_t payload[SHARE_LICENCE_LEN];
	struct bytes_writer inner, writer;

	(void)state;
	assert_int_equal(
		host_answers_look(&answers, fast_path, sizeof(fast_path)), MEDIATE_CONNECTED);
	bytes_writer_init(&inner, payload, sizeof(payload));
	share_licence_valid_write(&inner);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(
		&writer, MCS_SEND_DATA_INDICATION, 1002, MCS_IO_CHANNEL, payload, inner.len);
	assert_int_equal(look(&answers, &writer), MEDIATE_CONNECTED);
}

/* On the I/O channel. */
static enum mediate_outcome
give(struct host_answers *answers, const struct bytes_writer *inner)
{
	struct bytes_writer writer;

	assert_false(inner->failed);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(
		&writer, MCS_SEND_DATA_INDICATION, 1002, MCS_IO_CHANNEL, inner->start, inner->len);
	return look(answers, &writer);
}

static enum mediate_outcome
give_licence(struct host_answers *answers, uint8_t type, uint32_t error, uint32_t transition)
{
	uint8_t payload[SHARE_LICENCE_LEN];
	struct bytes_writer inner;

	bytes_writer_init(&inner, payload, sizeof(payload));
	share_licence_valid_write(&inner);
	payload[4] = type;
	bytes_put_u32le(payload + 8, error);
	bytes_put_u32le(payload + 12, transition);
	return give(answers, &inner);
}

/* MS-RDPBCGR 2.2.1.12.1.3: an error alert that ends licensing; one that says "valid client" (7) is none. */
static void
a_licence_that_is_refused_is_told_with_its_number(void **state)
{
	struct host_answers answers = {.step = HOST_ANSWERS_MCS};

	(void)state;
	assert_int_equal(give_licence(&answers, 0xff, 7, 2), MEDIATE_CONNECTED);
	assert_int_equal(give_licence(&answers, 0xff, 7, 1), MEDIATE_CONNECTED);
	assert_int_equal(give_licence(&answers, 0xff, 2, 3), MEDIATE_CONNECTED);
	assert_int_equal(give_licence(&answers, 0x01, 2, 1), MEDIATE_CONNECTED);
	assert_int_equal(give_licence(&answers, 0xff, 2, 1), MEDIATE_NO_LICENCE);
	assert_int_equal(answers.status, 2);
	assert_int_equal(mediate_close_reason(MEDIATE_NO_LICENCE, 2), CLOSE_HOST_LICENCE);
}

static void
write_data(struct bytes_writer *writer, uint8_t type, uint32_t value)
{
	size_t begin = share_begin(writer, SHARE_DATA, 1002, 0x103ea, type);

	bytes_write_u32le(writer, value);
	share_end(writer, begin);
}

static void
a_licence_that_is_given_is_seen(void **state)
{
	struct host_answers answers = {.step = HOST_ANSWERS_MCS};
	uint8_t payload[64];
	struct bytes_writer inner;

	(void)state;
	assert_int_equal(give_licence(&answers, 0x03, 0, 0), MEDIATE_CONNECTED);
	assert_true(answers.licensed);
	assert_int_equal(give_licence(&answers, 0xff, 7, 2), MEDIATE_CONNECTED);
	assert_false(answers.licensed);
	assert_int_equal(give_licence(&answers, 0x04, 0, 0), MEDIATE_CONNECTED);
	assert_true(answers.licensed);
	/* Once: what comes behind it is no licence. */
	bytes_writer_init(&inner, payload, sizeof(payload));
	write_data(&inner, SHARE_DATA_FONT_MAP, 0);
	assert_int_equal(give(&answers, &inner), MEDIATE_CONNECTED);
	assert_true(answers.active);
	assert_false(answers.licensed);
}

/* Two PDUs in one payload, as old servers send them. */
static void
what_it_says_of_its_desktop_is_kept(void **state)
{
	struct host_answers answers = {.step = HOST_ANSWERS_MCS};
	uint8_t payload[128];
	struct bytes_writer inner;

	(void)state;
	bytes_writer_init(&inner, payload, sizeof(payload));
	write_data(&inner, SHARE_DATA_SYNCHRONIZE, 0);
	write_data(&inner, SHARE_DATA_SET_ERROR_INFO, 0x101);
	assert_int_equal(give(&answers, &inner), MEDIATE_CONNECTED);
	assert_int_equal(answers.error_info, 0x101);
	assert_false(answers.active);
	bytes_writer_init(&inner, payload, sizeof(payload));
	write_data(&inner, SHARE_DATA_CONTROL, 0);
	write_data(&inner, SHARE_DATA_FONT_MAP, 0);
	assert_int_equal(give(&answers, &inner), MEDIATE_CONNECTED);
	assert_true(answers.active);
	/* What it says in the session is libfreerdp's to pass on. */
	bytes_writer_init(&inner, payload, sizeof(payload));
	write_data(&inner, SHARE_DATA_SET_ERROR_INFO, 3);
	assert_int_equal(give(&answers, &inner), MEDIATE_CONNECTED);
	assert_int_equal(answers.error_info, 0x101);
}

static void
outcomes_are_close_reasons(void **state)
{
	(void)state;
	assert_int_equal(mediate_close_reason(MEDIATE_CONNECTED, 0), CLOSE_NONE);
	assert_int_equal(mediate_close_reason(MEDIATE_CERTIFICATE, 0), CLOSE_HOST_CERTIFICATE);
	assert_int_equal(mediate_close_reason(MEDIATE_LOGON_REFUSED, 0), CLOSE_HOST_LOGON);
	assert_int_equal(mediate_close_reason(MEDIATE_OUTCOME_COUNT, 0), CLOSE_MEDIATOR_FAULT);
	for (int i = 0; i < MEDIATE_OUTCOME_COUNT; i++) {
		assert_non_null(mediate_text((enum mediate_outcome)i));
		assert_true((mediate_close_reason((enum mediate_outcome)i, 0) == CLOSE_NONE) ==
			    (i == MEDIATE_CONNECTED || i == MEDIATE_ENDED));
	}
	assert_string_equal(mediate_text(MEDIATE_OUTCOME_COUNT), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_may_select_what_was_asked_of_it),
		cmocka_unit_test(what_is_no_confirm_is_no_rdp),
		cmocka_unit_test(the_number_of_a_refused_log_on_is_kept),
		cmocka_unit_test(nla_is_over_with_the_connect_response),
		cmocka_unit_test(a_redirection_ends_the_session_and_is_not_followed),
		cmocka_unit_test(pictures_and_other_pdus_pass),
		cmocka_unit_test(a_licence_that_is_refused_is_told_with_its_number),
		cmocka_unit_test(a_licence_that_is_given_is_seen),
		cmocka_unit_test(what_it_says_of_its_desktop_is_kept),
		cmocka_unit_test(outcomes_are_close_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
