/* dnsmasq's lease file, as bytes in memory; see lease.h. Pure. */
#include "supervisor/lease.h"

#include <errno.h>
#include <string.h>

void
lease_dnsmasq_init(struct lease_dnsmasq *reader, const char *text, size_t len)
{
	*reader = (struct lease_dnsmasq){.rest = {text, len}};
}

/* "1763689200 02:00:5e:00:00:07 10.0.0.7 name 01:02:…"; time 0 = for ever. A MAC address of another kind of link has
 * its type and a hyphen in front ("06-…"): no device that we could know. */
static int
read_line(struct slice line, struct lease_row *ret_row)
{
	struct slice until, mac, address, name;
	struct lease_row row = {.assigned = true};
	uint64_t number;

	if (!slice_take_word(&line, &until) || !slice_take_word(&line, &mac) ||
		!slice_take_word(&line, &address) || !slice_take_word(&line, &name))
		return -EINVAL;
	if (slice_number(until, INT64_MAX, &number) < 0 ||
		slice_address(address, row.address) < 0 || !address_is_ipv4(row.address))
		return -EINVAL;
	row.until_s = number == 0 ? INT64_MAX : (int64_t)number;
	row.has_mac = slice_mac(mac, row.mac) == 0;
	*ret_row = row;
	return 0;
}

bool
lease_dnsmasq_next(struct lease_dnsmasq *reader, struct lease_row *ret_row)
{
	struct slice line;

	while (!reader->ipv6 && slice_take_line(&reader->rest, &line)) {
		if (slice_starts(line, "duid "))
			reader->ipv6 = true;
		else if (read_line(line, ret_row) == 0)
			return true;
		else if (line.len > 0)
			reader->skipped++;
	}
	return false;
}
