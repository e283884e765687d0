/* OpenVPN's status file and the file of devices beside it; see openvpn.h. Pure. */
#include "supervisor/openvpn.h"

#include <errno.h>
#include <string.h>

#define FIELDS_MAX 24
#define NOWHERE 255

static const char *const names[OPENVPN_COLUMNS] = {
	[OPENVPN_IPV4] = "Virtual Address",
	[OPENVPN_IPV6] = "Virtual IPv6 Address", /* since OpenVPN 2.4 */
	[OPENVPN_SINCE] = "Connected Since (time_t)",
};

/* "TIME,2026-11-20 10:00:00,1763632800" */
static void
read_time(struct openvpn_status *reader, struct slice line)
{
	struct slice field;
	uint64_t number;

	for (int i = 0; i < 3; i++) {
		if (!slice_take_field(&line, reader->separator, &field))
			return;
	}
	if (slice_number(field, INT64_MAX, &number) == 0)
		reader->written_s = (int64_t)number;
}

void
openvpn_status_init(struct openvpn_status *reader, const char *text, size_t len)
{
	struct slice all = {text, len}, line;
	bool ended = false;

	*reader = (struct openvpn_status){.rest = {text, len}, .problem = OPENVPN_UNKNOWN};
	memset(reader->places, NOWHERE, sizeof(reader->places));
	if (!slice_take_line(&all, &line)) {
		reader->problem = OPENVPN_UNFINISHED;
		return;
	}
	if (slice_starts(line, "OpenVPN CLIENT LIST"))
		reader->problem = OPENVPN_VERSION_1;
	if (!slice_starts(line, "TITLE,") && !slice_starts(line, "TITLE\t"))
		return;
	reader->separator = line.at[5];
	while (!ended && slice_take_line(&all, &line)) {
		if (slice_starts(line, "TIME") && line.len > 4 && line.at[4] == reader->separator)
			read_time(reader, line);
		ended = slice_equals(line, "END");
	}
	if (!ended)
		reader->problem = OPENVPN_UNFINISHED;
	else if (reader->written_s > 0)
		reader->problem = OPENVPN_GOOD;
}

/* The columns that OpenVPN 2.3 to 2.7 write are told by a header line; the places in our own line are counted
 * without the word HEADER. */
static void
read_header(struct slice line, char separator, uint8_t *places)
{
	struct slice field;

	memset(places, NOWHERE, OPENVPN_COLUMNS);
	(void)slice_take_field(&line, separator, &field);
	for (uint8_t place = 0; place < FIELDS_MAX && slice_take_field(&line, separator, &field);
		place++) {
		for (int column = 0; column < OPENVPN_COLUMNS; column++) {
			if (slice_equals(field, names[column]))
				places[column] = place;
		}
	}
}

/* A common name may hold the separator of version 2 and shift the columns: then the address or the time
 * is no longer one, and the line is skipped; or it has more fields than its header. */
static int
read_client(struct slice line, char separator, const uint8_t *places, size_t columns,
	struct openvpn_client *ret_client)
{
	struct openvpn_client client = {0};
	struct slice fields[OPENVPN_COLUMNS] = {0}, field;
	uint64_t since;
	size_t count = 0;

	for (; slice_take_field(&line, separator, &field); count++) {
		for (int column = 0; column < OPENVPN_COLUMNS; column++) {
			if (places[column] == count)
				fields[column] = field;
		}
	}
	if (count != columns || slice_address(fields[OPENVPN_IPV4], client.ipv4) < 0 ||
		!address_is_ipv4(client.ipv4) ||
		slice_number(fields[OPENVPN_SINCE], INT64_MAX, &since) < 0)
		return -EINVAL;
	client.has_ipv6 = slice_address(fields[OPENVPN_IPV6], client.ipv6) == 0;
	client.since_s = (int64_t)since;
	*ret_client = client;
	return 0;
}

static size_t
count_fields(struct slice line, char separator)
{
	struct slice field;
	size_t count = 0;

	while (slice_take_field(&line, separator, &field))
		count++;
	return count;
}

static bool
begins_with(struct slice line, char separator, const char *word)
{
	struct slice field;

	return slice_take_field(&line, separator, &field) && slice_equals(field, word);
}

bool
openvpn_status_next(struct openvpn_status *reader, struct openvpn_client *ret_client)
{
	struct slice line;

	if (reader->problem != OPENVPN_GOOD)
		return false;
	while (slice_take_line(&reader->rest, &line)) {
		if (begins_with(line, reader->separator, "HEADER")) {
			struct slice rest = line, word;

			(void)slice_take_field(&rest, reader->separator, &word);
			if (begins_with(rest, reader->separator, "CLIENT_LIST")) {
				read_header(line, reader->separator, reader->places);
				reader->columns = count_fields(rest, reader->separator);
			}
			continue;
		}
		if (!begins_with(line, reader->separator, "CLIENT_LIST"))
			continue;
		if (read_client(line, reader->separator, reader->places, reader->columns,
			    ret_client) == 0)
			return true;
		reader->skipped++;
	}
	return false;
}

void
openvpn_devices_init(struct openvpn_devices *reader, const char *text, size_t len)
{
	*reader = (struct openvpn_devices){.rest = {text, len}};
}

static int
read_device(struct slice line, struct openvpn_device *ret_device)
{
	struct slice since, address, mac, more;
	struct openvpn_device device;
	uint64_t number;

	if (!slice_take_word(&line, &since) || !slice_take_word(&line, &address) ||
		!slice_take_word(&line, &mac) || slice_take_word(&line, &more))
		return -EINVAL;
	if (slice_number(since, INT64_MAX, &number) < 0 ||
		slice_address(address, device.ipv4) < 0 || !address_is_ipv4(device.ipv4) ||
		slice_mac(mac, device.mac) < 0)
		return -EINVAL;
	device.since_s = (int64_t)number;
	*ret_device = device;
	return 0;
}

bool
openvpn_devices_next(struct openvpn_devices *reader, struct openvpn_device *ret_device)
{
	struct slice line;

	while (slice_take_line(&reader->rest, &line)) {
		if (read_device(line, ret_device) == 0)
			return true;
		if (line.len > 0)
			reader->skipped++;
	}
	return false;
}
