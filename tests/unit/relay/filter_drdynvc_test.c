/* gateway/relay/filter_drdynvc.c: what hostile ends try on dynamic channels. The everyday ways: tests/scenario/i200_rights.py. */
#include "filtered.h"

#include "base/cleanup.h"
#include "rdp/drdynvc.h"

#include <string.h>

#define OK_STATUS 0
#define GRANTED "ECHO"
#define NOT_GRANTED "AUDIO_INPUT"

/* id_code: cbId, how wide the id is written. */
static void
write_head(struct bytes_writer *writer, enum drdynvc_command command, uint8_t id_code, uint32_t id)
{
	bytes_write_u8(writer, (uint8_t)((unsigned int)command << 4 | id_code));
	if (id_code == 0)
		bytes_write_u8(writer, (uint8_t)id);
	else if (id_code == 1)
		bytes_write_u16le(writer, (uint16_t)id);
	else
		bytes_write_u32le(writer, id);
}

static void
write_create(struct bytes_writer *writer, uint8_t id_code, uint32_t id, const char *name)
{
	write_head(writer, DRDYNVC_CREATE, id_code, id);
	bytes_write(writer, name, strlen(name) + 1);
}

static void
write_created(struct bytes_writer *writer, uint32_t id, uint32_t status)
{
	write_head(writer, DRDYNVC_CREATE, 0, id);
	bytes_write_u32le(writer, status);
}

static void
write_data(struct bytes_writer *writer, enum drdynvc_command command, uint8_t id_code, uint32_t id)
{
	write_head(writer, command, id_code, id);
	bytes_write_u32le(writer, 0x12345678);
}

static void
open_channel(uint32_t id)
{
	SAY(SIDE_HOST, write_create, 0, id, GRANTED);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_created, id, OK_STATUS);
	filtered_expect_passed();
}

static void
expect_open(uint32_t id, bool is_open)
{
	for (int from = 0; from < BRIDGE_SIDES; from++) {
		SAY((enum side)from, write_data, DRDYNVC_DATA, 0, id);
		if (is_open)
			filtered_expect_passed();
		else
			filtered_expect_dropped();
	}
}

static void
expect_refused(void)
{
	const struct filtered_pdu *answer = filtered_expect_answer();

	assert_int_equal(answer->bytes[0] >> 4, DRDYNVC_CREATE);
	assert_int_equal(bytes_get_u32le(answer->bytes + answer->len - 4), DRDYNVC_REFUSED);
}

static void
whatever_carries_data_passes_on_open_channels_alone(void **state)
{
	static const enum drdynvc_command commands[] = {DRDYNVC_DATA, DRDYNVC_DATA_FIRST,
		DRDYNVC_DATA_COMPRESSED, DRDYNVC_DATA_FIRST_COMPRESSED};

	(void)state;
	filtered_begin("drdynvc", 0);
	open_channel(7);
	SAY(SIDE_HOST, write_create, 0, 8, NOT_GRANTED);
	expect_refused();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		for (uint8_t code = 0; code < 3; code++)
			for (int from = 0; from < BRIDGE_SIDES; from++) {
				SAY((enum side)from, write_data, commands[i], code, 7);
				filtered_expect_passed();
				SAY((enum side)from, write_data, commands[i], code, 8);
				filtered_expect_dropped();
			}
}

/* An id of its own in each of its widths. */
static void
an_id_is_its_number_however_wide_it_is_written(void **state)
{
	(void)state;
	filtered_begin("drdynvc", 0);
	SAY(SIDE_HOST, write_create, 2, 7, NOT_GRANTED);
	expect_refused();
	SAY(SIDE_HOST, write_create, 2, 0x107, GRANTED);
	filtered_expect_passed();
	SAY(SIDE_HOST, write_data, DRDYNVC_DATA, 0, 7);
	filtered_expect_dropped();
	SAY(SIDE_HOST, write_data, DRDYNVC_DATA, 1, 0x107);
	filtered_expect_passed();
	/* A width that there is not. */
	SAY(SIDE_HOST, write_data, DRDYNVC_DATA, 3, 7);
	assert_int_equal(filtered.reason, CLOSE_HOST_BAD_CHANNEL);
}

/* The first one goes on under its own name. */
static void
an_open_id_cannot_be_asked_for_under_another_name(void **state)
{
	(void)state;
	filtered_begin("drdynvc", 0);
	open_channel(7);
	SAY(SIDE_HOST, write_create, 0, 7, NOT_GRANTED);
	expect_refused();
	expect_open(7, true);
	/* Nor does a late answer open what was refused. */
	SAY(SIDE_HOST, write_create, 0, 8, NOT_GRANTED);
	SAY(SIDE_CLIENT, write_created, 8, OK_STATUS);
	filtered_expect_dropped();
	expect_open(8, false);
}

static void
write_close(struct bytes_writer *writer, uint32_t id)
{
	write_head(writer, DRDYNVC_CLOSE, 0, id);
}

static void
a_closed_channel_is_closed_for_both(void **state)
{
	(void)state;
	for (int closer = 0; closer < BRIDGE_SIDES; closer++) {
		filtered_begin("drdynvc", 0);
		open_channel(7);
		SAY((enum side)closer, write_close, 7);
		filtered_expect_passed();
		expect_open(7, false);
		SAY(SIDE_HOST, write_create, 0, 7, NOT_GRANTED);
		expect_refused();
		expect_open(7, false);
		(void)filtered_end(NULL);
	}
	filtered_begin("drdynvc", 0);
}

/* The host does not wait for the client's half before it uses the id again. */
static void
an_id_is_used_again_before_its_close_is_answered(void **state)
{
	(void)state;
	filtered_begin("drdynvc", 0);
	open_channel(7);
	SAY(SIDE_HOST, write_close, 7);
	SAY(SIDE_HOST, write_create, 0, 7, GRANTED);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_close, 7);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_created, 7, OK_STATUS);
	filtered_expect_passed();
	expect_open(7, true);
	SAY(SIDE_CLIENT, write_close, 7);
	filtered_expect_passed();
	expect_open(7, false);
}

static void
a_channel_that_the_client_does_not_have_is_not_open(void **state)
{
	(void)state;
	filtered_begin("drdynvc", 0);
	SAY(SIDE_HOST, write_create, 0, 7, GRANTED);
	SAY(SIDE_CLIENT, write_created, 7, DRDYNVC_REFUSED);
	filtered_expect_passed();
	expect_open(7, false);
}

static void
write_soft_sync(struct bytes_writer *writer, enum drdynvc_command command)
{
	bytes_write_u8(writer, (uint8_t)((unsigned int)command << 4));
	bytes_write_zeros(writer, 9);
}

static void
there_is_no_other_transport(void **state)
{
	(void)state;
	filtered_begin("drdynvc", 0);
	SAY(SIDE_HOST, write_soft_sync, DRDYNVC_SOFT_SYNC_REQUEST);
	filtered_expect_dropped();
	SAY(SIDE_CLIENT, write_soft_sync, DRDYNVC_SOFT_SYNC_RESPONSE);
	filtered_expect_dropped();
}

/* Names by their letters, with or without case, so that nobody has a second one for what has a right of its own. */
static void
names_open_what_their_right_opens(void **state)
{
	static const struct {
		const char *name;
		uint32_t rights;
		bool opens;
	} rows[] = {
		{"AUDIO_INPUT", SESSION_RIGHT_MICROPHONE, true},
		{"audio_input", SESSION_RIGHT_MICROPHONE, true},
		{"audio_input", SESSION_RIGHT_CHANNELS, false},
		{"HOSPITAL_SCANNER", SESSION_RIGHT_CHANNELS, true},
		{"HOSPITAL_SCANNER", 0, false},
		{"HOSPITAL_SCANNER2", SESSION_RIGHT_CHANNELS, false},
		{"RDCamera_Device_0", SESSION_RIGHT_CAMERA, true},
		{"rdcamera_device_0", SESSION_RIGHT_MICROPHONE, false},
		{"RDCamera_Device", SESSION_RIGHT_CAMERA, false},
		{"", ~0u, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		filtered_begin("drdynvc", rows[i].rights & ~SESSION_LOOK_ONLY);
		SAY(SIDE_HOST, write_create, 0, 7, rows[i].name);
		if (rows[i].opens)
			filtered_expect_passed();
		else
			expect_refused();
		(void)filtered_end(NULL);
	}
	assert_true(right_channel_is_known("audio_input"));
	assert_true(right_channel_is_known("rdcamera_DEVICE_9"));
	filtered_begin("drdynvc", 0);
}

/* A request in chunks of any size is judged as a whole one is. */
static void
a_request_in_pieces_is_one_request(void **state)
{
	uint8_t create[64];
	struct bytes_writer writer;

	(void)state;
	filtered_begin("drdynvc", 0);
	for (size_t piece = 1; piece < 20; piece++) {
		bytes_writer_init(&writer, create, sizeof(create));
		write_create(&writer, 2, 9, NOT_GRANTED);
		filtered_say_in_pieces(SIDE_HOST, create, writer.len, piece);
		expect_refused();
		bytes_writer_init(&writer, create, sizeof(create));
		write_create(&writer, 2, (uint32_t)(100 + piece), GRANTED);
		filtered_say_in_pieces(SIDE_HOST, create, writer.len, piece);
		filtered_expect_passed();
	}
}

static void
a_name_ends_inside_its_pdu(void **state)
{
	static const uint8_t endless[] = {0x10, 7, 'E', 'C', 'H', 'O'};

	(void)state;
	filtered_begin("drdynvc", 0);
	filtered_say(SIDE_HOST, endless, sizeof(endless));
	assert_int_equal(filtered.reason, CLOSE_HOST_BAD_CHANNEL);
}

/* Four eyes: what could carry input; the display goes on. */
static void
what_could_carry_input_is_left_out_while_nobody_watches(void **state)
{
	static const struct {
		const char *name;
		bool pauses;
	} rows[] = {
		{"Microsoft::Windows::RDS::Input", true},
		{"Microsoft::Windows::RDS::CoreInput", true},
		{"URBDRC", true},
		{"HOSPITAL_SCANNER", true},
		{"Microsoft::Windows::RDS::Graphics", false},
		{"Microsoft::Windows::RDS::DisplayControl", false},
		{"AUDIO_PLAYBACK_DVC", false},
	};

	(void)state;
	filtered_begin("drdynvc", SESSION_RIGHT_USB | SESSION_RIGHT_CHANNELS | SESSION_RIGHT_SOUND);
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SAY(SIDE_HOST, write_create, 0, i, rows[i].name);
		filtered_expect_passed();
		SAY(SIDE_CLIENT, write_created, i, OK_STATUS);
		filtered_expect_passed();
	}
	for (unsigned int open = 0; open < 2; open++) {
		assert_int_equal(bridge_gate(filtered.bridge, open != 0), 0);
		for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
			SAY(SIDE_CLIENT, write_data, DRDYNVC_DATA, 0, i);
			if (rows[i].pauses && open == 0)
				filtered_expect_dropped();
			else
				filtered_expect_passed();
			SAY(SIDE_HOST, write_data, DRDYNVC_DATA, 0, i);
			filtered_expect_passed();
		}
	}
}

int
main(void)
{
#define FILTERED(test) cmocka_unit_test_teardown(test, filtered_end)
	const struct CMUnitTest tests[] = {
		FILTERED(whatever_carries_data_passes_on_open_channels_alone),
		FILTERED(an_id_is_its_number_however_wide_it_is_written),
		FILTERED(an_open_id_cannot_be_asked_for_under_another_name),
		FILTERED(a_closed_channel_is_closed_for_both),
		FILTERED(an_id_is_used_again_before_its_close_is_answered),
		FILTERED(a_channel_that_the_client_does_not_have_is_not_open),
		FILTERED(there_is_no_other_transport),
		FILTERED(names_open_what_their_right_opens),
		FILTERED(a_request_in_pieces_is_one_request),
		FILTERED(what_could_carry_input_is_left_out_while_nobody_watches),
		FILTERED(a_name_ends_inside_its_pdu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
