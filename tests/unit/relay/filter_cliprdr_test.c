/* gateway/relay/filter_cliprdr.c: what hostile ends try on the clipboard, and what is told of its files. The everyday ways:
 * tests/scenario/i200_rights.py. */
#include "filtered.h"

#include "base/cleanup.h"
#include "rdp/cliprdr.h"

#include <stdio.h>
#include <string.h>

#define TEXT_OUT SESSION_RIGHT_CLIPBOARD_OUT
#define FILES_OUT (SESSION_RIGHT_CLIPBOARD_OUT | SESSION_RIGHT_CLIPBOARD_FILES_OUT)

enum {
	CF_TEXT = 1,
	CF_DIB = 8,
	CF_UNICODETEXT = 13,
	CF_HDROP = 15,
	FILES = 0xc0f1,
	OTHER = 0xc0f2,
};

static void
write_head(struct bytes_writer *writer, uint16_t type, uint16_t flags, uint32_t len)
{
	bytes_write_u16le(writer, type);
	bytes_write_u16le(writer, flags);
	bytes_write_u32le(writer, len);
}

static void
write_caps(struct bytes_writer *writer, uint32_t flags)
{
	write_head(writer, CLIPRDR_CAPS, 0, 16);
	bytes_write_u16le(writer, 1);
	bytes_write_u16le(writer, 0);
	bytes_write_u16le(writer, 1);
	bytes_write_u16le(writer, 12);
	bytes_write_u32le(writer, 2);
	bytes_write_u32le(writer, flags);
}

static void
write_wide(struct bytes_writer *writer, const char *text)
{
	for (; *text != '\0'; text++)
		bytes_write_u16le(writer, (uint8_t)*text);
}

/* Formats with their names, NULL at the end. */
struct offered {
	uint32_t id;
	const char *name;
};

static void
write_offer(struct bytes_writer *writer, const struct offered *formats)
{
	uint8_t room[2048];
	struct bytes_writer body;

	bytes_writer_init(&body, room, sizeof(room));
	for (; formats->name != NULL; formats++) {
		bytes_write_u32le(&body, formats->id);
		write_wide(&body, formats->name);
		bytes_write_u16le(&body, 0);
	}
	write_head(writer, CLIPRDR_FORMAT_LIST, 0, (uint32_t)body.len);
	bytes_write(writer, room, body.len);
}

static void
write_ask(struct bytes_writer *writer, uint32_t format)
{
	write_head(writer, CLIPRDR_DATA_REQUEST, 0, 4);
	bytes_write_u32le(writer, format);
}

static void
write_data(struct bytes_writer *writer, const char *data)
{
	write_head(writer, CLIPRDR_DATA_RESPONSE, 1, (uint32_t)strlen(data));
	bytes_write(writer, data, strlen(data));
}

/* Up to six files of one letter each. */
static void
write_files(struct bytes_writer *writer, const char *letters)
{
	uint32_t count = (uint32_t)strlen(letters);

	write_head(writer, CLIPRDR_DATA_RESPONSE, 1, 4 + count * CLIPRDR_FILE_LEN);
	bytes_write_u32le(writer, count);
	for (; *letters != '\0'; letters++) {
		bytes_write_zeros(writer, 68);
		bytes_write_u32le(writer, 100);
		bytes_write_u16le(writer, (uint8_t)*letters);
		bytes_write_zeros(writer, 518);
	}
}

#define NO_LOCK (-1)

static void
write_fetch(struct bytes_writer *writer, uint32_t place, int64_t lock)
{
	write_head(writer, CLIPRDR_CONTENTS_REQUEST, 0, lock == NO_LOCK ? 24 : 28);
	bytes_write_u32le(writer, 7);
	bytes_write_u32le(writer, place);
	bytes_write_u32le(writer, 2);
	bytes_write_zeros(writer, 8);
	bytes_write_u32le(writer, 4096);
	if (lock != NO_LOCK)
		bytes_write_u32le(writer, (uint32_t)lock);
}

static void
write_lock(struct bytes_writer *writer, enum cliprdr_type type, uint32_t lock)
{
	write_head(writer, (uint16_t)type, 0, 4);
	bytes_write_u32le(writer, lock);
}

static const struct offered files_offer[] = {
	{CF_UNICODETEXT, ""}, {FILES, "FileGroupDescriptorW"}, {OTHER, "FileContents"}, {0, NULL}};

static void
begin(uint32_t rights)
{
	filtered_begin("cliprdr", rights);
	SAY(SIDE_HOST, write_caps, CLIPRDR_LONG_NAMES | CLIPRDR_FILE_FLAGS);
	SAY(SIDE_CLIENT, write_caps, CLIPRDR_LONG_NAMES | CLIPRDR_FILE_FLAGS);
}

/* The host offers files, and the client has seen the list. */
static void
list_files(const char *letters)
{
	SAY(SIDE_HOST, write_offer, files_offer);
	SAY(SIDE_CLIENT, write_ask, FILES);
	filtered_expect_passed();
	SAY(SIDE_HOST, write_files, letters);
	filtered_expect_passed();
}

static void
fetch(uint32_t place, int64_t lock)
{
	SAY(SIDE_CLIENT, write_fetch, place, lock);
	filtered_expect_passed();
}

/* What has been told since the last time, joined by commas. */
static void
expect_told(const char *expected)
{
	struct file_news *news = &filtered.bridge->news;
	char told[256] = "";

	for (size_t i = 0; i < news->count; i++)
		(void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s",
			i > 0 ? "," : "", news->files[i].path);
	assert_string_equal(told, expected);
	file_news_clear(news);
}

static void
a_file_is_told_once_for_each_list(void **state)
{
	(void)state;
	begin(FILES_OUT);
	list_files("abc");
	fetch(1, NO_LOCK);
	fetch(1, NO_LOCK);
	fetch(0, NO_LOCK);
	expect_told("b,a");
	list_files("abc");
	fetch(1, NO_LOCK);
	expect_told("b");
}

/* Whoever does not ask for the list of files can ask for their bytes all the same. */
static void
a_file_of_a_list_that_nobody_saw_is_told_by_its_place(void **state)
{
	(void)state;
	begin(FILES_OUT);
	SAY(SIDE_HOST, write_offer, files_offer);
	fetch(0, NO_LOCK);
	fetch(3, NO_LOCK);
	fetch(3, NO_LOCK);
	expect_told("#1,#4");
	/* Behind the end of a list that was seen. */
	list_files("a");
	fetch(0, NO_LOCK);
	fetch(1, NO_LOCK);
	expect_told("a,#2");
	/* Further than is remembered: counted. */
	fetch(UINT32_MAX, NO_LOCK);
	fetch(UINT32_MAX, NO_LOCK);
	fetch(100000, NO_LOCK);
	assert_int_equal(filtered.bridge->news.missed, 2);
}

/* With a new offer the places mean other files, whether the list is asked for or not. */
static void
a_new_offer_has_files_of_its_own(void **state)
{
	(void)state;
	begin(FILES_OUT);
	list_files("ab");
	fetch(0, NO_LOCK);
	expect_told("a");
	SAY(SIDE_HOST, write_offer, files_offer);
	fetch(0, NO_LOCK);
	fetch(1, NO_LOCK);
	expect_told("#1,#2");
}

/* 2.2.4: what was locked can be fetched after the next offer. */
static void
files_that_are_locked_keep_their_names(void **state)
{
	(void)state;
	begin(FILES_OUT);
	SAY(SIDE_HOST, write_offer, files_offer);
	SAY(SIDE_CLIENT, write_lock, CLIPRDR_LOCK, 1);
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_ask, FILES);
	SAY(SIDE_HOST, write_files, "ab");
	fetch(0, 1);
	expect_told("a");
	SAY(SIDE_HOST, write_offer, files_offer);
	SAY(SIDE_CLIENT, write_lock, CLIPRDR_LOCK, 2);
	SAY(SIDE_CLIENT, write_ask, FILES);
	SAY(SIDE_HOST, write_files, "cd");
	fetch(0, 1);
	fetch(1, 1);
	fetch(1, 2);
	expect_told("b,d");
	/* A lock that is not known is of no list that is known. */
	fetch(0, 9);
	expect_told("#1");
	SAY(SIDE_CLIENT, write_lock, CLIPRDR_UNLOCK, 1);
	filtered_expect_passed();
	fetch(1, 1);
	expect_told("#2");
}

static void
locks_pass_by_the_right_to_files(void **state)
{
	(void)state;
	begin(TEXT_OUT | SESSION_RIGHT_CLIPBOARD_FILES_IN);
	SAY(SIDE_CLIENT, write_lock, CLIPRDR_LOCK, 1);
	filtered_expect_dropped();
	SAY(SIDE_HOST, write_lock, CLIPRDR_LOCK, 1);
	filtered_expect_passed();
}

/* Names of formats compare without case in Windows, and short ones are cut off. */
static void
a_list_of_files_is_known_however_its_format_is_written(void **state)
{
	static const struct offered other_case[] = {{FILES, "FILEGROUPDESCRIPTORw"}, {0, NULL}};
	uint8_t short_name[CLIPRDR_HEAD_LEN + 36] = {
		CLIPRDR_FORMAT_LIST, 0, 0, 0, 36, 0, 0, 0, FILES & 0xff, FILES >> 8};

	(void)state;
	for (int form = 0; form < 3; form++) {
		filtered_begin("cliprdr", FILES_OUT);
		if (form == 0) {
			SAY(SIDE_HOST, write_caps, CLIPRDR_LONG_NAMES);
			SAY(SIDE_CLIENT, write_caps, CLIPRDR_LONG_NAMES);
			SAY(SIDE_HOST, write_offer, other_case);
		} else if (form == 1) {
			short_name[2] = 4; /* CB_ASCII_NAMES */
			memcpy(short_name + 12, "FileGroupDescriptorW", 20);
			filtered_say(SIDE_HOST, short_name, sizeof(short_name));
		} else {
			short_name[2] = 0;
			memset(short_name + 12, 0, 32);
			for (size_t i = 0; i < 15; i++)
				short_name[12 + 2 * i] = (uint8_t) "FileGroupDescriptorW"[i];
			filtered_say(SIDE_HOST, short_name, sizeof(short_name));
		}
		SAY(SIDE_CLIENT, write_ask, FILES);
		filtered_expect_passed();
		SAY(SIDE_HOST, write_files, "x");
		fetch(0, NO_LOCK);
		expect_told("x");
		(void)filtered_end(NULL);
	}
	filtered_begin("cliprdr", 0);
}

static void
expect_refused(uint32_t format)
{
	const struct filtered_pdu *answer;

	SAY(SIDE_CLIENT, write_ask, format);
	answer = filtered_expect_answer();
	assert_int_equal(answer->len, CLIPRDR_HEAD_LEN);
	assert_memory_equal(answer->bytes, "\5\0\2\0\0\0\0\0", CLIPRDR_HEAD_LEN);
}

static void
text_alone_is_text_whatever_else_is_offered(void **state)
{
	static const struct offered formats[] = {{CF_UNICODETEXT, "FileGroupDescriptorW"},
		{CF_TEXT, ""}, {CF_HDROP, ""}, {CF_DIB, ""}, {FILES, "FileGroupDescriptorW"},
		{OTHER, "HTML Format"}, {0xc0f3, "Rich Text Format"}, {0, ""}, {0, NULL}};
	const struct filtered_pdu *offer = &filtered.got[SIDE_CLIENT][0];

	(void)state;
	begin(TEXT_OUT);
	SAY(SIDE_HOST, write_offer, formats);
	assert_int_equal(filtered.count[SIDE_CLIENT], 1);
	assert_int_equal(offer->len, CLIPRDR_HEAD_LEN + 12);
	assert_memory_equal(offer->bytes + 8, "\15\0\0\0\0\0\1\0\0\0\0\0", 12);
	for (size_t i = 2; formats[i].name != NULL; i++)
		expect_refused(formats[i].id);
	SAY(SIDE_CLIENT, write_ask, CF_UNICODETEXT);
	filtered_expect_passed();
	/* Not a list of files, whatever it was called. */
	SAY(SIDE_HOST, write_files, "a");
	filtered_expect_passed();
	SAY(SIDE_CLIENT, write_fetch, 0, NO_LOCK);
	assert_int_equal(filtered_expect_answer()->bytes[0], CLIPRDR_CONTENTS_RESPONSE);
	expect_told("");
}

/* One side says that it knows long names, then that it does not: what is offered is what we have read, and nothing else. */
static void
a_lie_about_names_opens_no_format(void **state)
{
	static const struct offered formats[] = {{OTHER, "\15"}, {CF_DIB, ""}, {0, NULL}};

	(void)state;
	for (unsigned int names = 0; names < 4; names++) {
		begin(TEXT_OUT);
		SAY(SIDE_HOST, write_caps, (names & 1) != 0 ? CLIPRDR_LONG_NAMES : 0);
		SAY(SIDE_CLIENT, write_caps, (names & 2) != 0 ? CLIPRDR_LONG_NAMES : 0);
		SAY(SIDE_HOST, write_offer, formats);
		expect_refused(CF_DIB);
		expect_refused(OTHER);
		(void)filtered_end(NULL);
	}
	filtered_begin("cliprdr", 0);
}

static void
an_answer_passes_for_each_question_and_no_more(void **state)
{
	(void)state;
	begin(FILES_OUT);
	SAY(SIDE_HOST, write_data, "unasked");
	filtered_expect_dropped();
	list_files("a");
	SAY(SIDE_HOST, write_data, "again");
	filtered_expect_dropped();
	/* Whoever asks on and on is answered that there is nothing. */
	for (int i = 0; i < 16; i++) {
		SAY(SIDE_CLIENT, write_ask, CF_UNICODETEXT);
		filtered_expect_passed();
	}
	expect_refused(CF_UNICODETEXT);
	/* The client has offered nothing. */
	SAY(SIDE_HOST, write_ask, CF_UNICODETEXT);
	assert_int_equal(filtered_expect_answer()->bytes[0], CLIPRDR_DATA_RESPONSE);
}

int
main(void)
{
#define FILTERED(test) cmocka_unit_test_teardown(test, filtered_end)
	const struct CMUnitTest tests[] = {
		FILTERED(a_file_is_told_once_for_each_list),
		FILTERED(a_file_of_a_list_that_nobody_saw_is_told_by_its_place),
		FILTERED(a_new_offer_has_files_of_its_own),
		FILTERED(files_that_are_locked_keep_their_names),
		FILTERED(locks_pass_by_the_right_to_files),
		FILTERED(a_list_of_files_is_known_however_its_format_is_written),
		FILTERED(text_alone_is_text_whatever_else_is_offered),
		FILTERED(a_lie_about_names_opens_no_format),
		FILTERED(an_answer_passes_for_each_question_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
