/* policy/csv/encoding.c: UTF-8 and CP932, which of them a file is, and what CP932 lacks. */
#include "policy/csv/encoding.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct csv_cp932 cp932;
static struct csv_reader reader;
static struct csv_evidence evidence;

static int
open_tables(void **state)
{
	(void)state;
	return csv_cp932_open(&cp932);
}

static int
close_tables(void **state)
{
	(void)state;
	csv_cp932_close(&cp932);
	return 0;
}

/* What a text is judged to be; -1 with place and reason. */
static int
judge(const char *text, bool bom, struct csv_place *ret_place, const char **ret_why)
{
	size_t len = strlen(text), used;
	enum csv_encoding encoding;
	bool first = true;

	memset(&evidence, 0, sizeof(evidence));
	evidence.cp932 = &cp932;
	evidence.bom = bom;
	csv_reader_init(&reader);
	for (size_t at = 0; at < len; at += used) {
		if (csv_reader_feed(&reader, text + at, len - at, &used) == CSV_RECORD) {
			csv_evidence_add(&evidence, &reader, first);
			first = false;
		}
	}
	if (csv_evidence_judge(&evidence, &encoding, ret_place, ret_why) < 0)
		return -1;
	return (int)encoding;
}

/* "アカウント,姓", "山田", "ヤマダ" in half width; bytes of CP932. */
#define ACCOUNT_932 "\x83\x41\x83\x4a\x83\x45\x83\x93\x83\x67"
#define FAMILY_932 "\x90\xa9"
#define YAMADA_932 "\x8e\x52\x93\x63"
#define HALF_932 "\xd4\xcf\xc0\xde"

static void
tells_utf_8_from_cp932(void **state)
{
	struct csv_place place;
	const char *why;

	(void)state;
	assert_int_equal(judge("a,b\nc,d\n", false, &place, &why), CSV_UTF_8);
	assert_int_equal(judge("アカウント,姓\nx,山田\n", false, &place, &why), CSV_UTF_8);
	assert_int_equal(
		judge(ACCOUNT_932 "," FAMILY_932 "\nx," YAMADA_932 "\n", false, &place, &why),
		CSV_CP932);
	/* Half-width katakana that is a letter of UTF-8 as well does not turn the file over. */
	assert_int_equal(judge(ACCOUNT_932 "," FAMILY_932 "\nx,\xc3\xb1\nx," HALF_932 "\n", false,
				 &place, &why),
		CSV_CP932);
	/* English headings: the cells decide. */
	assert_int_equal(judge("account,x\nx," YAMADA_932 "\n", false, &place, &why), CSV_CP932);
}

static void
refuses_a_file_of_both_with_the_place(void **state)
{
	struct csv_place place;
	const char *why;

	(void)state;
	assert_int_equal(
		judge("アカウント,姓\nx,山田\ny," YAMADA_932 "\n", false, &place, &why), -1);
	assert_int_equal(place.line, 3);
	assert_int_equal(place.column, 2);
	assert_non_null(strstr(why, "begins in UTF-8"));
	assert_int_equal(judge(ACCOUNT_932 "," FAMILY_932 "\nx," YAMADA_932 "\ny,山田\n", false,
				 &place, &why),
		-1);
	assert_int_equal(place.line, 3);
	assert_non_null(strstr(why, "but this cell is UTF-8"));
	assert_int_equal(judge("a,b\nx," YAMADA_932 "\n", true, &place, &why), -1);
	assert_int_equal(place.line, 2);
	assert_int_equal(judge("a,b\nx,\xfd\xfe\xff\n", false, &place, &why), -1);
	assert_non_null(strstr(why, "neither"));
}

static void
converts_there_and_back(void **state)
{
	static const char text[] = "髙橋①株式会社～－ｱ";
	char bytes[100], back[300];
	const char *missing = NULL;
	size_t len;

	(void)state;
	assert_int_equal(csv_cp932_encode(&cp932, text, strlen(text), bytes, &len, &missing), 0);
	assert_int_equal(csv_cp932_decode(&cp932, bytes, len, back), 0);
	assert_string_equal(back, text);
	assert_int_equal(csv_cp932_decode(&cp932, YAMADA_932, 4, back), 0);
	assert_string_equal(back, "山田");
	assert_int_equal(csv_cp932_decode(&cp932, "\x8e", 1, back), -EILSEQ);
}

static void
looks_at_nothing_behind_the_text(void **state)
{
	/* As memory may be: what follows looks like the middle of a character. */
	static const char text[] = "山\n\x80\xbf";
	char bytes[16];
	const char *missing = NULL;
	size_t len;

	(void)state;
	assert_int_equal(csv_cp932_encode(&cp932, text, 4, bytes, &len, &missing), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "\x8e\x52\n", 3);
}

static void
names_what_cp932_lacks(void **state)
{
	static const char *const lacking[] = {"𠮷", "é", "〜", "한", "😀", "ゔ"};
	char text[40], bytes[60];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lacking); i++) {
		const char *missing = NULL;
		size_t len;

		snprintf(text, sizeof(text), "山%s田", lacking[i]);
		assert_int_equal(
			csv_cp932_encode(&cp932, text, strlen(text), bytes, &len, &missing),
			-EILSEQ);
		assert_ptr_equal(missing, text + strlen("山"));
	}
}

static void
knows_workbooks_and_utf_16(void **state)
{
	(void)state;
	assert_non_null(strstr(csv_not_csv("PK\x03\x04rest", 8), "workbook"));
	assert_non_null(strstr(csv_not_csv("\xff\xfe"
					   "a\0",
				       4),
		"UTF-16"));
	assert_null(csv_not_csv("a,b\n", 4));
	assert_null(csv_not_csv("", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_utf_8_from_cp932),
		cmocka_unit_test(refuses_a_file_of_both_with_the_place),
		cmocka_unit_test(converts_there_and_back),
		cmocka_unit_test(looks_at_nothing_behind_the_text),
		cmocka_unit_test(names_what_cp932_lacks),
		cmocka_unit_test(knows_workbooks_and_utf_16),
	};

	return cmocka_run_group_tests(tests, open_tables, close_tables);
}
