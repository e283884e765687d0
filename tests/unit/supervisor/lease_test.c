/* gateway/supervisor/lease_dnsmasq.c, lease_kea.c, lease_table.c */
#include "supervisor/lease.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char dnsmasq_file[] =
	"1795219976 02:00:5e:10:00:11 10.7.5.4 pc-7 01:02:00:5e:10:00:11\n"
	"0 02:00:5e:10:00:12 10.7.5.5 * *\n"
	"1795219976 06-02:00:5e:10:00:13 10.7.5.6 * *\n"
	"nonsense\n"
	"\n"
	"1795219976 02:00:5e:10:00:14 fd00::4 * *\n"
	"duid 00:01:00:01:29:a0:02:00:5e:10:00:01\n"
	"1795219976 123456 10.7.5.7 pc-7 00:01:00:01:29:a0:02:00:5e:10:00:11\n";

static const char kea4_file[] = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,"
				"fqdn_rev,hostname,state,user_context,pool_id\n"
				"10.7.6.1,02:00:5e:10:00:11,01:02:00:5e:10:00:11,3600,1795223600,1,"
				"0,0,pc&#x2c7,0,{ \"a\": 1&#x2c \"b\": 2 },0\n"
				"10.7.6.2,02:00:5e:10:00:12,,0,1795223600,1,0,0,,0,,0\n"
				"10.7.6.3,,,3600,1795223600,1,0,0,,1,,0\n"
				"10.7.6.4,02:00:5e:10:00:14,,3600,1795223600,1,0,0,,2,,0\n"
				"10.7.6.5,02:00:5e:10:00:15,,4294967295,6090187295,1,0,0,,0,,0\n"
				"10.7.6.6,02:00:5e:10:00:16\n"
				"10.7.6.300,02:00:5e:10:00:16,,3600,1795223600,1,0,0,,0,,0\n";

static const char kea6_file[] =
	"address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,"
	"fqdn_fwd,fqdn_rev,hostname,"
	"hwaddr,state,user_context,hwtype,hwaddr_source\n"
	"fd07::6:1,00:03:00:01:02:00:5e:10:00:11,3600,1795223600,1,1800,0,7,128,0,0,,02:00:5e:10:"
	"00:11,0,,1,2\n"
	"fd08::,00:03:00:01:02:00:5e:10:00:11,3600,1795223600,1,1800,2,7,64,0,0,,02:00:5e:10:00:11,"
	"0,,1,2\n"
	"fd07::6:2,00:03:00:01:02:00:5e:10:00:12,3600,1795223600,1,1800,0,7,128,0,0,,,0,,,\n";

static void
expect_row(const struct lease_row *row, const char *address, const char *mac)
{
	uint8_t bytes[ADDRESS_SIZE];

	assert_int_equal(slice_address((struct slice){address, strlen(address)}, bytes), 0);
	assert_memory_equal(row->address, bytes, ADDRESS_SIZE);
	assert_int_equal(row->has_mac, mac != NULL);
	if (mac != NULL) {
		assert_int_equal(slice_mac((struct slice){mac, strlen(mac)}, bytes), 0);
		assert_memory_equal(row->mac, bytes, MAC_SIZE);
	}
}

static void
dnsmasq_rows(void **state)
{
	struct lease_dnsmasq reader;
	struct lease_row row;

	(void)state;
	lease_dnsmasq_init(&reader, dnsmasq_file, strlen(dnsmasq_file));
	assert_true(lease_dnsmasq_next(&reader, &row));
	expect_row(&row, "10.7.5.4", "02:00:5e:10:00:11");
	assert_true(row.assigned && row.until_s == 1795219976);
	assert_true(lease_dnsmasq_next(&reader, &row));
	expect_row(&row, "10.7.5.5", "02:00:5e:10:00:12");
	assert_true(row.until_s == INT64_MAX);
	assert_true(lease_dnsmasq_next(&reader, &row));
	expect_row(&row, "10.7.5.6", NULL);
	assert_false(lease_dnsmasq_next(&reader, &row));
	assert_int_equal(reader.skipped, 2);
}

static void
kea4_rows(void **state)
{
	struct lease_kea reader;
	struct lease_row row;

	(void)state;
	lease_kea_init(&reader, kea4_file, strlen(kea4_file));
	assert_true(lease_kea_next(&reader, &row));
	expect_row(&row, "10.7.6.1", "02:00:5e:10:00:11");
	assert_true(lease_holds(&row, 1795223599));
	assert_false(lease_holds(&row, 1795223600));
	assert_true(lease_kea_next(&reader, &row)); /* deleted */
	assert_false(row.assigned);
	assert_true(lease_kea_next(&reader, &row)); /* declined */
	assert_false(row.assigned);
	assert_true(lease_kea_next(&reader, &row)); /* reclaimed */
	assert_false(row.assigned);
	assert_true(lease_kea_next(&reader, &row));
	assert_true(row.assigned && row.until_s == INT64_MAX);
	assert_false(lease_kea_next(&reader, &row));
	assert_int_equal(reader.skipped, 2);
}

static void
kea6_rows_are_addresses_not_prefixes(void **state)
{
	struct lease_kea reader;
	struct lease_row row;

	(void)state;
	lease_kea_init(&reader, kea6_file, strlen(kea6_file));
	assert_true(lease_kea_next(&reader, &row));
	expect_row(&row, "fd07::6:1", "02:00:5e:10:00:11");
	assert_true(lease_kea_next(&reader, &row));
	expect_row(&row, "fd07::6:2", NULL);
	assert_false(lease_kea_next(&reader, &row));
}

static void
kea_without_its_columns_gives_nothing(void **state)
{
	static const char text[] = "address,client_id\n10.0.0.1,x\n10.0.0.2,y\n";
	struct lease_kea reader;
	struct lease_row row;

	(void)state;
	lease_kea_init(&reader, text, strlen(text));
	assert_false(lease_kea_next(&reader, &row));
	assert_false(reader.has_header);
}

/* Every beginning of a file, in memory of exactly that size; rows only from whole lines. */
static size_t
rows_of_beginning(const char *text, size_t len, bool kea)
{
	char *copy = malloc(len + 1);
	struct lease_dnsmasq dnsmasq_reader;
	struct lease_kea kea_reader;
	struct lease_row row;
	size_t rows = 0;

	copy = realloc(copy, len > 0 ? len : 1);
	memcpy(copy, text, len);
	if (kea) {
		lease_kea_init(&kea_reader, copy, len);
		while (lease_kea_next(&kea_reader, &row))
			rows++;
	} else {
		lease_dnsmasq_init(&dnsmasq_reader, copy, len);
		while (lease_dnsmasq_next(&dnsmasq_reader, &row))
			rows++;
	}
	free(copy);
	return rows;
}

static void
every_cut_gives_whole_rows_alone(void **state)
{
	size_t last = 0, rows;

	(void)state;
	for (size_t len = 0; len <= strlen(kea4_file); len++) {
		rows = rows_of_beginning(kea4_file, len, true);
		assert_true(rows == last || (rows == last + 1 && kea4_file[len - 1] == '\n'));
		last = rows;
	}
	assert_int_equal(last, 5);
	last = 0;
	for (size_t len = 0; len <= strlen(dnsmasq_file); len++) {
		rows = rows_of_beginning(dnsmasq_file, len, false);
		assert_true(rows == last || (rows == last + 1 && dnsmasq_file[len - 1] == '\n'));
		last = rows;
	}
	assert_int_equal(last, 3);
}

static struct lease_row
row_of(uint32_t number, uint8_t device, int64_t until_s)
{
	struct lease_row row = {.has_mac = true, .assigned = true, .until_s = until_s};

	row.address[0] = 0xfd;
	memcpy(row.address + 8, &number, sizeof(number));
	memcpy(row.mac, (uint8_t[]){2, 0, 0, 0, 0, device}, MAC_SIZE);
	return row;
}

static void
table_replaces_or_compares(void **state)
{
	struct lease_table *table = lease_table_new();
	struct lease_row one = row_of(1, 1, 1000), other = row_of(1, 2, 1000),
			 ended = row_of(1, 3, 10);
	const struct lease_known *known;

	(void)state;
	assert_null(lease_table_find(table, one.address));
	assert_int_equal(lease_table_add(table, &ended, 100), 0);
	assert_int_equal(lease_table_add(table, &one, 100), 0);
	known = lease_table_find(table, one.address);
	assert_int_equal(known->row.mac[5], 1);
	assert_int_equal(lease_table_add(table, &ended, 100), 0);
	assert_int_equal(lease_table_add(table, &one, 100), 0);
	assert_false(lease_table_find(table, one.address)->contradicted);
	assert_int_equal(lease_table_add(table, &other, 100), 0);
	assert_true(lease_table_find(table, one.address)->contradicted);
	assert_int_equal(lease_table_replace(table, &other), 0);
	known = lease_table_find(table, one.address);
	assert_int_equal(known->row.mac[5], 2);
	assert_false(known->contradicted);
	assert_int_equal(lease_table_count(table), 1);
	lease_table_free(table);
}

static void
table_grows_to_its_limit_and_no_further(void **state)
{
	struct lease_table *table = lease_table_new();

	(void)state;
	for (uint32_t i = 0; i < LEASE_TABLE_MAX; i++) {
		struct lease_row row = row_of(i, (uint8_t)(i % 255 + 1), 1000);

		assert_int_equal(lease_table_replace(table, &row), 0);
	}
	for (uint32_t i = 0; i < LEASE_TABLE_MAX; i += 999) {
		struct lease_row row = row_of(i, 0, 0);

		assert_int_equal(lease_table_find(table, row.address)->row.mac[5], i % 255 + 1);
	}
	struct lease_row known = row_of(5, 7, 1000), more = row_of(LEASE_TABLE_MAX, 1, 1000);
	assert_int_equal(lease_table_replace(table, &known), 0);
	assert_int_equal(lease_table_replace(table, &more), -ENOSPC);
	lease_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dnsmasq_rows),
		cmocka_unit_test(kea4_rows),
		cmocka_unit_test(kea6_rows_are_addresses_not_prefixes),
		cmocka_unit_test(kea_without_its_columns_gives_nothing),
		cmocka_unit_test(every_cut_gives_whole_rows_alone),
		cmocka_unit_test(table_replaces_or_compares),
		cmocka_unit_test(table_grows_to_its_limit_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
