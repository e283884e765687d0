/* A store in a folder of its own, for tests: jobs are handed in and waited for. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "policy/audit.h"
#include "policy/store/store.h"

#include <stdbool.h>

#define NOON_US INT64_C(1795143600000000) /* 2026-11-20T12:00:00+09:00 */
#define SECOND_US INT64_C(1000000)
#define DAY_US (24 * 60 * 60 * SECOND_US)

struct store_fixture {
	char folder[64];
	char path[128];
	struct policy_settings settings;
	struct sealing *sealing;
	struct store *store;
	int event_fd;
	uint32_t patience_ms; /* 0: a short one */
	const char *boot_id;
};

/* For cmocka: a facility with nothing in it, at NOON_US. */
extern struct store_fixture fixture;
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Makes the folder and the keys; TZ becomes Asia/Tokyo. */
void fixture_init(struct store_fixture *place);
void fixture_done(struct store_fixture *place);

/* Opens the store. Returns store_open's answer. */
int fixture_open(struct store_fixture *place, const char **ret_why);
void fixture_close(struct store_fixture *place);

/* Opens and expects that it works. */
void fixture_start(struct store_fixture *place);

/* Runs done callbacks until none is pending; fails the test after 30 s. */
void fixture_settle(struct store_fixture *place);

typedef int fixture_work(struct store_db *db, void *argument);

/* One job; returns its status. */
int fixture_write(struct store_fixture *place, fixture_work *work, void *argument);
int fixture_read(struct store_fixture *place, fixture_work *work, void *argument);
int fixture_walk(struct store_fixture *place, fixture_work *work, void *argument);
int fixture_slow(struct store_fixture *place, fixture_work *work, void *argument);
int fixture_bare(struct store_fixture *place, fixture_work *work, void *argument);

/* Work: an event whose payload is the argument. */
fixture_work fixture_add_event;

/* So many changes by an administrator, in one transaction. */
void fixture_add_changes(struct store_fixture *place, int count);

/* A number that a literal with SQL asks the store for. */
int64_t fixture_number(struct store_fixture *place, const char *sql);

/* Signs what is not signed yet, as the gateway does every minute. Was there anything? */
bool fixture_checkpoint(struct store_fixture *place);

/* What audit_verify says; that it says one thing, of this event and with these words; that it has nothing to say. */
struct audit_report fixture_verify(struct store_fixture *place);
void fixture_expect_only(struct store_fixture *place, int64_t event, const char *words);
void fixture_expect_log_whole(struct store_fixture *place);

/* SQL from beside the store, as an intruder or a test would run it; expects that it works. */
void fixture_sql(struct store_fixture *place, const char *sql);

#endif
