/* policy/csv/account_columns.c and account_cells.c: headings, and what cells say, both ways. */
#include "policy/csv/account_columns.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Reads one row with these cells beside the required ones; "key", "text" …, NULL. */
static int
read_row(json_t **ret_fields, struct cell_error *ret_error, ...)
{
	json_t *cells = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "account", "taro",
		"family_name", "山田", "given_name", "太郎", "email", "taro@example.jp",
		"valid_from", "2025/1/1", "valid_until", "2026/12/31");
	const char *key;
	va_list more;
	int r;

	va_start(more, ret_error);
	while ((key = va_arg(more, const char *)) != NULL)
		(void)json_object_set_new(cells, key, json_string(va_arg(more, const char *)));
	va_end(more);
	*ret_fields = NULL;
	r = account_cells_read(cells, ret_fields, ret_error);
	json_decref(cells);
	return r;
}

static void
expect_field(const char *key, const char *cell, const char *field, const char *expected)
{
	struct cell_error error;
	json_t *fields, *value;

	assert_int_equal(read_row(&fields, &error, key, cell, NULL), 0);
	value = json_loads(expected, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	assert_true(json_equal(json_object_get(fields, field), value));
	json_decref(value);
	json_decref(fields);
}

static void
expect_refused(const char *key, const char *cell, const char *rule, const char *example)
{
	struct cell_error error;
	json_t *fields;

	assert_int_equal(read_row(&fields, &error, key, cell, NULL), -EINVAL);
	assert_string_equal(account_column_row(error.column)->key, key);
	assert_non_null(strstr(error.rule, rule));
	if (example != NULL)
		assert_string_equal(error.example, example);
}

static void
reads_dates_of_spreadsheets_and_programs(void **state)
{
	(void)state;
	expect_field("valid_from", "2025/1/1", "valid_from", "\"2025-01-01\"");
	expect_field("valid_from", "2025/01/01", "valid_from", "\"2025-01-01\"");
	expect_field("valid_from", " 2025-01-01\u3000", "valid_from", "\"2025-01-01\"");
	expect_refused("valid_from", "2025年1月1日", "a date", NULL);
	expect_refused("valid_from", "25/1/1", "a date", NULL);
	expect_refused("valid_from", "2025-1-1", "a date", NULL);
	expect_refused("valid_from", "2025/1/1 0:00", "a date", NULL);
	expect_refused("valid_from", "2027/2/29", "a day of the calendar, YYYY/M/D", "2026/4/1");
	expect_refused("valid_from", "2027-13-01", "a day of the calendar, YYYY/M/D", "2026/4/1");
	expect_field("valid_from", "2028/2/29", "valid_from", "\"2028-02-29\"");
	expect_refused("valid_from", "", "required", "2026/4/1");
	expect_refused("email", "\u3000", "required", "taro@example.jp");
}

static void
reads_both_times_or_none(void **state)
{
	static const struct {
		const char *start, *end, *hours;
		enum account_column bad;
	} cases[] = {
		{"8:30", "17:30", "08:30-17:30", ACCOUNT_COLUMN_COUNT},
		{"08:30:00", "17:30:00", "08:30-17:30", ACCOUNT_COLUMN_COUNT},
		{"22:00", "6:00", "22:00-06:00", ACCOUNT_COLUMN_COUNT},
		{"", " ", "always", ACCOUNT_COLUMN_COUNT},
		{"8:30", "", NULL, ACCOUNT_COLUMN_END},
		{"", "17:30", NULL, ACCOUNT_COLUMN_START},
		{"8:15", "17:30", NULL, ACCOUNT_COLUMN_START},
		{"8:30", "24:00", NULL, ACCOUNT_COLUMN_END},
		{"8:30", "8:30", NULL, ACCOUNT_COLUMN_END},
		{"8:30:30", "17:30", NULL, ACCOUNT_COLUMN_START},
		{"8:30x", "17:30", NULL, ACCOUNT_COLUMN_START},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cell_error error = {.column = ACCOUNT_COLUMN_COUNT};
		json_t *fields;
		int r = read_row(
			&fields, &error, "start", cases[i].start, "end", cases[i].end, NULL);

		assert_int_equal(r, cases[i].hours == NULL ? -EINVAL : 0);
		assert_int_equal(error.column, cases[i].bad);
		if (r == 0)
			assert_string_equal(json_string_value(json_object_get(fields, "hours")),
				cases[i].hours);
		json_decref(fields);
	}
}

static void
reads_lists_with_blanks_around_commas(void **state)
{
	(void)state;
	expect_field("macs", "AA:BB:CC:DD:EE:FF , aabb.ccdd.ee00,\n00-11-22-33-44-55", "macs",
		"[\"AA:BB:CC:DD:EE:FF\", \"aabb.ccdd.ee00\", \"00-11-22-33-44-55\"]");
	expect_field("macs", "", "macs", "[]");
	expect_field("terminals", "998-踏み台端末02(Local)", "terminals",
		"[\"998-踏み台端末02(Local)\"]");
	expect_refused("macs", "a,,b", "none of them empty", NULL);
	expect_refused("terminals", "a,", "none of them empty", NULL);
}

static void
says_what_full_width_digits_should_be(void **state)
{
	(void)state;
	expect_refused("valid_until", "２０２６/１２/３１", "half-width", "2026/12/31");
	expect_refused("macs", "ＡＡ:BB:CC:DD:EE:FF", "half-width", "AA:BB:CC:DD:EE:FF");
	expect_refused("email", "taro＠example.jp", "half-width", "taro@example.jp");
	expect_field("family_name", "ＮＥＣ山田", "family_name", "\"ＮＥＣ山田\"");
}

static void
missing_leaves_and_empty_empties(void **state)
{
	struct cell_error error;
	json_t *fields;

	(void)state;
	assert_int_equal(read_row(&fields, &error, NULL), 0);
	assert_int_equal(json_object_size(fields), 6);
	json_decref(fields);
	expect_field("services", "", "services", "[]");
	expect_field("file_sharing", "", "file_sharing", "\"deny\"");
	expect_field("vendor", " ", "vendor", "null");
	expect_field("protected", "", "protected", "null");
	expect_field("locked", "", "locked", "false");
}

static void
reads_words_of_both_languages(void **state)
{
	(void)state;
	expect_field("file_sharing", "常に許可", "file_sharing", "\"always\"");
	expect_field("file_sharing", "after-approval", "file_sharing", "\"after-approval\"");
	expect_refused("file_sharing", "許可", "one of", NULL);
	expect_field("kind", "エンジニア", "kind", "\"engineer\"");
	expect_field("kind", "監査担当者", "kind", "\"auditor\"");
	expect_field("kind", "監査者", "kind", "\"auditor\""); /* as exports were written before */
	expect_refused("kind", "医師", "one of", NULL);
	expect_field("locked", "ロック中", "locked", "true");
	expect_refused("locked", "たぶん", "ロック中", NULL);
}

static void
priorities_stand_beside_terminals(void **state)
{
	struct cell_error error;
	json_t *fields, *expected;

	(void)state;
	assert_int_equal(
		read_row(&fields, &error, "terminals", "a, b,c", "priorities", "0, 9 ,3", NULL), 0);
	expected = json_pack("{s:i, s:i, s:i}", "a", 0, "b", 9, "c", 3);
	assert_true(json_equal(json_object_get(fields, "priorities"), expected));
	json_decref(expected);
	json_decref(fields);
	assert_int_equal(read_row(&fields, &error, "terminals", "a,b", "priorities", "", NULL), 0);
	expected = json_pack("{s:i, s:i}", "a", 0, "b", 0);
	assert_true(json_equal(json_object_get(fields, "priorities"), expected));
	json_decref(expected);
	json_decref(fields);
	for (const char *const *bad =
			(const char *const[]){"1", "1,2,3", "1,10", "1,", "1,x", NULL};
		*bad != NULL; bad++) {
		assert_int_equal(
			read_row(&fields, &error, "terminals", "a,b", "priorities", *bad, NULL),
			-EINVAL);
		assert_int_equal(error.column, ACCOUNT_COLUMN_PRIORITIES);
	}
}

static const char *const plain[] = {"アカウント", "姓", "名", "メールアドレス", "有効開始日",
	"有効終了日", "MACアドレス", "接続端末", "開始時間", "終了時間", "ファイル共有",
	"認証連携先"};

static void
reads_headers_in_both_languages(void **state)
{
	static const char *const english[] = {"Account ID", "family_name", "Given Name", "E-mail",
		"valid from", "VALID-UNTIL", "", ""};
	struct account_header header;
	struct account_header_error error;

	(void)state;
	assert_int_equal(account_header_read(plain, 12, &header, &error), 0);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(header.columns[i], i);
	assert_int_equal(account_header_read(plain, 11, &header, &error), 0);
	assert_int_equal(account_header_read(english, 8, &header, &error), 0);
	assert_int_equal(header.columns[3], ACCOUNT_COLUMN_EMAIL);
	assert_int_equal(header.columns[7], ACCOUNT_COLUMN_NONE);
}

static void
refuses_headers_by_name(void **state)
{
	const char *headings[13];
	struct account_header header;
	struct account_header_error error;

	(void)state;
	memcpy(headings, plain, sizeof(plain));
	headings[12] = "電話番号";
	assert_int_equal(account_header_read(headings, 13, &header, &error), -EINVAL);
	assert_int_equal(error.problem, ACCOUNT_HEADER_UNKNOWN);
	assert_int_equal(error.place, 13);
	headings[12] = "姓;名;メールアドレス";
	assert_int_equal(account_header_read(headings, 13, &header, &error), -EINVAL);
	assert_int_equal(error.problem, ACCOUNT_HEADER_SEMICOLONS);
	headings[12] = "アカウント\t姓";
	assert_int_equal(account_header_read(headings, 13, &header, &error), -EINVAL);
	assert_int_equal(error.problem, ACCOUNT_HEADER_TABS);
	headings[12] = "a;b";
	assert_int_equal(account_header_read(headings, 13, &header, &error), -EINVAL);
	assert_int_equal(error.problem, ACCOUNT_HEADER_UNKNOWN);
	headings[12] = " \t";
	assert_int_equal(account_header_read(headings, 13, &header, &error), 0);
	assert_int_equal(header.columns[12], ACCOUNT_COLUMN_NONE);
	headings[12] = "\u3000ロ ッ\nク";
	assert_int_equal(account_header_read(headings, 13, &header, &error), 0);
	assert_int_equal(header.columns[12], ACCOUNT_COLUMN_LOCKED);
	headings[12] = "mail";
	assert_int_equal(account_header_read(headings, 13, &header, &error), -EINVAL);
	assert_int_equal(error.problem, ACCOUNT_HEADER_TWICE);
	assert_int_equal(error.column, ACCOUNT_COLUMN_EMAIL);
	assert_int_equal(account_header_read(plain, 5, &header, &error), -EINVAL);
	assert_int_equal(error.problem, ACCOUNT_HEADER_MISSING);
	assert_int_equal(error.column, ACCOUNT_COLUMN_VALID_UNTIL);
	assert_int_equal(account_header_read(plain, 9, &header, &error), -EINVAL);
	assert_int_equal(error.column, ACCOUNT_COLUMN_END);
	headings[7] = "優先度";
	assert_int_equal(account_header_read(headings, 8, &header, &error), -EINVAL);
	assert_int_equal(error.column, ACCOUNT_COLUMN_TERMINALS);
}

/* An account object as the gateway gives it. */
static json_t *
sample(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[ss], s:[ss], s:s, s:[], "
			 "s:s, s:s, s:{s:i}, s:s, s:b}",
		"id", "taro", "full_id", "998-taro@example.jp", "family_name", "=山田",
		"given_name", "太郎", "email", "taro@example.jp", "valid_from", "2025-01-01",
		"valid_until", "2026-12-31", "hours", "08:30-17:30", "macs", "AA:BB:CC:DD:EE:FF",
		"00:11:22:33:44:55", "terminals", "a", "b", "file_sharing", "after-approval",
		"services", "kind", "engineer", "vendor", "甲乙", "priorities", "b", 5, "protected",
		"do not", "locked", 1);
}

static void
writes_letter_by_letter(void **state)
{
	static const char expected[] =
		"アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,"
		"開始時間,"
		"終了時間,ファイル共有,認証連携先\r\n"
		"998-taro@example.jp,'=山田,太郎,taro@example.jp,2025/1/1,2026/12/31,"
		"\"AA:BB:CC:DD:EE:FF,00:11:22:33:44:55\",\"a,b\",8:30,17:30,承認後に許可,\r\n";
	struct csv_writer writer;
	char room[2000];
	json_t *account = sample();

	(void)state;
	csv_writer_init(&writer, room, sizeof(room));
	account_header_write(&writer, false);
	account_row_write(&writer, account, false);
	assert_int_equal(writer.len, strlen(expected));
	assert_memory_equal(room, expected, writer.len);
	csv_writer_init(&writer, room, sizeof(room));
	account_header_write(&writer, true);
	account_row_write(&writer, account, true);
	assert_non_null(memmem(room, writer.len, ",種別,ベンダー,優先度,保護,ロック\r\n",
		strlen(",種別,ベンダー,優先度,保護,ロック\r\n")));
	assert_non_null(memmem(room, writer.len, ",エンジニア,甲乙,\"0,5\",do not,ロック中\r\n",
		strlen(",エンジニア,甲乙,\"0,5\",do not,ロック中\r\n")));
	json_decref(account);
}

/* What is written is read as what it was, column by column. */
static void
round_trip_changes_nothing(void **state)
{
	json_t *account = sample(), *cells = json_object(), *fields = NULL;
	struct cell_error error;
	const char *key;
	json_t *value;

	(void)state;
	(void)json_object_set_new(account, "priorities", json_pack("{s:i, s:i}", "a", 0, "b", 5));
	for (int i = 0; i < ACCOUNT_COLUMN_FIRST_PASSWORD; i++) {
		auto_free char *text = account_cell_text((enum account_column)i, account);

		(void)json_object_set_new(
			cells, account_column_row((enum account_column)i)->key, json_string(text));
	}
	assert_int_equal(account_cells_read(cells, &fields, &error), 0);
	(void)json_object_set_new(account, "id", json_string("998-taro@example.jp"));
	json_object_foreach (fields, key, value)
		assert_true(json_equal(value, json_object_get(account, key)));
	assert_int_equal(json_object_size(fields), json_object_size(account) - 1);
	json_decref(fields);
	json_decref(cells);
	json_decref(account);
}

static void
every_column_is_found_by_each_of_its_names(void **state)
{
	(void)state;
	for (int i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
		const struct account_column_row *row = account_column_row((enum account_column)i);

		assert_int_equal(account_column_by_heading(row->japanese), i);
		assert_int_equal(account_column_by_heading(row->key), i);
		assert_int_equal(account_column_by_key(row->key), i);
	}
	assert_int_equal(account_column_by_field("hours"), ACCOUNT_COLUMN_START);
	assert_int_equal(account_column_by_field("nothing"), ACCOUNT_COLUMN_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_dates_of_spreadsheets_and_programs),
		cmocka_unit_test(reads_both_times_or_none),
		cmocka_unit_test(reads_lists_with_blanks_around_commas),
		cmocka_unit_test(says_what_full_width_digits_should_be),
		cmocka_unit_test(missing_leaves_and_empty_empties),
		cmocka_unit_test(reads_words_of_both_languages),
		cmocka_unit_test(priorities_stand_beside_terminals),
		cmocka_unit_test(reads_headers_in_both_languages),
		cmocka_unit_test(refuses_headers_by_name),
		cmocka_unit_test(writes_letter_by_letter),
		cmocka_unit_test(round_trip_changes_nothing),
		cmocka_unit_test(every_column_is_found_by_each_of_its_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
