/* DHCP servers' lease files: supervisor/lease.h. The first byte says whose. */
#include "fuzz.h"

#include <string.h>

#include "supervisor/lease.h"

static void
expect_row(const struct lease_row *row)
{
	fuzz_expect(!row->has_mac || mac_is_usable(row->mac));
	fuzz_expect(row->until_s >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct lease_table *table;
	struct lease_dnsmasq dnsmasq;
	struct lease_kea kea;
	struct lease_row row;

	if (len == 0 || (table = lease_table_new()) == NULL)
		return 0;
	lease_dnsmasq_init(&dnsmasq, (const char *)bytes + 1, len - 1);
	while (bytes[0] == 'd' && lease_dnsmasq_next(&dnsmasq, &row)) {
		expect_row(&row);
		fuzz_expect(address_is_ipv4(row.address));
		fuzz_expect(lease_table_add(table, &row, 1763632800) == 0);
	}
	lease_kea_init(&kea, (const char *)bytes + 1, len - 1);
	while (bytes[0] == 'k' && lease_kea_next(&kea, &row)) {
		expect_row(&row);
		fuzz_expect(lease_table_replace(table, &row) == 0);
		fuzz_expect(lease_table_find(table, row.address) != NULL);
	}
	lease_table_free(table);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char *const files[] = {
		"d1795219976 02:00:5e:10:00:11 10.7.5.4 pc-7 01:02:00:5e:10:00:11\n0 "
		"02:00:5e:10:00:12 10.7.5.4 * *\n"
		"duid 00:01:00:01\n1795219976 1 fd00::1 * 00:01\n",
		"kaddress,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,"
		"hostname,state\n"
		"10.7.6.1,02:00:5e:10:00:11,,3600,1795223600,1,0,0,pc&#x2c7,0\n",
		"kaddress,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,"
		"prefix_len,fqdn_fwd,fqdn_rev,"
		"hostname,hwaddr,state\nfd07::6:1,00:03,3600,1795223600,1,1800,0,7,128,0,0,,02:00:"
		"5e:10:00:11,0\n"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fuzz_seed(seeds, files[i], strlen(files[i]));
}
