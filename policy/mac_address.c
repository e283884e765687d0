/* MAC addresses of an account (A4); see accounts.h. */
#include "policy/accounts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where separators stand: after every second or every fourth digit. */
static bool
has_form(const char *text, char separator, size_t group)
{
	size_t len = 12 + 12 / group - 1;

	if (strlen(text) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool between = i % (group + 1) == group;

		if (between ? text[i] != separator : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

static uint8_t
digit_value(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void
read_digits(const char *text, struct mac_address *ret_mac)
{
	size_t digits = 0;

	*ret_mac = (struct mac_address){0};
	for (; *text != '\0'; text++) {
		uint8_t *octet = &ret_mac->octets[digits / 2];

		if (!isxdigit((unsigned char)*text))
			continue;
		*octet = (uint8_t)(*octet << 4 | digit_value(*text));
		digits++;
	}
}

int
mac_parse(const char *text, struct mac_address *ret_mac, struct field_error *error)
{
	static const char rule[] = N_("AA-BB-CC-DD-EE-FF, aa:bb:cc:dd:ee:ff or aabb.ccdd.eeff, "
				      "of one device, not of a group");
	static const struct mac_address zero;
	struct mac_address mac;

	if (!has_form(text, '-', 2) && !has_form(text, ':', 2) && !has_form(text, '.', 4))
		return field_error_set(error, "macs", text, rule, "AA:BB:CC:DD:EE:FF");
	read_digits(text, &mac);
	if ((mac.octets[0] & 1) != 0 || mac_equal(&mac, &zero))
		return field_error_set(error, "macs", text, rule, "AA:BB:CC:DD:EE:FF");
	*ret_mac = mac;
	return 0;
}

void
mac_format(const struct mac_address *mac, char *ret_text)
{
	snprintf(ret_text, MAC_TEXT_SIZE, "%02X:%02X:%02X:%02X:%02X:%02X", mac->octets[0],
		mac->octets[1], mac->octets[2], mac->octets[3], mac->octets[4], mac->octets[5]);
}

bool
mac_equal(const struct mac_address *one, const struct mac_address *other)
{
	return memcmp(one->octets, other->octets, sizeof(one->octets)) == 0;
}

int
account_mac_add(struct account *account, const char *text, struct field_error *error)
{
	struct mac_address mac;
	int r;

	r = mac_parse(text, &mac, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < account->mac_count; i++)
		if (mac_equal(&account->macs[i], &mac))
			return 0;
	if (account->mac_count == ACCOUNT_MACS_MAX)
		return field_error_set(
			error, "macs", text, "at most 20 addresses", "AA:BB:CC:DD:EE:FF");
	account->macs[account->mac_count++] = mac;
	return 0;
}

int
account_mac_remove(struct account *account, const char *text, struct field_error *error)
{
	struct mac_address mac;
	size_t kept = 0;
	int r;

	r = mac_parse(text, &mac, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < account->mac_count; i++)
		if (!mac_equal(&account->macs[i], &mac))
			account->macs[kept++] = account->macs[i];
	if (kept == account->mac_count)
		return field_error_set(error, "macs", text, "an address that the account has",
			"AA:BB:CC:DD:EE:FF");
	account->mac_count = kept;
	return 0;
}
