/* Lines, fields, numbers and addresses for the parsers of evidence; see evidence_text.h. */
#include "supervisor/evidence_text.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool
slice_take_line(struct slice *text, struct slice *ret_line)
{
	const char *end = text->len == 0 ? NULL : memchr(text->at, '\n', text->len);

	if (end == NULL)
		return false;
	ret_line->at = text->at;
	ret_line->len = (size_t)(end - text->at);
	text->at = end + 1;
	text->len -= ret_line->len + 1;
	if (ret_line->len > 0 && ret_line->at[ret_line->len - 1] == '\r')
		ret_line->len--;
	return true;
}

/* A line is used up when `at` is NULL: so "a," still has its second, empty field. */
bool
slice_take_field(struct slice *line, char separator, struct slice *ret_field)
{
	const char *end;

	if (line->at == NULL)
		return false;
	end = line->len == 0 ? NULL : memchr(line->at, separator, line->len);
	ret_field->at = line->at;
	ret_field->len = end == NULL ? line->len : (size_t)(end - line->at);
	if (end == NULL) {
		line->at = NULL;
		line->len = 0;
	} else {
		line->at = end + 1;
		line->len -= ret_field->len + 1;
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
slice_take_word(struct slice *line, struct slice *ret_word)
{
	while (line->len > 0 && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	ret_word->at = line->at;
	ret_word->len = 0;
	while (line->len > 0 && !is_blank(*line->at)) {
		line->at++;
		line->len--;
		ret_word->len++;
	}
	return ret_word->len > 0;
}

bool
slice_equals(struct slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

bool
slice_starts(struct slice slice, const char *text)
{
	return slice.len >= strlen(text) && memcmp(slice.at, text, strlen(text)) == 0;
}

struct slice
slice_trim(struct slice slice)
{
	while (slice.len > 0 && is_blank(*slice.at)) {
		slice.at++;
		slice.len--;
	}
	while (slice.len > 0 && is_blank(slice.at[slice.len - 1]))
		slice.len--;
	return slice;
}

int
slice_number(struct slice slice, uint64_t most, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (slice.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < slice.len; i++) {
		uint64_t digit = (uint64_t)(slice.at[i] - '0');

		if (slice.at[i] < '0' || slice.at[i] > '9')
			return -EINVAL;
		if (digit > most || number > (most - digit) / 10)
			return -EINVAL;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return 0;
}

bool
mac_is_usable(const uint8_t *mac)
{
	static const uint8_t zero[MAC_SIZE];

	return (mac[0] & 0x01) == 0 && memcmp(mac, zero, MAC_SIZE) != 0;
}

/* How many digits stand between two separators of that kind. */
static const struct {
	char separator;
	size_t group;
} mac_shapes[] = {{':', 2}, {'-', 2}, {'.', 4}};

int
slice_mac(struct slice slice, uint8_t *ret_mac)
{
	char digits[2 * MAC_SIZE + 1];
	uint8_t mac[MAC_SIZE];
	size_t used = 0, group = 0;
	char separator = '\0';

	for (size_t i = 0; i < sizeof(mac_shapes) / sizeof(mac_shapes[0]); i++) {
		if (slice.len > mac_shapes[i].group &&
			slice.at[mac_shapes[i].group] == mac_shapes[i].separator) {
			separator = mac_shapes[i].separator;
			group = mac_shapes[i].group;
		}
	}
	for (size_t i = 0; i < slice.len; i++) {
		if (group > 0 && i % (group + 1) == group) {
			if (slice.at[i] != separator)
				return -EINVAL;
			continue;
		}
		if (used == 2 * MAC_SIZE)
			return -EINVAL;
		digits[used++] = slice.at[i];
	}
	digits[used] = '\0';
	if (used != 2 * MAC_SIZE || (group > 0 && slice.len != used + used / group - 1) ||
		bytes_from_hex(digits, mac, sizeof(mac)) < 0 || !mac_is_usable(mac))
		return -EINVAL;
	memcpy(ret_mac, mac, sizeof(mac));
	return 0;
}

void
address_from_ipv4(const void *ipv4, uint8_t *ret_address)
{
	memcpy(ret_address, ipv4_prefix, sizeof(ipv4_prefix));
	memcpy(ret_address + sizeof(ipv4_prefix), ipv4, 4);
}

bool
address_is_ipv4(const uint8_t *address)
{
	return memcmp(address, ipv4_prefix, sizeof(ipv4_prefix)) == 0;
}

int
slice_address(struct slice slice, uint8_t *ret_address)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[ADDRESS_SIZE];

	if (slice.len == 0 || slice.len >= sizeof(text) ||
		memchr(slice.at, '\0', slice.len) != NULL)
		return -EINVAL;
	memcpy(text, slice.at, slice.len);
	text[slice.len] = '\0';
	if (inet_pton(AF_INET, text, address) == 1) {
		address_from_ipv4(address, ret_address);
		return 0;
	}
	if (inet_pton(AF_INET6, text, address) != 1)
		return -EINVAL;
	memcpy(ret_address, address, sizeof(address));
	return 0;
}

int
address_from_sockaddr(const struct sockaddr *from, uint8_t *ret_address)
{
	if (from->sa_family == AF_INET) {
		address_from_ipv4(
			&((const struct sockaddr_in *)(const void *)from)->sin_addr, ret_address);
		return 0;
	}
	if (from->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(ret_address, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr,
		ADDRESS_SIZE);
	return 0;
}
