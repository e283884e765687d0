/* What the fields of a terminal may hold; see terminals.h. */
#include "policy/terminals.h"

#include "base/bytes.h"
#include "policy/accounts.h"
#include "policy/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const trust_names[TERMINAL_TRUST_COUNT] = {
	[TERMINAL_TRUST_NONE] = "none",
	[TERMINAL_TRUST_PIN] = "pin",
	[TERMINAL_TRUST_CA] = "ca",
};

void
terminal_done(struct terminal *terminal)
{
	free(terminal->ca_bundle);
	terminal->ca_bundle = NULL;
}

const char *
terminal_trust_name(enum terminal_trust trust)
{
	return trust_names[trust];
}

int
terminal_name_parse(const char *text, char *ret_name, struct field_error *error)
{
	static const char rule[] = N_("1 to 64 printable characters, no comma, no quotes");
	size_t len;
	const char *name = text_trim(text, &len);
	int count = text_count(name, len, TEXT_LINE);

	if (count <= 0 || count > TERMINAL_NAME_MAX)
		return field_error_set(error, "name", text, rule, "998-踏み台端末02(Local)");
	for (size_t i = 0; i < len; i++)
		if (strchr(",\"'", name[i]) != NULL)
			return field_error_set(
				error, "name", text, rule, "998-踏み台端末02(Local)");
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return 0;
}

bool
terminal_name_has_prefix(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits > 0 && name[digits] == '-';
}

bool
terminal_name_is(const char *prefix, const char *typed, const char *name)
{
	size_t len = strlen(prefix);

	return strcasecmp(typed, name) == 0 ||
	       (!terminal_name_has_prefix(typed) && strncasecmp(prefix, name, len) == 0 &&
		       strcasecmp(typed, name + len) == 0);
}

int
terminal_name_add_prefix(const char *prefix, char *name, struct field_error *error)
{
	char whole[FACILITY_PREFIX_SIZE + TERMINAL_NAME_SIZE];

	if (terminal_name_has_prefix(name))
		return 0;
	snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	return terminal_name_parse(whole, name, error);
}

/* inet_aton(3)'s numbers: what ends in one, a resolver reads as an IPv4 address in a form that nobody expects
 * (0x7f.1 is 127.0.0.1). In the usual form it is none, and so a mistyped one. */
static bool
ends_in_number(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *label = dot == NULL ? text : dot + 1;
	bool is_hex = label[0] == '0' && (label[1] == 'x' || label[1] == 'X');

	return is_hex ? label[2 + strspn(label + 2, "0123456789abcdefABCDEF")] == '\0'
		      : label[strspn(label, "0123456789")] == '\0';
}

/* RFC 1123 2.1: labels of 1 to 63 letters, digits and '-', which stands neither first nor last. The
 * underscore is not of the standard, but of many hospitals' Windows names. */
static bool
is_host_name(const char *text, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '.') {
			if (label == 0 || text[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!(c < 0x80 && isalnum(c)) && c != '_' && !(c == '-' && label > 0))
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && text[len - 1] != '-' && !ends_in_number(text);
}

int
terminal_address_parse(const char *text, char *ret_address, struct field_error *error)
{
	static const char rule[] =
		N_("a host name, an IPv4 or an IPv6 address; the port goes apart");
	struct in6_addr address;
	size_t len;
	const char *trimmed = text_trim(text, &len);
	char copy[TERMINAL_ADDRESS_SIZE];

	if (len >= sizeof(copy))
		return field_error_set(error, "address", text, rule, "192.168.10.21");
	memcpy(copy, trimmed, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &address) != 1 && inet_pton(AF_INET6, copy, &address) != 1 &&
		!is_host_name(copy, len))
		return field_error_set(error, "address", text, rule, "192.168.10.21");
	memcpy(ret_address, copy, len + 1);
	return 0;
}

void
terminal_host(const struct terminal *terminal, char *ret_host)
{
	char address[TERMINAL_ADDRESS_SIZE];
	struct in6_addr numeric;
	bool is_six = inet_pton(AF_INET6, terminal->address, &numeric) == 1;
	size_t i;

	if (is_six) {
		(void)inet_ntop(AF_INET6, &numeric, address, sizeof(address));
	} else {
		/* Names are ASCII (is_host_name), and in IPv4 nothing changes. */
		for (i = 0; terminal->address[i] != '\0'; i++)
			address[i] = (char)tolower((unsigned char)terminal->address[i]);
		address[i] = '\0';
	}
	snprintf(ret_host, TERMINAL_HOST_SIZE, is_six ? "[%s]:%u" : "%s:%u", address,
		(unsigned int)terminal->port);
}

static int
number_parse(const char *field, int64_t value, int64_t least, int64_t most, const char *rule,
	const char *example, struct field_error *error)
{
	char text[24];

	if (value >= least && value <= most)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64, value);
	return field_error_set(error, field, text, rule, example);
}

int
terminal_port_parse(int64_t value, uint16_t *ret_port, struct field_error *error)
{
	int r;

	r = number_parse("port", value, 1, 65535, "1 to 65535", "3389", error);
	if (r < 0)
		return r;
	*ret_port = (uint16_t)value;
	return 0;
}

static long
unit_minutes(const char *unit)
{
	if (unit[0] == '\0' || strcmp(unit, "min") == 0)
		return 1;
	return strcmp(unit, "h") == 0 ? 60 : strcmp(unit, "d") == 0 ? 1440 : 0;
}

int
terminal_minutes_parse(
	const char *text, const char *field, int32_t *ret_minutes, struct field_error *error)
{
	unsigned long value;
	char *unit;

	if (strcmp(text, "default") == 0 || strcmp(text, "off") == 0) {
		*ret_minutes = text[0] == 'd' ? TERMINAL_AS_SET : 0;
		return 0;
	}
	value = strtoul(text, &unit, 10);
	if (text[0] >= '0' && text[0] <= '9' && value <= TERMINAL_MINUTES_MAX &&
		unit_minutes(unit) > 0 &&
		value * (unsigned long)unit_minutes(unit) <= TERMINAL_MINUTES_MAX) {
		*ret_minutes = (int32_t)(value * (unsigned long)unit_minutes(unit));
		return 0;
	}
	return field_error_set(error, field, text,
		"minutes (30min), hours (8h) or days (1d) up to 7d, off, or default: as the "
		"settings say",
		"30min");
}

int
terminal_capacity_parse(int64_t value, uint32_t *ret_capacity, struct field_error *error)
{
	int r;

	r = number_parse("capacity", value, 0, TERMINAL_CAPACITY_MAX,
		"sessions at once, up to 1000; 0: no limit", "1", error);
	if (r < 0)
		return r;
	*ret_capacity = (uint32_t)value;
	return 0;
}

int
terminal_note_parse(const char *text, char *ret_note, struct field_error *error)
{
	size_t len;
	const char *note = text_trim(text, &len);
	int count = text_count(note, len, TEXT_LINES);

	if (count < 0 || count > TERMINAL_NOTE_MAX)
		return field_error_set(
			error, "note", text, "at most 1000 printable characters", "サーバー室 2F");
	memcpy(ret_note, note, len);
	ret_note[len] = '\0';
	return 0;
}

int
terminal_pin_parse(const char *text, uint8_t *ret_pin, struct field_error *error)
{
	static const char rule[] =
		N_("the certificate's SHA-256: 64 hexadecimal digits, colons between "
		   "octets or none");
	static const char example[] = "5E:88:48:98:DA:28:04:71:51:D0:E5:6F:8D:C6:29:27:"
				      "73:60:3D:0D:6A:AB:BD:D6:2A:11:EF:72:1D:15:42:D8";
	char digits[TERMINAL_PIN_BYTES * 2 + 1];
	size_t count = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		bool colon_may_stand = i % 3 == 2 && count == i / 3 * 2 + 2;

		if (text[i] == ':' && colon_may_stand && count < sizeof(digits) - 1)
			continue;
		if (count == sizeof(digits) - 1)
			return field_error_set(error, "sha256", text, rule, example);
		digits[count++] = text[i];
	}
	digits[count] = '\0';
	if (count != sizeof(digits) - 1 || bytes_from_hex(digits, ret_pin, TERMINAL_PIN_BYTES) < 0)
		return field_error_set(error, "sha256", text, rule, example);
	return 0;
}
