/* See totp.h. */
#include "pam/totp.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/sentence.h"
#include "base/utf_8.h"

#include <errno.h>
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DIGITS 6
#define WINDOW 1 /* steps before and behind */
#define ISSUER_BYTES_MOST 40
#define ACCOUNT_BYTES_MOST 128
#define FULL_WIDTH_ZERO 0xff10

int
totp_begin(void)
{
	return oath_init() == OATH_OK ? 0 : -ENOSYS;
}

/* The six digits of what was typed. */
static bool
clean_code(const char *typed, char ret_code[DIGITS + 1])
{
	size_t left = strlen(typed), count = 0;

	while (left > 0) {
		uint32_t character;
		size_t step = utf_8_read(typed, left, &character);

		if (step == 0)
			return false;
		typed += step;
		left -= step;
		if (character >= FULL_WIDTH_ZERO && character <= FULL_WIDTH_ZERO + 9)
			character = character - FULL_WIDTH_ZERO + '0';
		if (character == ' ' || character == '-' || character == 0x3000)
			continue;
		if (character < '0' || character > '9' || count == DIGITS)
			return false;
		ret_code[count++] = (char)character;
	}
	ret_code[count] = '\0';
	return count == DIGITS;
}

bool
totp_check(const uint8_t *seed, size_t seed_len, uint64_t last_step, const char *typed,
	uint64_t *ret_step)
{
	char code[DIGITS + 1];
	uint64_t step = 0;
	int r;

	if (seed_len == 0 || !clean_code(typed, code))
		return false;
	r = oath_totp_validate3((const char *)seed, seed_len, (time_t)(clock_now() / 1000000),
		OATH_TOTP_DEFAULT_TIME_STEP_SIZE, OATH_TOTP_DEFAULT_START_TIME, WINDOW, NULL, &step,
		code);
	secret_wipe(code, sizeof(code));
	if (r < 0 || step <= last_step)
		return false;
	*ret_step = step;
	return true;
}

int
totp_seed_make(uint8_t *ret_seed, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = getrandom(ret_seed + have, len - have, 0);

		if (got < 0 && errno != EINTR)
			return -errno;
		have += got < 0 ? 0 : (size_t)got;
	}
	return 0;
}

/* RFC 3986: all but the unreserved characters as %XX. The room is three times as long as the text, and one. */
static void
percent_encode(const char *text, size_t len, char *ret_text)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
			(byte >= 'a' && byte <= 'z') || strchr("-._~", byte) != NULL)
			*ret_text++ = (char)byte;
		else
			ret_text += sprintf(ret_text, "%%%02X", byte);
	}
	*ret_text = '\0';
}

int
totp_otpauth(const uint8_t *seed, size_t seed_len, const char *issuer, const char *account,
	char ret_uri[OTPAUTH_SIZE])
{
	char by[3 * ISSUER_BYTES_MOST + 1], whose[3 * ACCOUNT_BYTES_MOST + 1];
	char *key = NULL;
	int len;

	if (oath_base32_encode((const char *)seed, seed_len, &key, NULL) != OATH_OK)
		return -ENOMEM;
	percent_encode(issuer, sentence_cut(issuer, ISSUER_BYTES_MOST), by);
	percent_encode(account, sentence_cut(account, ACCOUNT_BYTES_MOST), whose);
	len = snprintf(ret_uri, OTPAUTH_SIZE,
		"otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d", by,
		whose, key, by, DIGITS, OATH_TOTP_DEFAULT_TIME_STEP_SIZE);
	secret_free(key);
	return len < OTPAUTH_SIZE ? 0 : -EMSGSIZE;
}
