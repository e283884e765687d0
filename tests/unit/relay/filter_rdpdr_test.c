/* gateway/relay/filter_rdpdr.c: what hostile ends try on redirected devices, and what is told of files. The everyday ways:
 * tests/scenario/i200_rights.py. */
#include "filtered.h"

#include "base/cleanup.h"
#include "rdp/rdpdr.h"

#include <stdio.h>
#include <string.h>

#define DRIVES SESSION_RIGHTS_DRIVES
#define ALL_DEVICES (DRIVES | SESSION_RIGHT_PRINTER | SESSION_RIGHT_SMARTCARD)
#define ACCESS_DENIED 0xc0000022
#define NOT_FOUND 0xc0000034

enum {
	DISK = 3,
	PRINTER = 4,
	CARD = 5,
};

static void
write_kind(struct bytes_writer *writer, uint32_t kind)
{
	bytes_write_u16le(writer, (uint16_t)(kind >> 16));
	bytes_write_u16le(writer, (uint16_t)kind);
}

static void
write_device(struct bytes_writer *writer, enum rdpdr_device_type type, uint32_t id)
{
	bytes_write_u32le(writer, type);
	bytes_write_u32le(writer, id);
	bytes_write(writer, "disk\0\0\0", 8);
	bytes_write_u32le(writer, 0);
}

static void
write_one_device(struct bytes_writer *writer, enum rdpdr_device_type type, uint32_t id)
{
	write_kind(writer, RDPDR_DEVICES_ANNOUNCE);
	bytes_write_u32le(writer, 1);
	write_device(writer, type, id);
}

static void
write_devices(struct bytes_writer *writer)
{
	write_kind(writer, RDPDR_DEVICES_ANNOUNCE);
	bytes_write_u32le(writer, 3);
	write_device(writer, RDPDR_DRIVE, DISK);
	write_device(writer, RDPDR_PRINTER, PRINTER);
	write_device(writer, RDPDR_SMARTCARD, CARD);
}

static void
write_remove(struct bytes_writer *writer, uint32_t id)
{
	write_kind(writer, RDPDR_DEVICES_REMOVE);
	bytes_write_u32le(writer, 1);
	bytes_write_u32le(writer, id);
}

static void
write_request(struct bytes_writer *writer, uint32_t device, enum rdpdr_function function,
	uint32_t completion, uint32_t file)
{
	write_kind(writer, RDPDR_IO_REQUEST);
	bytes_write_u32le(writer, device);
	bytes_write_u32le(writer, file);
	bytes_write_u32le(writer, completion);
	bytes_write_u32le(writer, function);
	bytes_write_u32le(writer, 0);
}

static void
write_open(struct bytes_writer *writer, uint32_t device, uint32_t completion, char letter)
{
	write_request(writer, device, RDPDR_CREATE, completion, 0);
	bytes_write_u32le(writer, 0x80000000);
	bytes_write_zeros(writer, 16);
	bytes_write_u32le(writer, 1);
	bytes_write_u32le(writer, 0);
	bytes_write_u32le(writer, 4);
	bytes_write_u16le(writer, (uint8_t)letter);
	bytes_write_u16le(writer, 0);
}

/* READ or WRITE, and every other request that has 32 bytes of its own. */
static void
write_io(struct bytes_writer *writer, uint32_t device, enum rdpdr_function function,
	uint32_t completion, uint32_t file, uint32_t len)
{
	write_request(writer, device, function, completion, file);
	bytes_write_u32le(writer, len);
	bytes_write_zeros(writer, 28);
	if (function == RDPDR_WRITE)
		bytes_write_zeros(writer, len);
}

static void
write_done(struct bytes_writer *writer, uint32_t device, uint32_t completion, uint32_t status,
	uint32_t value)
{
	write_kind(writer, RDPDR_IO_COMPLETION);
	bytes_write_u32le(writer, device);
	bytes_write_u32le(writer, completion);
	bytes_write_u32le(writer, status);
	bytes_write_u32le(writer, value);
	bytes_write_u8(writer, 0);
}

static void
begin(uint32_t rights)
{
	filtered_begin("rdpdr", rights);
	SAY(SIDE_CLIENT, write_devices);
	assert_int_equal(filtered.reason, CLOSE_NONE);
}

static void
open_file(uint32_t completion, char letter, uint32_t file)
{
	SAY(SIDE_HOST, write_open, DISK, completion, letter);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_done, DISK, completion, 0, file);
	filtered_expect_passed();
}

static void
read_file(uint32_t completion, uint32_t file, uint32_t len)
{
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, completion, file, len);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_done, DISK, completion, 0, len);
	filtered_expect_passed();
}

static void
close_file(uint32_t completion, uint32_t file)
{
	SAY(SIDE_HOST, write_io, DISK, RDPDR_CLOSE, completion, file, 0);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_done, DISK, completion, 0, 0);
	filtered_expect_passed();
}

static void
expect_denied(uint32_t device, uint32_t completion)
{
	const struct filtered_pdu *answer = filtered_expect_answer();
	struct rdpdr_completion done;

	assert_int_equal(rdpdr_kind_of(answer->bytes, answer->len), RDPDR_IO_COMPLETION);
	assert_int_equal(rdpdr_completion_parse(answer->bytes, answer->len, &done, NULL), PARSE_OK);
	assert_int_equal(done.device, device);
	assert_int_equal(done.completion, completion);
	assert_int_equal(done.status, ACCESS_DENIED);
}

/* "letter direction bytes", joined by commas. */
static void
expect_told(const char *expected)
{
	struct file_news *news = &filtered.bridge->news;
	char told[256] = "";

	for (size_t i = 0; i < news->count; i++)
		(void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s %s %u",
			i > 0 ? "," : "", news->files[i].path,
			news->files[i].move == FILE_MOVE_IN ? "in" : "out",
			(unsigned int)news->files[i].bytes);
	assert_string_equal(told, expected);
	file_news_clear(news);
}

static void
what_was_read_is_told_when_the_file_is_closed(void **state)
{
	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	read_file(2, 9, 300);
	read_file(3, 9, 50);
	expect_told("");
	close_file(4, 9);
	expect_told("disk:a in 350");
}

/* Answers that were awaited when it was closed count as well; and nothing more is asked of it. */
static void
a_file_is_over_with_the_last_answer(void **state)
{
	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 2, 9, 300);
	close_file(3, 9);
	expect_told("");
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 4, 9, 300);
	expect_denied(DISK, 4);
	SAY(SIDE_CLIENT, write_done, DISK, 2, 0, 300);
	filtered_expect_passed();
	expect_told("disk:a in 300");
}

/* What the host has sent is out of the terminal, whatever the client makes of it. */
static void
what_was_written_counts_as_it_is_sent(void **state)
{
	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_WRITE, 2, 9, 700);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_done, DISK, 2, 0, 0);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_WRITE, 3, 9, 70);
	SAY(SIDE_CLIENT, write_done, DISK, 3, NOT_FOUND, 0);
	/* Never answered, never closed. */
	SAY(SIDE_HOST, write_io, DISK, RDPDR_WRITE, 4, 9, 7);
	bridge_filters_finish(filtered.bridge);
	expect_told("disk:a out 777");
}

/* NT_SUCCESS: what is not negative. */
static void
a_file_is_open_whichever_success_it_was(void **state)
{
	(void)state;
	begin(DRIVES);
	SAY(SIDE_HOST, write_open, DISK, 1, 'a');
	SAY(SIDE_CLIENT, write_done, DISK, 1, 0x40000000, 9);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 2, 9, 10);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_done, DISK, 2, 0x00000103, 10);
	close_file(3, 9);
	expect_told("disk:a in 10");
}

/* So that nothing moves that nobody could name. */
static void
a_file_that_was_not_opened_is_not_read_nor_written(void **state)
{
	static const enum rdpdr_function functions[] = {RDPDR_READ, RDPDR_WRITE};

	(void)state;
	begin(DRIVES);
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		SAY(SIDE_HOST, write_io, DISK, functions[i], 1, 9, 10);
		expect_denied(DISK, 1);
	}
	/* Not yet, and not when it failed. */
	SAY(SIDE_HOST, write_open, DISK, 1, 'a');
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 2, 9, 10);
	expect_denied(DISK, 2);
	SAY(SIDE_CLIENT, write_done, DISK, 1, NOT_FOUND, 9);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 2, 9, 10);
	expect_denied(DISK, 2);
	/* Nor behind its end. */
	open_file(1, 'a', 9);
	close_file(2, 9);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 3, 9, 10);
	expect_denied(DISK, 3);
}

/* Whoever asks for much at once is refused, rather than that anything is forgotten. */
static void
no_request_is_forgotten(void **state)
{
	uint32_t asked = 100;

	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	SAY(SIDE_HOST, write_open, DISK, 2, 'b');
	for (; asked < 10000; asked++) {
		SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, asked, 9, 10);
		if (filtered.count[SIDE_HOST] == 1)
			break;
		filtered_expect_passed();
	}
	assert_in_range(asked, 300, 9999);
	expect_denied(DISK, asked);
	SAY(SIDE_CLIENT, write_done, DISK, 2, 0, 10);
	filtered_expect_passed();
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 3, 10, 5);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_done, DISK, 3, 0, 5);
	SAY(SIDE_CLIENT, write_done, DISK, 100, 0, 10);
	close_file(4, 10);
	close_file(5, 9);
	expect_told("disk:b in 5");
	/* Most of what was asked of it comes later. */
	SAY(SIDE_CLIENT, write_done, DISK, 101, 0, 7);
	bridge_filters_finish(filtered.bridge);
	expect_told("disk:a in 17");
}

static void
no_open_file_is_forgotten(void **state)
{
	uint32_t opened = 0;

	(void)state;
	begin(DRIVES);
	for (; opened < 10000; opened++) {
		SAY(SIDE_HOST, write_open, DISK, 1, 'a');
		if (filtered.count[SIDE_HOST] == 1)
			break;
		SAY(SIDE_CLIENT, write_done, DISK, 1, 0, opened);
	}
	assert_in_range(opened, 300, 9999);
	expect_denied(DISK, 1);
	close_file(2, 0);
	open_file(1, 'z', 0);
}

/* Explorer watches each folder that it shows, and many clients never say that it has not changed. */
static void
a_folder_that_was_watched_leaves_nothing_behind(void **state)
{
	(void)state;
	begin(DRIVES);
	for (uint32_t i = 0; i < 2000; i++) {
		open_file(1, 'd', i);
		SAY(SIDE_HOST, write_io, DISK, RDPDR_DIRECTORY, 10 + i, i, 0);
		filtered_expect_passed();
		close_file(2, i);
	}
	SAY(SIDE_CLIENT, write_done, DISK, 10, 0, 0);
	filtered_expect_dropped();
}

/* An answer is for one question. */
static void
a_number_that_is_waited_for_is_not_used_twice(void **state)
{
	(void)state;
	begin(DRIVES);
	SAY(SIDE_HOST, write_io, DISK, RDPDR_QUERY_INFORMATION, 1, 9, 0);
	filtered_expect_passed();
	SAY(SIDE_HOST, write_open, DISK, 1, 'a');
	expect_denied(DISK, 1);
	/* 9 bytes of information, and no file. */
	SAY(SIDE_CLIENT, write_done, DISK, 1, 0, 9);
	filtered_expect_passed();
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 2, 9, 10);
	expect_denied(DISK, 2);
}

static void
an_answer_that_nobody_waits_for_is_left_out(void **state)
{
	(void)state;
	begin(ALL_DEVICES);
	SAY(SIDE_CLIENT, write_done, DISK, 1, 0, 9);
	filtered_expect_dropped();
	SAY(SIDE_CLIENT, write_done, 77, 1, 0, 9);
	filtered_expect_dropped();
	SAY(SIDE_CLIENT, write_done, PRINTER, 1, 0, 9);
	filtered_expect_passed();
}

/* The client gives one number to two files: the first is over with that. */
static void
a_file_whose_number_is_given_away_is_told(void **state)
{
	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	read_file(2, 9, 10);
	open_file(3, 'b', 9);
	expect_told("disk:a in 10");
	read_file(4, 9, 20);
	close_file(5, 9);
	expect_told("disk:b in 20");
	SAY(SIDE_HOST, write_io, DISK, RDPDR_READ, 6, 9, 10);
	expect_denied(DISK, 6);
}

static void
a_device_that_is_taken_away_is_away(void **state)
{
	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	read_file(2, 9, 10);
	SAY(SIDE_CLIENT, write_remove, DISK);
	filtered_expect_passed();
	expect_told("disk:a in 10");
	SAY(SIDE_HOST, write_open, DISK, 1, 'a');
	expect_denied(DISK, 1);
	/* Somebody plugs a stick in and out the whole day. */
	for (uint32_t id = 10; id < 200; id++) {
		SAY(SIDE_CLIENT, write_one_device, RDPDR_DRIVE, id);
		assert_int_equal(filtered.count[SIDE_HOST], 1);
		SAY(SIDE_CLIENT, write_remove, id);
		filtered_expect_passed();
	}
}

static void
a_number_of_a_device_is_given_to_another(void **state)
{
	(void)state;
	begin(DRIVES);
	open_file(1, 'a', 9);
	read_file(2, 9, 10);
	SAY(SIDE_CLIENT, write_one_device, RDPDR_SERIAL, DISK);
	filtered_expect_dropped();
	expect_told("disk:a in 10");
	SAY(SIDE_HOST, write_open, DISK, 1, 'a');
	expect_denied(DISK, 1);
}

/* Each kind of device is asked what it can do. */
static void
devices_are_asked_by_their_kind(void **state)
{
	static const struct {
		uint32_t device;
		uint32_t function;
		bool passes;
	} rows[] = {
		{PRINTER, RDPDR_CREATE, true},
		{PRINTER, RDPDR_WRITE, true},
		{PRINTER, RDPDR_CLOSE, true},
		{PRINTER, RDPDR_READ, false},
		{PRINTER, RDPDR_DIRECTORY, false},
		{PRINTER, RDPDR_SET_INFORMATION, false},
		{CARD, RDPDR_CONTROL, true},
		{CARD, RDPDR_CREATE, false},
		{CARD, RDPDR_READ, false},
		{CARD, RDPDR_WRITE, false},
		{CARD, 77, false},
		{DISK, 77, false},
		{6, RDPDR_CREATE, false},
	};

	(void)state;
	begin(ALL_DEVICES);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SAY(SIDE_HOST, write_io, rows[i].device, rows[i].function, 1, 9, 10);
		if (rows[i].passes)
			filtered_expect_passed();
		else
			expect_denied(rows[i].device, 1);
	}
}

/* MS-RDPEPC 2.2.2.3 to 2.2.2.7: component RDPDR_CTYP_PRN, 0x5052. */
static void
what_a_host_says_of_printers_passes_with_them(void **state)
{
	static const uint8_t cache[] = {0x52, 0x50, 0x43, 0x50, 1, 0, 0, 0};
	static const uint8_t xps[] = {0x52, 0x50, 0x43, 0x55, PRINTER, 0, 0, 0, 0, 0, 0, 0};

	(void)state;
	for (int granted = 0; granted < 2; granted++) {
		filtered_begin("rdpdr", granted ? SESSION_RIGHT_PRINTER : DRIVES);
		filtered_say(SIDE_HOST, cache, sizeof(cache));
		if (granted)
			filtered_expect_passed();
		else
			filtered_expect_dropped();
		filtered_say(SIDE_HOST, xps, sizeof(xps));
		if (granted)
			filtered_expect_passed();
		else
			filtered_expect_dropped();
		(void)filtered_end(NULL);
	}
	filtered_begin("rdpdr", 0);
}

static void
a_list_of_mixed_devices_is_told_in_part(void **state)
{
	const struct filtered_pdu *told = &filtered.got[SIDE_HOST][0];

	(void)state;
	filtered_begin("rdpdr", SESSION_RIGHT_PRINTER);
	SAY(SIDE_CLIENT, write_devices);
	assert_int_equal(filtered.count[SIDE_HOST], 1);
	assert_int_equal(told->len, RDPDR_HEAD_LEN + 4 + 20);
	assert_int_equal(bytes_get_u32le(told->bytes + 4), 1);
	assert_int_equal(bytes_get_u32le(told->bytes + 12), PRINTER);
	/* Later ones as well. */
	SAY(SIDE_CLIENT, write_one_device, RDPDR_DRIVE, 30);
	filtered_expect_dropped();
	SAY(SIDE_HOST, write_open, 30, 1, 'a');
	expect_denied(30, 1);
}

int
main(void)
{
#define FILTERED(test) cmocka_unit_test_teardown(test, filtered_end)
	const struct CMUnitTest tests[] = {
		FILTERED(what_was_read_is_told_when_the_file_is_closed),
		FILTERED(a_file_is_over_with_the_last_answer),
		FILTERED(what_was_written_counts_as_it_is_sent),
		FILTERED(a_file_is_open_whichever_success_it_was),
		FILTERED(a_file_that_was_not_opened_is_not_read_nor_written),
		FILTERED(no_request_is_forgotten),
		FILTERED(no_open_file_is_forgotten),
		FILTERED(a_folder_that_was_watched_leaves_nothing_behind),
		FILTERED(a_number_that_is_waited_for_is_not_used_twice),
		FILTERED(an_answer_that_nobody_waits_for_is_left_out),
		FILTERED(a_file_whose_number_is_given_away_is_told),
		FILTERED(a_device_that_is_taken_away_is_away),
		FILTERED(a_number_of_a_device_is_given_to_another),
		FILTERED(devices_are_asked_by_their_kind),
		FILTERED(what_a_host_says_of_printers_passes_with_them),
		FILTERED(a_list_of_mixed_devices_is_told_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
