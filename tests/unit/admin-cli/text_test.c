/* admin-cli/text.c, table.c and said.c: what a person sees on the terminal. */
#include "admin-cli/text.h"

#include "admin-cli/guess.h"
#include "admin-cli/said.h"
#include "admin-cli/table.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
kanji_take_two_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width("sato"), 4);
	assert_int_equal(text_width("踏み台端末"), 10);
	assert_int_equal(text_width("998-踏み台(Local)"), 4 + 6 + 7);
	assert_int_equal(text_width("ｱｲｳ"), 3);
	assert_int_equal(text_width(""), 0);
}

static void
expect_put(const char *text, size_t least, size_t most, const char *expected)
{
	char *put = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&put, &size);

	text_put(out, text, least, most);
	(void)fclose(out);
	assert_string_equal(put, expected);
	free(put);
}

static void
text_is_padded_and_cut_by_columns(void **state)
{
	(void)state;
	expect_put("佐藤", 6, 10, "佐藤  ");
	expect_put("佐藤", 4, 4, "佐藤");
	/* Half a kanji cannot be shown: a blank stands for it. */
	expect_put("佐藤太郎", 6, 6, "佐藤… ");
	expect_put("佐藤太郎", 5, 5, "佐藤…");
	expect_put("abcdef", 4, 4, "abc…");
}

/* A person sees one character where there are several code points, and none is cut in two. */
static void
joined_characters_stay_whole(void **state)
{
	(void)state;
	assert_int_equal(text_width("か\u3099き"), 4);      /* a mark apart from its kana */
	assert_int_equal(text_width("e\u0301"), 1);         /* é in two */
	assert_int_equal(text_width("👨\u200d👩\u200d👧"), 2); /* a family */
	assert_int_equal(text_width("👍🏽x"), 3);       /* with a skin tone */
	assert_int_equal(text_width("🇯🇵🇯🇵"), 4);            /* two flags */
	assert_int_equal(text_width("❤\ufe0f"), 2);         /* a sign as emoji */
	assert_int_equal(text_width("葛\U000e0100城"), 4);  /* a variant of a kanji */
	assert_int_equal(text_width("\u0301"), 0);
	expect_put("か\u3099きくけこ", 5, 5, "か\u3099き…");
	expect_put("👨\u200d👩\u200d👧あい", 5, 5, "👨\u200d👩\u200d👧あ…");
	expect_put("🇯🇵🇯🇵🇯🇵", 5, 5, "🇯🇵🇯🇵…");
	expect_put("ab\u0301c", 2, 2, "a…");
}

static void
some_characters_are_as_wide_as_the_terminal_says(void **state)
{
	(void)state;
	assert_int_equal(text_width("①※○…"), 4);
	(void)setenv("SEKISHO_AMBIGUOUS_WIDTH", "2", 1);
	assert_int_equal(text_width("①※○…"), 8);
	assert_int_equal(text_width("abc 佐藤 é"), 11);
	expect_put("佐藤太郎", 6, 6, "佐藤…");
	expect_put("佐藤太郎", 5, 5, "佐… ");
	(void)unsetenv("SEKISHO_AMBIGUOUS_WIDTH");
}

static void
nothing_from_outside_moves_the_cursor(void **state)
{
	(void)state;
	assert_string_equal(text_shown("a\x1b[2Jb\r\n\x7f"), "a?[2Jb???");
	assert_string_equal(text_shown("\xc2\x9b 5n"), "? 5n");         /* CSI in one character */
	assert_string_equal(text_shown("a\xe2\x80\xae txt"), "a? txt"); /* right-to-left override */
	assert_string_equal(text_shown("\xe2\x81\xa6x\xe2\x81\xa9"), "?x?"); /* isolates */
	assert_string_equal(text_shown("\xff\xfe"), "??");
	assert_string_equal(text_shown("“…” 病院"), "“…” 病院");
	assert_string_equal(text_shown(NULL), "-");
}

static void
long_text_is_cut_between_characters(void **state)
{
	char text[400] = "";
	const char *shown;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "病");
	shown = text_shown(text);
	assert_int_equal(strlen(shown), 198 + 3);
	assert_true(text_is_utf8(shown));
}

static void
amounts_are_short(void **state)
{
	(void)state;
	assert_string_equal(text_bytes(0), "0 B");
	assert_string_equal(text_bytes(999), "999 B");
	assert_string_equal(text_bytes(1000), "1.0 kB");
	assert_string_equal(text_bytes(999949), "999.9 kB");
	assert_string_equal(text_bytes(999999), "1.0 MB");
	assert_string_equal(text_bytes(INT64_MAX), "9223.4 PB");
	assert_string_equal(text_duration(0), "0:00:00");
	assert_string_equal(text_duration(3725), "1:02:05");
	assert_string_equal(text_duration(360000), "100:00:00");
	assert_string_equal(text_duration(-1), "0:00:00");
}

static void
table_lines_up_in_every_script(void **state)
{
	const struct table_column columns[] = {{"接続端末", 10}, {"Account", 0}, {"備考", 0}};
	struct table *table = table_new(columns, 3);
	char *put = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&put, &size);

	(void)state;
	table_cell(table, "踏み台端末02");
	table_cell(table, "taro");
	table_cell(table, "");
	table_print(table, out);
	table_cell(table, "pacs");
	table_cell(table, "a\nb");
	table_cell(table, NULL);
	table_print(table, out);
	(void)fclose(out);
	assert_string_equal(put, "接続端末    Account  備考\n"
				 "踏み台端…   taro     -\n"
				 "pacs        a?b      -\n");
	table_free(table);
	free(put);
}

static void
whole_text_is_written_line_under_line(void **state)
{
	char *put = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&put, &size);
	char text[500];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 490, "\n\x1b[2J", sizeof("\n\x1b[2J"));
	text_write(out, text, 3);
	(void)fclose(out);
	assert_int_equal(strlen(put), 490 + 4 + 4);
	assert_string_equal(put + 490, "\n   ?[2J");
	free(put);
}

static void
name_that_was_meant_is_found_in_a_list(void **state)
{
	json_t *list = json_pack("[{s:s}, {s:s}, {s:s}]", "name", "998-踏み台端末01", "name",
		"998-pacs", "name", "998-lab");

	(void)state;
	assert_string_equal(guess_in(list, "name", "998-pasc"), "998-pacs");
	assert_string_equal(guess_in(list, "name", "踏み台端末01"), "998-踏み台端末01");
	assert_string_equal(guess_in(list, "name", "PACS"), "998-pacs");
	assert_null(guess_in(list, "name", "zebra"));
	assert_null(guess_in(list, "name", ""));
	assert_null(guess_in(NULL, "name", "998-pacs"));
	json_decref(list);
}

static void
sentences_come_out_as_they_are_in_english(void **state)
{
	(void)state;
	assert_string_equal(said_translate("there is no such session"), "there is no such session");
	assert_string_equal(
		said_translate("nobody knows this sentence"), "nobody knows this sentence");
	assert_string_equal(said_translate(""), "");
	assert_string_equal(said_translate("a: b: c"), "a: b: c");
	assert_string_equal(said_translate("a: "), "a: ");
}

static void
refusals_are_made_of_text_and_values(void **state)
{
	json_t *error = json_pack("{s:s, s:{s:s, s:[s, s]}}", "message", "whole", "data", "text",
		"%s has %2$s%%, %n", "values", "998-端末", "12");
	json_t *whole = json_pack("{s:s}", "message", "whole");

	(void)state;
	assert_string_equal(said_error(error), "998-端末 has 12%, %n");
	assert_string_equal(said_error(whole), "whole");
	(void)json_object_set_new(json_object_get(error, "data"), "values", json_string("none"));
	assert_string_equal(said_error(error), " has %, %n");
	(void)json_object_set_new(json_object_get(error, "data"), "text", json_string(""));
	assert_string_equal(said_error(error), "whole");
	json_decref(error);
	json_decref(whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kanji_take_two_columns),
		cmocka_unit_test(text_is_padded_and_cut_by_columns),
		cmocka_unit_test(joined_characters_stay_whole),
		cmocka_unit_test(some_characters_are_as_wide_as_the_terminal_says),
		cmocka_unit_test(nothing_from_outside_moves_the_cursor),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(amounts_are_short),
		cmocka_unit_test(table_lines_up_in_every_script),
		cmocka_unit_test(whole_text_is_written_line_under_line),
		cmocka_unit_test(name_that_was_meant_is_found_in_a_list),
		cmocka_unit_test(refusals_are_made_of_text_and_values),
		cmocka_unit_test(sentences_come_out_as_they_are_in_english),
	};

	(void)setenv("LC_ALL", "C.UTF-8", 1);
	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
