/* policy/accounts.c, mac_address.c, text.c */
#include "policy/accounts.h"
#include "policy/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct facility facility = {.prefix = "998-", .domain = "example.jp"};
static const struct facility bare;

static void
expect_id(const struct facility *where, const char *text, const char *expected)
{
	struct field_error error = {0};
	char id[ACCOUNT_ID_SIZE];
	int r = account_id_parse(where, text, id, &error);

	if (expected == NULL) {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(error.field, "id");
		assert_non_null(error.rule);
		assert_non_null(error.example);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(id, expected);
}

static void
ids_are_read_in_typed_and_full_form(void **state)
{
	char full[ACCOUNT_FULL_ID_SIZE];

	(void)state;
	expect_id(&facility, "taro", "taro");
	expect_id(&facility, "998-taro@example.jp", "taro");
	expect_id(&facility, "998-Taro@EXAMPLE.JP", "Taro");
	expect_id(&facility, "998-taro", "taro");
	expect_id(&facility, " taro ", "taro");
	expect_id(&bare, "998-taro", "998-taro");
	account_id_full(&facility, "taro", full);
	assert_string_equal(full, "998-taro@example.jp");
	account_id_full(&bare, "taro", full);
	assert_string_equal(full, "taro");
}

static void
ids_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", " ", "998-", "@example.jp", "taro@other.jp", "ta ro",
		"ta,ro", "+taro", "tarō", "ｔａｒｏ", "998-998-taro", "taro\n1",
		"taro@example.jp@example.jp", "ta/ro", "ta'ro"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_id(&facility, bad[i], NULL);
}

static void
id_of_60_characters_fits_and_61_do_not(void **state)
{
	char text[100], expected[61];

	(void)state;
	memset(expected, 'a', 60);
	expected[60] = '\0';
	snprintf(text, sizeof(text), "998-%s@example.jp", expected);
	expect_id(&facility, text, expected);
	snprintf(text, sizeof(text), "%sb", expected);
	expect_id(&facility, text, NULL);
}

static int
names(const char *family, const char *given, const char **ret_field)
{
	struct account account = {0};
	struct field_error error = {0};
	int r = account_names_parse(family, given, &account, &error);

	*ret_field = error.field;
	return r;
}

static void
repeat(const char *character, int count, char *ret_text)
{
	*ret_text = '\0';
	for (int i = 0; i < count; i++)
		strcat(ret_text, character);
}

static void
names_together_have_64_characters_however_many_bytes(void **state)
{
	char family[400], given[400];
	const char *field;

	(void)state;
	repeat("関", 40, family);
	repeat("𠮷", 24, given);
	assert_int_equal(names(family, given, &field), 0);
	repeat("𠮷", 25, given);
	assert_int_equal(names(family, given, &field), -EINVAL);
	assert_string_equal(field, "given_name");
	repeat("𠮷", 64, family);
	assert_int_equal(names(family, "a", &field), -EINVAL);
	repeat("𠮷", 65, family);
	assert_int_equal(names(family, "a", &field), -EINVAL);
	assert_string_equal(field, "family_name");
}

static void
names_are_required_trimmed_and_printable(void **state)
{
	static const char *const bad[] = {"", "  ", "\u3000", "a\nb", "a\tb", "a\x01", "\xff",
		"\xc0\xaf", "\xed\xa0\x80", "\u202e山田", "山\u200b田", "\xf4\x90\x80\x80",
		"\xe5\xb1"};
	struct account account = {0};
	struct field_error error = {0};
	const char *field;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(names(bad[i], "太郎", &field), -EINVAL);
		assert_int_equal(names("山田", bad[i], &field), -EINVAL);
	}
	assert_int_equal(account_names_parse("\u3000山田 ", " 太郎\u3000", &account, &error), 0);
	assert_string_equal(account.family_name, "山田");
	assert_string_equal(account.given_name, "太郎");
}

static void
email_needs_a_name_a_domain_and_64_characters(void **state)
{
	static const char *const bad[] = {"", "taro", "@example.jp", "taro@", "ta ro@example.jp",
		"a@b@c", "taro@example.jp\nBcc: x@y", "<taro@example.jp>", "a@b,c@d"};
	struct field_error error = {0};
	char email[ACCOUNT_EMAIL_SIZE], text[100];

	(void)state;
	assert_int_equal(account_email_parse(" o'brien@example.jp ", email, &error), 0);
	assert_string_equal(email, "o'brien@example.jp");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(account_email_parse(bad[i], email, &error), -EINVAL);
	repeat("a", 53, text);
	strcat(text, "@example.jp");
	assert_int_equal(account_email_parse(text, email, &error), 0);
	strcat(text, "x");
	assert_int_equal(account_email_parse(text, email, &error), -EINVAL);
}

static const struct civil_date leap_day = {2024, 2, 29};

static void
expect_validity(struct civil_date today, const char *from, const char *until,
	const char *expected_from, const char *expected_until)
{
	struct account account = {0};
	struct field_error error = {0};
	char text[CIVIL_DATE_SIZE];
	int r = account_validity_parse(from, until, today, &account, &error);

	if (expected_from == NULL) {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(error.field, expected_until);
		return;
	}
	assert_int_equal(r, 0);
	civil_date_format(account.valid_from, text);
	assert_string_equal(text, expected_from);
	civil_date_format(account.valid_until, text);
	assert_string_equal(text, expected_until);
}

static void
validity_ends_at_most_the_same_day_two_years_on(void **state)
{
	static const struct civil_date today = {2026, 11, 20};

	(void)state;
	expect_validity(today, NULL, NULL, "2026-11-20", "2028-11-19");
	expect_validity(today, NULL, "2028-11-20", "2026-11-20", "2028-11-20");
	expect_validity(today, NULL, "2028-11-21", NULL, "valid_until");
	expect_validity(leap_day, NULL, "2026-02-28", "2024-02-29", "2026-02-28");
	expect_validity(leap_day, NULL, "2026-03-01", NULL, "valid_until");
	expect_validity(leap_day, NULL, NULL, "2024-02-29", "2026-02-27");
	expect_validity((struct civil_date){2026, 2, 28}, NULL, "2028-02-29", NULL, "valid_until");
}

static void
validity_may_lie_in_the_past_but_not_backwards(void **state)
{
	static const struct civil_date today = {2026, 11, 20};

	(void)state;
	expect_validity(today, "2020-01-01", "2020-01-01", "2020-01-01", "2020-01-01");
	expect_validity(today, "2026-11-02", "2026-11-01", NULL, "valid_until");
	expect_validity(today, "2026-11-31", NULL, NULL, "valid_from");
	expect_validity(today, NULL, "2026/11/30", NULL, "valid_until");
	expect_validity(today, "2029-01-01", NULL, NULL, "valid_until");
}

static void
hours_are_read_in_half_hours(void **state)
{
	static const char *const good[] = {
		"always", "08:30-17:30", "22:00-05:00", "00:00-23:30", "23:30-00:00"};
	static const char *const bad[] = {"", "Always", "08:30-08:30", "08:15-17:30", "08:30-24:00",
		"8:30-17:30", "08:30-17:60", "08:30", "08:30-17:30 ", "08.30-17.30", "25:00-05:00",
		"08:30~17:30"};
	struct account_hours hours;
	struct field_error error = {0};
	char text[ACCOUNT_HOURS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(account_hours_parse(good[i], &hours, &error), 0);
		account_hours_format(&hours, text);
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(account_hours_parse(bad[i], &hours, &error), -EINVAL);
}

static void
three_forms_of_a_mac_address_become_one(void **state)
{
	static const char *const good[] = {
		"AA-BB-CC-DD-EE-0F", "aa:bb:cc:dd:ee:0f", "aabb.ccdd.ee0f"};
	static const char *const bad[] = {"", "aabbccddee0f", "aa:bb:cc:dd:ee",
		"aa:bb:cc:dd:ee:0f:00", "aa-bb:cc-dd:ee-0f", "aab.bccd.dee0f", "gg:bb:cc:dd:ee:0f",
		"aa:bb:cc:dd:ee:0f ", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff",
		"01:00:5e:00:00:01"};
	struct mac_address mac;
	struct field_error error = {0};
	char text[MAC_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(mac_parse(good[i], &mac, &error), 0);
		mac_format(&mac, text);
		assert_string_equal(text, "AA:BB:CC:DD:EE:0F");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mac_parse(bad[i], &mac, &error), -EINVAL);
}

static void
the_20th_mac_is_taken_and_the_21st_refused(void **state)
{
	struct account account = {0};
	struct field_error error = {0};
	char text[MAC_TEXT_SIZE];

	(void)state;
	for (int i = 0; i < ACCOUNT_MACS_MAX; i++) {
		snprintf(text, sizeof(text), "02:00:00:00:00:%02x", i);
		assert_int_equal(account_mac_add(&account, text, &error), 0);
	}
	assert_int_equal(account_mac_add(&account, "02-00-00-00-00-00", &error), 0);
	assert_int_equal(account.mac_count, 20);
	assert_int_equal(account_mac_add(&account, "02:00:00:00:00:14", &error), -EINVAL);
	assert_string_equal(error.field, "macs");
	assert_string_equal(error.value, "02:00:00:00:00:14");
	assert_int_equal(account.mac_count, 20);
}

static void
kinds_and_rights_have_names(void **state)
{
	struct field_error error = {0};

	(void)state;
	for (int i = 0; i < ACCOUNT_KIND_COUNT; i++) {
		enum account_kind kind;

		assert_int_equal(
			account_kind_parse(account_kind_name((enum account_kind)i), &kind, &error),
			0);
		assert_int_equal(kind, i);
	}
	for (int i = 0; i < FILE_SHARING_COUNT; i++) {
		enum file_sharing right;

		assert_int_equal(
			file_sharing_parse(file_sharing_name((enum file_sharing)i), &right, &error),
			0);
		assert_int_equal(right, i);
	}
	assert_int_equal(account_kind_parse("Engineer", &(enum account_kind){0}, &error), -EINVAL);
}

static void
state_shows_what_keeps_an_account_out(void **state)
{
	struct account account = {.valid_from = {2026, 11, 1}, .valid_until = {2026, 11, 30}};

	(void)state;
	assert_string_equal(account_state(&account, (struct civil_date){2026, 10, 31}), "not-yet");
	assert_string_equal(account_state(&account, (struct civil_date){2026, 11, 30}), "active");
	assert_string_equal(account_state(&account, (struct civil_date){2026, 12, 1}), "expired");
	account.locked = true;
	assert_string_equal(account_state(&account, (struct civil_date){2026, 12, 1}), "locked");
}

static void
long_values_are_cut_between_characters(void **state)
{
	struct field_error error = {0};
	char text[1000];

	(void)state;
	repeat("関", 100, text);
	(void)field_error_set(&error, "id", text, "rule", "example");
	assert_int_equal(strlen(error.value), 198);
	assert_int_equal(text_count(error.value, strlen(error.value), TEXT_LINE), 66);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_read_in_typed_and_full_form),
		cmocka_unit_test(ids_that_are_none_are_refused),
		cmocka_unit_test(id_of_60_characters_fits_and_61_do_not),
		cmocka_unit_test(names_together_have_64_characters_however_many_bytes),
		cmocka_unit_test(names_are_required_trimmed_and_printable),
		cmocka_unit_test(email_needs_a_name_a_domain_and_64_characters),
		cmocka_unit_test(validity_ends_at_most_the_same_day_two_years_on),
		cmocka_unit_test(validity_may_lie_in_the_past_but_not_backwards),
		cmocka_unit_test(hours_are_read_in_half_hours),
		cmocka_unit_test(three_forms_of_a_mac_address_become_one),
		cmocka_unit_test(the_20th_mac_is_taken_and_the_21st_refused),
		cmocka_unit_test(kinds_and_rights_have_names),
		cmocka_unit_test(state_shows_what_keeps_an_account_out),
		cmocka_unit_test(long_values_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
