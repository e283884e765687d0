/* gateway/supervisor/answer_status.c: what gateway.status says. The neighbours that are counted are wrapped (meson.build);
 * the penalties are the real ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/control_calls.h"
#include "supervisor/greeters.h"
#include "supervisor/health.h"
#include "supervisor/penalties.h"
#include "supervisor/sign_ins.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define NOON_US INT64_C(1795143600000000)
#define BOOTED_MS 1000000
#define SHOWN_MOST 10

static char name[] = "outside", prefix[] = "998-", hospital[] = "テスト病院", zone[] = "Asia/Tokyo";
static struct settings settings;
static struct settings_listener listener;
static struct supervisor supervisor;
static json_t *result;

void __wrap_control_call_answer(struct control_call *call, json_t *answer);
void __wrap_children_each_worker(struct children *children,
	void (*on_worker)(void *context, struct child *worker), void *context);
size_t __wrap_connections_sessions(const struct connections *connections);
uint32_t __wrap_sign_ins_count(const struct supervisor *one);
uint32_t __wrap_greeters_warm(const struct supervisor *one);
uint32_t __wrap_greeters_busy(const struct supervisor *one);
size_t __wrap_store_pending(struct store *store);
unsigned int __wrap_children_taken(const struct children *children, enum child_kind kind);
unsigned int __wrap_children_most(const struct children *children, enum child_kind kind);
const char *__wrap_recording_files_folder(const struct recording_files *files);

unsigned int
__wrap_children_taken(const struct children *children, enum child_kind kind)
{
	(void)children;
	return kind == CHILD_MEDIATOR ? 1 : kind == CHILD_RECORDER ? 2 : 3;
}

unsigned int
__wrap_children_most(const struct children *children, enum child_kind kind)
{
	(void)children;
	return kind == CHILD_MEDIATOR ? 32 : kind == CHILD_RECORDER ? 512 : 16;
}

const char *
__wrap_recording_files_folder(const struct recording_files *files)
{
	(void)files;
	return "/";
}

void
__wrap_control_call_answer(struct control_call *call, json_t *answer)
{
	(void)call;
	assert_null(result);
	result = answer;
}

void
__wrap_children_each_worker(struct children *children,
	void (*on_worker)(void *context, struct child *worker), void *context)
{
	(void)children;
	(void)on_worker;
	(void)context;
}

size_t
__wrap_connections_sessions(const struct connections *connections)
{
	(void)connections;
	return 21;
}

uint32_t
__wrap_sign_ins_count(const struct supervisor *one)
{
	(void)one;
	return 3;
}

uint32_t
__wrap_greeters_warm(const struct supervisor *one)
{
	(void)one;
	return 2;
}

uint32_t
__wrap_greeters_busy(const struct supervisor *one)
{
	(void)one;
	return 5;
}

size_t
__wrap_store_pending(struct store *store)
{
	(void)store;
	return 4;
}

static int
setup(void **state)
{
	const struct penalty_limits limits = {.sources = 64,
		.connections = 1000,
		.connections_per_source = 100,
		.unfinished = 1000,
		.unfinished_per_source = 100,
		.penalty_ms = 5000,
		.penalty_refuse_ms = 30000,
		.penalty_most_ms = 600000,
		.ipv4_prefix = 32,
		.ipv6_prefix = 64};

	(void)state;
	clock_hold(NOON_US, BOOTED_MS);
	listener = (struct settings_listener){
		.name = name, .address = {.text = "192.0.2.1:3389"}, .proxy = SETTINGS_PROXY_V2};
	settings =
		(struct settings){.facility = {.id = prefix, .name = hospital, .time_zone = zone},
			.listeners = {.items = &listener, .count = 1}};
	settings.sign_in.greeters = 32;
	settings.recording.least_free_bytes = 1 << 30;
	supervisor = (struct supervisor){.settings = &settings,
		.state = SUPERVISOR_RUNNING,
		.ready_us = NOON_US,
		.penalties = penalties_new(&limits)};
	assert_non_null(supervisor.penalties);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	penalties_free(supervisor.penalties);
	json_decref(result);
	result = NULL;
	return 0;
}

static void
punish(const char *address, uint32_t units)
{
	struct sockaddr_storage source = {0};
	uint32_t delay_ms;

	if (inet_pton(AF_INET, address, &((struct sockaddr_in *)&source)->sin_addr) == 1)
		source.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, address, &((struct sockaddr_in6 *)&source)->sin6_addr) == 1)
		source.ss_family = AF_INET6;
	assert_int_equal(penalties_admit(supervisor.penalties, (struct sockaddr *)&source, false,
				 BOOTED_MS, &delay_ms),
		0);
	penalties_add(supervisor.penalties, (struct sockaddr *)&source, units, BOOTED_MS);
}

static void
ask(void)
{
	struct control_call call = {.supervisor = &supervisor};

	json_decref(result);
	result = NULL;
	method_gateway_status(&call);
	assert_non_null(result);
}

static json_int_t
number(const char *key)
{
	const json_t *value = json_object_get(result, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *
source_at(size_t at)
{
	const json_t *row = json_array_get(json_object_get(result, "penalties"), at);

	return json_string_value(json_object_get(row, "source"));
}

static json_int_t
seconds_at(size_t at)
{
	const json_t *row = json_array_get(json_object_get(result, "penalties"), at);

	return json_integer_value(json_object_get(row, "seconds"));
}

static size_t
penalties_shown(void)
{
	return json_array_size(json_object_get(result, "penalties"));
}

static void
who_has_to_wait_is_named_longest_first(void **state)
{
	(void)state;
	punish("192.0.2.7", 2);
	punish("198.51.100.9", 0);
	punish("2001:db8:1:2::77", 4);
	ask();
	/* Who connects and has done nothing is no penalised source. */
	assert_int_equal(number("sources"), 3);
	assert_int_equal(number("connections"), 3);
	assert_int_equal(number("penalised"), 2);
	assert_int_equal(penalties_shown(), 2);
	assert_string_equal(source_at(0), "2001:db8:1:2::");
	assert_int_equal(seconds_at(0), 20);
	assert_string_equal(source_at(1), "192.0.2.7");
	assert_int_equal(seconds_at(1), 10);
	/* A second that has begun is one that has to be waited for. */
	clock_hold(NOON_US, BOOTED_MS + 9001);
	ask();
	assert_int_equal(seconds_at(1), 1);
	clock_hold(NOON_US, BOOTED_MS + 10000);
	ask();
	assert_int_equal(penalties_shown(), 1);
	assert_int_equal(number("penalised"), 1);
	clock_hold(NOON_US, BOOTED_MS + 20000);
	ask();
	assert_int_equal(penalties_shown(), 0);
	assert_int_equal(number("penalised"), 0);
}

static void
of_many_the_worst_are_named(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 2 * SHOWN_MOST; i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "192.0.2.%u", (unsigned int)i);
		punish(address, i);
	}
	ask();
	assert_int_equal(number("penalised"), 2 * SHOWN_MOST);
	assert_int_equal(penalties_shown(), SHOWN_MOST);
	for (size_t i = 0; i < SHOWN_MOST; i++)
		assert_int_equal(seconds_at(i), (2 * SHOWN_MOST - (json_int_t)i) * 5);
}

static void
what_is_under_way_is_counted(void **state)
{
	const json_t *first;

	(void)state;
	ask();
	assert_int_equal(number("sessions"), 21);
	assert_int_equal(number("sign_ins"), 3);
	assert_int_equal(number("sign_ins_most"), 32);
	assert_int_equal(number("greeters_warm"), 2);
	assert_int_equal(number("greeters_busy"), 5);
	assert_int_equal(number("store_pending"), 4);
	assert_int_equal(number("mediators"), 1);
	assert_int_equal(number("mediators_most"), 32);
	assert_int_equal(number("recorders"), 2);
	assert_int_equal(number("recorders_most"), 512);
	assert_int_equal(number("players"), 3);
	assert_int_equal(number("players_most"), 16);
	assert_int_equal(number("recording_keys"), 0);
	assert_int_equal(number("recording_least_free"), 1 << 30);
	assert_true(number("recording_free") > 0);
	assert_int_equal(number("terminals_watched"), 0);
	assert_int_equal(number("connections"), 0);
	assert_int_equal(number("unfinished"), 0);
	assert_int_equal(penalties_shown(), 0);
	assert_string_equal(json_string_value(json_object_get(result, "facility")), "テスト病院");
	assert_string_equal(json_string_value(json_object_get(result, "state")), "running");
	assert_string_equal(json_string_value(json_object_get(result, "ready_since")),
		"2026-11-20T03:00:00.000000Z");
	first = json_array_get(json_object_get(result, "listeners"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "name")), "outside");
	assert_true(json_is_true(json_object_get(first, "proxy")));
	supervisor.state = SUPERVISOR_STOPPING;
	ask();
	assert_string_equal(json_string_value(json_object_get(result, "state")), "stopping");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_to_wait_is_named_longest_first),
		TEST(of_many_the_worst_are_named),
		TEST(what_is_under_way_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
