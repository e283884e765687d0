/* policy/chain.c: every change to a row is found, and named. */
#include "policy/chain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 6

static struct chain_event events[EVENTS];

static int
make_chain(void **state)
{
	static const char *const payloads[EVENTS] = {
		"{\"a\":1}", "{\"a\":2}", "{}", "{\"a\":4}", "", "x"};

	(void)state;
	for (int i = 0; i < EVENTS; i++) {
		events[i] = (struct chain_event){
			.id = i + 1, .time_us = 1000 + i, .kind = "admin", .payload = payloads[i]};
		memset(events[i].salt, i + 1, sizeof(events[i].salt));
		if (i > 0)
			memcpy(events[i].prev, events[i - 1].hash, CHAIN_HASH_BYTES);
		chain_event_seal(&events[i]);
	}
	return 0;
}

/* Id of the first bad event of a list, 0 if all are good. */
static int64_t
verify(const struct chain_event *const *list, size_t count, bool erasure_allowed)
{
	struct chain_verifier verifier;
	const char *why;
	int64_t bad = 0;

	chain_verifier_init(&verifier);
	for (size_t i = 0; i < count && bad == 0; i++)
		if (chain_verify_next(&verifier, list[i], erasure_allowed, &why) < 0) {
			assert_non_null(why);
			bad = list[i]->id;
		}
	chain_verifier_done(&verifier);
	return bad;
}

static int64_t
verify_all(bool erasure_allowed)
{
	const struct chain_event *list[EVENTS];

	for (int i = 0; i < EVENTS; i++)
		list[i] = &events[i];
	return verify(list, EVENTS, erasure_allowed);
}

static void
untouched_chain_is_good(void **state)
{
	(void)state;
	assert_int_equal(verify_all(false), 0);
}

static void
any_changed_field_is_found_in_its_row(void **state)
{
	(void)state;
	for (int i = 0; i < EVENTS; i++) {
		struct chain_event kept = events[i];

		events[i].payload = "{\"a\":9}";
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
		events[i].time_us++;
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
		events[i].kind = "admin2";
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
		events[i].salt[3] ^= 1;
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
		events[i].payload_hash[3] ^= 1;
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
		events[i].hash[3] ^= 1;
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
		events[i].prev[3] ^= 1;
		assert_int_equal(verify_all(false), i + 1);
		events[i] = kept;
	}
	assert_int_equal(verify_all(false), 0);
}

static void
rewritten_row_breaks_the_next_one(void **state)
{
	(void)state;
	/* Whoever recomputes the hashes of one row must go on to the end, past the checkpoints. */
	events[2].payload = "{\"a\":9}";
	chain_event_seal(&events[2]);
	assert_int_equal(verify_all(false), 4);
}

static void
removed_inserted_and_swapped_rows_are_found(void **state)
{
	const struct chain_event *removed[] = {&events[0], &events[2]};
	const struct chain_event *swapped[] = {&events[0], &events[2], &events[1]};
	const struct chain_event *twice[] = {&events[0], &events[0]};
	const struct chain_event *late[] = {&events[1]};
	struct chain_event renumbered = events[2];
	const struct chain_event *closed_up[] = {&events[0], &renumbered};

	(void)state;
	assert_int_equal(verify(removed, 2, false), 3);
	assert_int_equal(verify(swapped, 3, false), 3);
	assert_int_equal(verify(twice, 2, false), 1);
	assert_int_equal(verify(late, 1, false), 2);
	renumbered.id = 2;
	assert_int_equal(verify(closed_up, 2, false), 2);
}

static void
erased_row_is_good_only_where_allowed(void **state)
{
	(void)state;
	events[3].payload = NULL;
	memset(events[3].salt, 0, sizeof(events[3].salt));
	assert_int_equal(verify_all(false), 4);
	assert_int_equal(verify_all(true), 0);
	events[3].time_us++;
	assert_int_equal(verify_all(true), 4);
}

static void
salt_and_payload_are_bound_together(void **state)
{
	struct chain_event one = {.id = 1, .kind = "k", .payload = "abc"};
	struct chain_event other = {.id = 1, .kind = "k", .payload = "abc", .salt = {1}};

	(void)state;
	chain_event_seal(&one);
	chain_event_seal(&other);
	assert_memory_not_equal(one.payload_hash, other.payload_hash, CHAIN_HASH_BYTES);
}

static void
checkpoints_bind_id_time_and_hash(void **state)
{
	const uint8_t key[FACILITY_KEY_BYTES] = {1}, other_key[FACILITY_KEY_BYTES] = {2};
	struct chain_checkpoint checkpoint = {.event_id = 6, .time_us = 77}, changed;
	struct sealing *sealing, *other;
	const char *why;

	(void)state;
	assert_int_equal(sealing_new(key, &sealing), 0);
	assert_int_equal(sealing_new(other_key, &other), 0);
	memcpy(checkpoint.hash, events[5].hash, CHAIN_HASH_BYTES);
	assert_int_equal(chain_checkpoint_sign(&checkpoint, sealing), 0);
	assert_int_equal(chain_verify_checkpoint(&checkpoint, events[5].hash, sealing, &why), 0);
	assert_int_equal(
		chain_verify_checkpoint(&checkpoint, events[4].hash, sealing, &why), -EBADMSG);
	assert_int_equal(
		chain_verify_checkpoint(&checkpoint, events[5].hash, other, &why), -EBADMSG);
	changed = checkpoint;
	changed.event_id = 5;
	assert_int_equal(
		chain_verify_checkpoint(&changed, events[5].hash, sealing, &why), -EBADMSG);
	changed = checkpoint;
	changed.time_us++;
	assert_int_equal(
		chain_verify_checkpoint(&changed, events[5].hash, sealing, &why), -EBADMSG);
	changed = checkpoint;
	memcpy(changed.hash, events[4].hash, CHAIN_HASH_BYTES);
	assert_int_equal(
		chain_verify_checkpoint(&changed, events[4].hash, sealing, &why), -EBADMSG);
	sealing_free(sealing);
	sealing_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(untouched_chain_is_good, make_chain),
		cmocka_unit_test_setup(any_changed_field_is_found_in_its_row, make_chain),
		cmocka_unit_test_setup(rewritten_row_breaks_the_next_one, make_chain),
		cmocka_unit_test_setup(removed_inserted_and_swapped_rows_are_found, make_chain),
		cmocka_unit_test_setup(erased_row_is_good_only_where_allowed, make_chain),
		cmocka_unit_test_setup(salt_and_payload_are_bound_together, make_chain),
		cmocka_unit_test_setup(checkpoints_bind_id_time_and_hash, make_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
