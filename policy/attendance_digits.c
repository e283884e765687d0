/* Digits; see attendance_digits.h. They are typed by people who hear them on the telephone. */
#include "policy/attendance_digits.h"

#include "policy/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define NUMBERS UINT32_C(100000000) /* that ATTENDANCE_DIGITS digits can write */

int
attendance_digits_make(char ret_digits[ATTENDANCE_DIGITS + 1])
{
	uint32_t number;

	/* The last, incomplete round of them is drawn anew. */
	do {
		if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			return -EIO;
	} while (number >= UINT32_MAX / NUMBERS * NUMBERS);
	snprintf(ret_digits, ATTENDANCE_DIGITS + 1, "%08" PRIu32, number % NUMBERS);
	return 0;
}

/* Between digits, as people write telephone numbers: blanks and hyphens of every width. Returns its length, or 0. */
static size_t
separator_at(const char *at)
{
	static const char *const separators[] = {" ", "\t", "-", "\u3000", "\u2010", "\u2011",
		"\u2012", "\u2013", "\u2212", "\u30fc", "\uff0d"};

	for (size_t i = 0; i < sizeof(separators) / sizeof(separators[0]); i++)
		if (strncmp(at, separators[i], strlen(separators[i])) == 0)
			return strlen(separators[i]);
	return 0;
}

/* Returns its length, or 0. A digit of full width is EF BC 90 to EF BC 99. */
static size_t
digit_at(const char *at, char *ret_digit)
{
	const uint8_t *bytes = (const uint8_t *)at;

	if (at[0] >= '0' && at[0] <= '9') {
		*ret_digit = at[0];
		return 1;
	}
	if (bytes[0] != 0xef || bytes[1] != 0xbc || bytes[2] < 0x90 || bytes[2] > 0x99)
		return 0;
	*ret_digit = (char)('0' + bytes[2] - 0x90);
	return 3;
}

bool
attendance_digits_read(const char *typed, char ret_digits[ATTENDANCE_DIGITS + 1])
{
	size_t count = 0, len;
	char digit = '\0';

	for (const char *at = typed; *at != '\0'; at += len) {
		len = digit_at(at, &digit);
		if (len > 0 && count < ATTENDANCE_DIGITS)
			ret_digits[count++] = digit;
		else if (len > 0 || (len = separator_at(at)) == 0)
			return false;
	}
	ret_digits[count] = '\0';
	return count == ATTENDANCE_DIGITS;
}

int
attendance_digest(
	struct store_db *db, int64_t terminal, const char *digits, uint8_t ret_digest[DIGEST_BYTES])
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRId64 " %s", terminal, digits);
	return sealing_digest(store_db_sealing(db), "attendance", text, strlen(text), ret_digest);
}
