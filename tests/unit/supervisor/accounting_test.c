/* gateway/supervisor/radius.c, radius_detail.c, accounting_sessions.c */
#include "supervisor/accounting.h"
#include "tests/unit/supervisor/evidence_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET SAMPLE_RADIUS_SECRET, strlen(SAMPLE_RADIUS_SECRET)

static const uint8_t one_sender[ADDRESS_SIZE] = {1}, other_sender[ADDRESS_SIZE] = {2};
static const uint8_t device[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x11};

static void
radius_packet_of_a_real_client(void **state)
{
	struct accounting_record record;
	uint8_t ipv4[ADDRESS_SIZE];

	(void)state;
	assert_int_equal(
		radius_read(sample_radius, sizeof(sample_radius), SECRET, &record), RADIUS_GOOD);
	assert_int_equal(record.status, ACCOUNTING_START);
	assert_int_equal(record.session.len, 3);
	assert_memory_equal(record.session.bytes, "4D2", 3);
	assert_int_equal(record.nas.len, 4 + 4);
	address_from_ipv4((uint8_t[]){10, 20, 0, 5}, ipv4);
	assert_true(record.has_ipv4 && record.has_ipv6 && record.has_mac);
	assert_memory_equal(record.ipv4, ipv4, ADDRESS_SIZE);
	assert_int_equal(record.ipv6[15], 5);
	assert_memory_equal(record.mac, device, MAC_SIZE);
	assert_int_equal(record.timeout_s, 3600);
	assert_int_equal(record.event_s, 1763632800);
}

static void
radius_every_changed_byte_is_noticed(void **state)
{
	struct accounting_record record;
	uint8_t copy[sizeof(sample_radius)];

	(void)state;
	for (size_t i = 0; i < sizeof(copy); i++) {
		memcpy(copy, sample_radius, sizeof(copy));
		copy[i] ^= 0x01;
		assert_int_not_equal(radius_read(copy, sizeof(copy), SECRET, &record), RADIUS_GOOD);
	}
	assert_int_equal(radius_read(sample_radius, sizeof(sample_radius), "xyzzy5462", 9, &record),
		RADIUS_WRONG_SECRET);
}

static void
radius_every_cut_is_malformed(void **state)
{
	struct accounting_record record;

	(void)state;
	for (size_t len = 0; len < sizeof(sample_radius); len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);

		memcpy(copy, sample_radius, len);
		assert_int_equal(radius_read(copy, len, SECRET, &record), RADIUS_MALFORMED);
		free(copy);
	}
}

static void
radius_padding_is_ignored(void **state)
{
	struct accounting_record record;
	uint8_t copy[sizeof(sample_radius) + 10] = {0};

	(void)state;
	memcpy(copy, sample_radius, sizeof(sample_radius));
	assert_int_equal(radius_read(copy, sizeof(copy), SECRET, &record), RADIUS_GOOD);
}

static void
radius_attribute_lengths_are_checked(void **state)
{
	static const uint8_t wrong[][6] = {
		{40, 0}, {40, 1}, {40, 5, 0, 0, 1}, {40, 7, 0, 0, 0, 1}, {8, 2}, {95, 6}};
	uint8_t packet[26] = {4, 1, 0, 26};
	struct accounting_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(packet + 20, wrong[i], 6);
		assert_int_equal(
			radius_read_attributes(packet, sizeof(packet), &record), RADIUS_MALFORMED);
	}
	memcpy(packet + 20, (uint8_t[]){40, 6, 0, 0, 0, 2}, 6);
	assert_int_equal(radius_read_attributes(packet, sizeof(packet), &record), RADIUS_GOOD);
	assert_int_equal(record.status, ACCOUNTING_STOP);
	packet[0] = 1; /* Access-Request */
	assert_int_equal(radius_read_attributes(packet, sizeof(packet), &record), RADIUS_MALFORMED);
}

static void
radius_addresses_that_are_none_are_left_out(void **state)
{
	static const uint8_t addresses[][4] = {
		{255, 255, 255, 255}, {255, 255, 255, 254}, {0, 0, 0, 0}};
	uint8_t packet[26] = {4, 1, 0, 26, [20] = 8, [21] = 6};
	struct accounting_record record;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memcpy(packet + 22, addresses[i], 4);
		assert_int_equal(
			radius_read_attributes(packet, sizeof(packet), &record), RADIUS_GOOD);
		assert_false(record.has_ipv4);
	}
}

static void
detail_records(void **state)
{
	struct radius_detail reader;
	struct accounting_record record;

	(void)state;
	radius_detail_init(&reader, sample_detail, strlen(sample_detail));
	assert_true(radius_detail_next(&reader, &record));
	assert_int_equal(record.status, ACCOUNTING_START);
	assert_int_equal(record.session.len, 3);
	assert_memory_equal(record.session.bytes, "d\"1", 3);
	assert_true(record.has_ipv4 && record.has_ipv6 && record.has_mac);
	assert_memory_equal(record.mac, device, MAC_SIZE);
	assert_int_equal(record.timeout_s, 60);
	assert_int_equal(record.event_s, 1763632800);
	assert_true(radius_detail_next(&reader, &record));
	assert_int_equal(record.status, ACCOUNTING_ON);
	assert_int_equal(record.nas.len, 4);
	assert_false(radius_detail_next(&reader, &record));
	assert_int_equal(reader.skipped, 1);
	assert_int_equal(reader.rest.len, 0);
}

static void
detail_cut_anywhere_goes_on_where_it_stopped(void **state)
{
	struct radius_detail reader;
	struct accounting_record record;

	(void)state;
	for (size_t cut = 0; cut <= strlen(sample_detail); cut++) {
		size_t records = 0, used;
		char *copy = malloc(cut > 0 ? cut : 1);

		memcpy(copy, sample_detail, cut);
		radius_detail_init(&reader, copy, cut);
		while (radius_detail_next(&reader, &record))
			records++;
		used = cut - reader.rest.len;
		radius_detail_init(&reader, sample_detail + used, strlen(sample_detail) - used);
		while (radius_detail_next(&reader, &record))
			records++;
		assert_int_equal(records, 2);
		free(copy);
	}
}

/* A record of session `name` at address fd00::`last`; device 0: none named. */
static struct accounting_record
record_of(enum accounting_status status, const char *name, uint8_t last, uint8_t device_number)
{
	struct accounting_record record = {
		.status = status, .has_ipv6 = last != 0, .has_mac = device_number != 0};

	record.session.len = (uint8_t)strlen(name);
	memcpy(record.session.bytes, name, strlen(name));
	record.ipv6[0] = 0xfd;
	record.ipv6[15] = last;
	memcpy(record.mac, (uint8_t[]){2, 0, 0, 0, 0, device_number}, MAC_SIZE);
	return record;
}

static enum accounting_applied
say(struct accounting_sessions *sessions, enum accounting_status status, const char *name,
	uint8_t last, uint8_t device_number, int64_t now_s)
{
	struct accounting_record record = record_of(status, name, last, device_number);

	return accounting_sessions_apply(sessions, &record, one_sender, now_s);
}

static struct accounting_known
find(struct accounting_sessions *sessions, uint8_t last, int64_t now_s)
{
	uint8_t address[ADDRESS_SIZE] = {0xfd};
	struct accounting_known known;

	address[15] = last;
	accounting_sessions_find(sessions, address, now_s, 100, &known);
	return known;
}

static void
session_lives_from_start_to_stop(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	struct accounting_known known;

	(void)state;
	assert_int_equal(find(sessions, 5, 0).live, 0);
	assert_int_equal(say(sessions, ACCOUNTING_START, "a", 5, 1, 10), ACCOUNTING_TAKEN);
	known = find(sessions, 5, 110);
	assert_true(known.live == 1 && known.has_mac && known.mac[5] == 1 && known.heard_s == 10);
	known = find(sessions, 5, 111);
	assert_true(known.live == 0 && known.silent == 1);
	assert_int_equal(say(sessions, ACCOUNTING_INTERIM, "a", 0, 0, 111), ACCOUNTING_TAKEN);
	assert_int_equal(find(sessions, 5, 111).live, 1);
	assert_int_equal(say(sessions, ACCOUNTING_STOP, "a", 0, 0, 112), ACCOUNTING_TAKEN);
	assert_int_equal(find(sessions, 5, 112).live, 0);
	assert_int_equal(
		say(sessions, ACCOUNTING_INTERIM, "a", 5, 1, 113), ACCOUNTING_OUT_OF_ORDER);
	assert_int_equal(say(sessions, ACCOUNTING_START, "a", 5, 1, 113), ACCOUNTING_OUT_OF_ORDER);
	assert_int_equal(find(sessions, 5, 113).live, 0);
	assert_int_equal(say(sessions, ACCOUNTING_START, "a", 5, 2, 1000), ACCOUNTING_TAKEN);
	assert_int_equal(find(sessions, 5, 1000).mac[5], 2);
	accounting_sessions_free(sessions);
}

static void
event_times_tell_new_from_repeated(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	struct accounting_record start = record_of(ACCOUNTING_START, "a", 5, 1);
	struct accounting_record stop = record_of(ACCOUNTING_STOP, "a", 0, 0);

	(void)state;
	start.event_s = 100;
	stop.event_s = 200;
	assert_int_equal(
		accounting_sessions_apply(sessions, &start, one_sender, 1), ACCOUNTING_TAKEN);
	assert_int_equal(
		accounting_sessions_apply(sessions, &stop, one_sender, 2), ACCOUNTING_TAKEN);
	assert_int_equal(accounting_sessions_apply(sessions, &start, one_sender, 5000),
		ACCOUNTING_OUT_OF_ORDER);
	start.event_s = 201;
	assert_int_equal(
		accounting_sessions_apply(sessions, &start, one_sender, 5001), ACCOUNTING_TAKEN);
	stop.event_s = 150;
	assert_int_equal(accounting_sessions_apply(sessions, &stop, one_sender, 5002),
		ACCOUNTING_OUT_OF_ORDER);
	assert_int_equal(find(sessions, 5, 5002).live, 1);
	accounting_sessions_free(sessions);
}

static void
start_takes_the_address_from_a_session_whose_stop_was_lost(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	struct accounting_known known;

	(void)state;
	say(sessions, ACCOUNTING_START, "a", 5, 1, 10);
	say(sessions, ACCOUNTING_START, "b", 5, 2, 20);
	known = find(sessions, 5, 20);
	assert_true(known.live == 1 && known.mac[5] == 2);
	/* The older one is heard of again: now nobody knows. */
	say(sessions, ACCOUNTING_INTERIM, "a", 5, 1, 30);
	known = find(sessions, 5, 30);
	assert_true(known.live == 2 && known.several && !known.has_mac);
	accounting_sessions_free(sessions);
}

static void
address_that_comes_late_is_taken_all_the_same(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();

	(void)state;
	say(sessions, ACCOUNTING_START, "a", 5, 1, 10);
	say(sessions, ACCOUNTING_START, "b", 0, 2, 20);
	say(sessions, ACCOUNTING_INTERIM, "b", 5, 2, 25);
	assert_int_equal(find(sessions, 5, 25).live, 1);
	assert_int_equal(find(sessions, 5, 25).mac[5], 2);
	accounting_sessions_free(sessions);
}

static void
session_without_a_device_contradicts_one_with(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	struct accounting_record record = record_of(ACCOUNTING_START, "a", 5, 0);

	(void)state;
	say(sessions, ACCOUNTING_START, "a", 5, 1, 10);
	accounting_sessions_apply(sessions, &record, other_sender, 11);
	assert_true(find(sessions, 5, 11).several);
	accounting_sessions_free(sessions);
}

static void
timeout_ends_a_session(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	struct accounting_record record = record_of(ACCOUNTING_START, "a", 5, 1);

	(void)state;
	record.timeout_s = 30;
	accounting_sessions_apply(sessions, &record, one_sender, 10);
	assert_int_equal(find(sessions, 5, 39).live, 1);
	assert_int_equal(find(sessions, 5, 40).live, 0);
	accounting_sessions_free(sessions);
}

static void
accounting_on_forgets_its_own_nas_alone(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	struct accounting_record other = record_of(ACCOUNTING_START, "a", 6, 2);

	(void)state;
	say(sessions, ACCOUNTING_START, "a", 5, 1, 10);
	accounting_sessions_apply(sessions, &other, other_sender, 10);
	say(sessions, ACCOUNTING_ON, "", 0, 0, 11);
	assert_int_equal(find(sessions, 5, 11).live, 0);
	assert_int_equal(find(sessions, 6, 11).live, 1);
	assert_int_equal(say(sessions, ACCOUNTING_START, "a", 5, 3, 12), ACCOUNTING_TAKEN);
	accounting_sessions_free(sessions);
}

static void
records_that_say_nothing_change_nothing(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();

	(void)state;
	assert_int_equal(say(sessions, ACCOUNTING_START, "", 5, 1, 10), ACCOUNTING_MEANINGLESS);
	assert_int_equal(
		say(sessions, (enum accounting_status)9, "a", 5, 1, 10), ACCOUNTING_MEANINGLESS);
	assert_int_equal(accounting_sessions_count(sessions), 0);
	accounting_sessions_free(sessions);
}

static void
table_is_bounded_and_forgets_ended_sessions_first(void **state)
{
	struct accounting_sessions *sessions = accounting_sessions_new();
	char name[16];

	(void)state;
	say(sessions, ACCOUNTING_START, "first", 5, 1, 1);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "e%d", i);
		say(sessions, ACCOUNTING_STOP, name, 0, 0, 2);
	}
	for (int i = 0; accounting_sessions_count(sessions) < ACCOUNTING_SESSIONS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		say(sessions, ACCOUNTING_START, name, 0, 0, 3);
	}
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "m%d", i);
		say(sessions, ACCOUNTING_START, name, 6, 2, 4);
	}
	assert_int_equal(accounting_sessions_count(sessions), ACCOUNTING_SESSIONS_MAX);
	assert_int_equal(find(sessions, 5, 4).live, 1);
	say(sessions, ACCOUNTING_START, "one more", 7, 3, 5);
	assert_int_equal(accounting_sessions_count(sessions), ACCOUNTING_SESSIONS_MAX);
	assert_int_equal(find(sessions, 7, 5).live, 1);
	accounting_sessions_free(sessions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(radius_packet_of_a_real_client),
		cmocka_unit_test(radius_every_changed_byte_is_noticed),
		cmocka_unit_test(radius_every_cut_is_malformed),
		cmocka_unit_test(radius_padding_is_ignored),
		cmocka_unit_test(radius_attribute_lengths_are_checked),
		cmocka_unit_test(radius_addresses_that_are_none_are_left_out),
		cmocka_unit_test(detail_records),
		cmocka_unit_test(detail_cut_anywhere_goes_on_where_it_stopped),
		cmocka_unit_test(session_lives_from_start_to_stop),
		cmocka_unit_test(event_times_tell_new_from_repeated),
		cmocka_unit_test(start_takes_the_address_from_a_session_whose_stop_was_lost),
		cmocka_unit_test(address_that_comes_late_is_taken_all_the_same),
		cmocka_unit_test(session_without_a_device_contradicts_one_with),
		cmocka_unit_test(timeout_ends_a_session),
		cmocka_unit_test(accounting_on_forgets_its_own_nas_alone),
		cmocka_unit_test(records_that_say_nothing_change_nothing),
		cmocka_unit_test(table_is_bounded_and_forgets_ended_sessions_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
