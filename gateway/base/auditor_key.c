/* An auditor's public key as a line of text; see auditor_key.h. */
#include "base/auditor_key.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define VERSION 1
#define SUM_BYTES 4
#define PACKED_BYTES (1 + AUDITOR_KEY_BYTES + SUM_BYTES)
#define PACKED_CHARACTERS 50

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool
is_name(const char *name, size_t len)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return len > 0 && len < AUDITOR_NAME_SIZE && name[0] != '-' && name[0] != '.' &&
	       strspn(name, allowed) >= len;
}

/* CRC-32 of IEEE 802.3, bit by bit: some 60 bytes, once a start. */
static uint32_t
sum_on(uint32_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++) {
		sum ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320u : 0);
	}
	return sum;
}

static void
put_sum(const char *name, uint8_t packed[PACKED_BYTES])
{
	uint32_t sum = sum_on(0xffffffffu, name, strlen(name));

	sum = ~sum_on(sum, packed, PACKED_BYTES - SUM_BYTES);
	for (int i = 0; i < SUM_BYTES; i++)
		packed[PACKED_BYTES - SUM_BYTES + i] = (uint8_t)(sum >> (24 - 8 * i));
}

/* Exactly the characters of PACKED_BYTES; bits past the last byte are 0, so that a key has one form. */
static bool
unpack(const char *text, uint8_t ret_packed[PACKED_BYTES])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	if (strlen(text) != PACKED_CHARACTERS)
		return false;
	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, *text);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			ret_packed[at++] = (uint8_t)(bits >> have);
		}
	}
	return at == PACKED_BYTES && (bits & ((1u << have) - 1)) == 0;
}

int
auditor_key_read(const char *text, struct auditor_key *ret_key)
{
	const char *equals = strchr(text, '=');
	uint8_t packed[PACKED_BYTES], summed[PACKED_BYTES];
	struct auditor_key key = {0};

	if (equals == NULL || !is_name(text, (size_t)(equals - text)) ||
		!unpack(equals + 1, packed) || packed[0] != VERSION)
		return -EINVAL;
	memcpy(key.name, text, (size_t)(equals - text));
	memcpy(key.key, packed + 1, sizeof(key.key));
	memcpy(summed, packed, sizeof(summed));
	put_sum(key.name, summed);
	if (memcmp(summed, packed, sizeof(packed)) != 0)
		return -EINVAL;
	*ret_key = key;
	return 0;
}

int
auditor_key_write(const struct auditor_key *key, char ret_text[AUDITOR_KEY_TEXT_SIZE])
{
	uint8_t packed[PACKED_BYTES] = {VERSION};
	char *at;
	uint32_t bits = 0;
	unsigned have = 0;

	if (!is_name(key->name, strlen(key->name)))
		return -EINVAL;
	memcpy(packed + 1, key->key, sizeof(key->key));
	put_sum(key->name, packed);
	at = ret_text + sprintf(ret_text, "%s=", key->name);
	for (size_t i = 0; i < sizeof(packed); i++) {
		bits = bits << 8 | packed[i];
		for (have += 8; have >= 6; have -= 6)
			*at++ = digits[bits >> (have - 6) & 63];
	}
	*at++ = digits[bits << (6 - have) & 63];
	*at = '\0';
	return 0;
}
