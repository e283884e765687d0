/* Kea's lease file (memfile, CSV), as bytes in memory; see lease.h. Pure. */
#include "supervisor/lease.h"

#include <errno.h>
#include <string.h>

#define FIELDS_MAX 64

/* Kea's states: 0 assigned, 1 declined, 2 expired and reclaimed, 3 released. */
#define STATE_ASSIGNED 0
/* Kinds of a DHCPv6 lease: 0 an address, 1 a temporary address, 2 a prefix. */
#define TYPE_PREFIX 2

static const char *const names[LEASE_KEA_COLUMNS] = {
	[LEASE_KEA_ADDRESS] = "address",
	[LEASE_KEA_HWADDR] = "hwaddr",
	[LEASE_KEA_VALID_LIFETIME] = "valid_lifetime",
	[LEASE_KEA_EXPIRE] = "expire",
	[LEASE_KEA_STATE] = "state",
	[LEASE_KEA_LEASE_TYPE] = "lease_type",
	[LEASE_KEA_PREFIX_LEN] = "prefix_len",
};

void
lease_kea_init(struct lease_kea *reader, const char *text, size_t len)
{
	*reader = (struct lease_kea){.rest = {text, len}};
	memset(reader->places, LEASE_KEA_NOWHERE, sizeof(reader->places));
}

/* Without address, hwaddr, valid_lifetime or expire nothing can be said of a row; state came with
 * version 2.0 of the file, before that every row was an assigned one. */
static void
read_header(struct lease_kea *reader, struct slice line)
{
	struct slice field;

	for (uint8_t place = 0; place < FIELDS_MAX && slice_take_field(&line, ',', &field);
		place++) {
		for (int column = 0; column < LEASE_KEA_COLUMNS; column++) {
			if (slice_equals(slice_trim(field), names[column]))
				reader->places[column] = place;
		}
	}
	reader->has_header = reader->places[LEASE_KEA_ADDRESS] != LEASE_KEA_NOWHERE &&
			     reader->places[LEASE_KEA_HWADDR] != LEASE_KEA_NOWHERE &&
			     reader->places[LEASE_KEA_VALID_LIFETIME] != LEASE_KEA_NOWHERE &&
			     reader->places[LEASE_KEA_EXPIRE] != LEASE_KEA_NOWHERE;
	if (!reader->has_header)
		reader->rest.len = 0;
}

/* Picks the fields we know. A column that the file does not have is an empty slice at NULL; one that
 * this line is too short for makes the line unreadable. */
static int
pick_fields(const struct lease_kea *reader, struct slice line, struct slice *fields)
{
	struct slice field;
	size_t found = 0, wanted = 0;

	memset(fields, 0, LEASE_KEA_COLUMNS * sizeof(*fields));
	for (int column = 0; column < LEASE_KEA_COLUMNS; column++)
		wanted += reader->places[column] != LEASE_KEA_NOWHERE;
	for (uint8_t place = 0; place < FIELDS_MAX && slice_take_field(&line, ',', &field);
		place++) {
		for (int column = 0; column < LEASE_KEA_COLUMNS; column++) {
			if (reader->places[column] == place) {
				fields[column] = field;
				found++;
			}
		}
	}
	return found == wanted ? 0 : -EINVAL;
}

static int
optional_number(struct slice field, uint64_t missing, uint64_t *ret_number)
{
	if (field.at == NULL) {
		*ret_number = missing;
		return 0;
	}
	return slice_number(field, UINT32_MAX, ret_number);
}

static int
read_line(const struct lease_kea *reader, struct slice line, struct lease_row *ret_row)
{
	struct slice fields[LEASE_KEA_COLUMNS];
	struct lease_row row = {0};
	uint64_t lifetime, until, state, type, prefix;

	if (pick_fields(reader, line, fields) < 0 ||
		slice_address(fields[LEASE_KEA_ADDRESS], row.address) < 0 ||
		slice_number(fields[LEASE_KEA_VALID_LIFETIME], UINT32_MAX, &lifetime) < 0 ||
		slice_number(fields[LEASE_KEA_EXPIRE], INT64_MAX, &until) < 0 ||
		optional_number(fields[LEASE_KEA_STATE], STATE_ASSIGNED, &state) < 0 ||
		optional_number(fields[LEASE_KEA_LEASE_TYPE], 0, &type) < 0 ||
		optional_number(fields[LEASE_KEA_PREFIX_LEN], 128, &prefix) < 0)
		return -EINVAL;
	if (type == TYPE_PREFIX || prefix != 128)
		return -EINVAL;
	row.until_s = lifetime == UINT32_MAX ? INT64_MAX : (int64_t)until;
	/* A lifetime of 0 is how Kea writes that a lease was deleted. */
	row.assigned = state == STATE_ASSIGNED && lifetime > 0;
	row.has_mac = slice_mac(fields[LEASE_KEA_HWADDR], row.mac) == 0;
	*ret_row = row;
	return 0;
}

bool
lease_kea_next(struct lease_kea *reader, struct lease_row *ret_row)
{
	struct slice line;

	while (slice_take_line(&reader->rest, &line)) {
		if (!reader->has_header)
			read_header(reader, line);
		else if (read_line(reader, line, ret_row) == 0)
			return true;
		else if (line.len > 0)
			reader->skipped++;
	}
	return false;
}
