/* log verify after a byte of the database was flipped in a hundred places, one at a time (F6).
 *
 * The places are spread over the whole of what the logs consist of: for each of their tables and indexes, the cells of
 * every page of its b-tree, which hold all that has a meaning. What lies between cells is left over from older
 * rows, or zero: no part of any log.
 */
#include "policy/audit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/logins.h"
#include "session_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FLIPS 100
#define FLIPS_OF_EACH 16
#define PLACES_MOST 2000000

struct places {
	off_t *at;
	size_t count;
};

static unsigned int
number(const uint8_t *bytes, size_t len)
{
	unsigned int value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

static size_t
varint(const uint8_t *bytes, uint64_t *ret_value)
{
	size_t len = 0;

	*ret_value = 0;
	do
		*ret_value = *ret_value << 7 | (bytes[len] & 0x7f);
	while ((bytes[len++] & 0x80) != 0 && len < 8);
	return len;
}

/* The bytes of a cell (SQLite's file format, 1.6); content beyond the page is left to its overflow pages. */
static size_t
cell_bytes(const uint8_t *page, unsigned int page_bytes, unsigned int at)
{
	uint8_t type = page[0];
	bool leaf = type == 13 || type == 10, table = type == 13 || type == 5;
	uint64_t payload = 0, unused;
	size_t len = leaf ? 0 : 4;
	unsigned int most = type == 13 ? page_bytes - 35 : (page_bytes - 12) * 64 / 255 - 23;

	if (table && !leaf)
		return len + varint(page + at + len, &unused);
	len += varint(page + at + len, &payload);
	if (table)
		len += varint(page + at + len, &unused);
	return payload > most ? len : len + (size_t)payload;
}

static void
add_page(struct places *places, const uint8_t *page, unsigned int page_bytes, off_t begins)
{
	unsigned int cells = number(page + 3, 2);
	unsigned int header = page[0] == 13 || page[0] == 10 ? 8 : 12;

	for (unsigned int i = 0; i < cells; i++) {
		unsigned int at = number(page + header + 2 * i, 2);
		size_t len = cell_bytes(page, page_bytes, at);

		for (size_t k = 0; k < len && places->count < PLACES_MOST; k++)
			places->at[places->count++] = begins + (off_t)(at + k);
	}
}

/* Every place of one table or index. */
static void
add_tree(struct places *places, int fd, sqlite3 *handle, const char *name)
{
	static uint8_t page[65536];
	sqlite3_stmt *row;

	assert_int_equal(sqlite3_prepare_v2(handle,
				 "SELECT pgoffset, pgsize FROM dbstat WHERE name = ? AND "
				 "pagetype <> 'overflow'",
				 -1, &row, NULL),
		SQLITE_OK);
	(void)sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
	while (sqlite3_step(row) == SQLITE_ROW) {
		off_t begins = (off_t)sqlite3_column_int64(row, 0);
		unsigned int size = (unsigned int)sqlite3_column_int(row, 1);

		assert_int_equal(pread(fd, page, size, begins), size);
		add_page(places, page, size, begins);
	}
	(void)sqlite3_finalize(row);
}

static int
do_fill(struct store_db *db, void *argument)
{
	json_t *after = json_pack("{s:s}", "hours", "08:30-17:30");
	int r = 0;

	(void)argument;
	for (int i = 0; i < 200 && r == 0; i++) {
		char account[20];
		const struct login login = {.application = "RDP",
			.account = account,
			.name = "山田 太郎",
			.source = "10.0.0.5",
			.reason = i % 3 == 0 ? "TICKET_SECRET" : NULL};

		snprintf(account, sizeof(account), "user%d", i);
		r = login_record(db, &login);
		if (r == 0)
			r = admin_event(
				db, "unix:yamada", "account.edit", account, NULL, after, "why");
	}
	json_decref(after);
	return r;
}

static void
fill(void)
{
	assert_int_equal(fixture_write(&fixture, do_fill, NULL), 0);
	for (uint64_t i = 1; i <= 20; i++) {
		struct issue issue = issue_ticket();
		struct session_grant grant = begin_session(&issue, i);

		/* Some go on, some are killed: every index has something to hold. */
		if (i % 5 != 0)
			json_decref(end_session(
				&grant, i, i % 5 == 1 ? CLOSE_ADMIN_KILLED : CLOSE_CLIENT_LEFT));
	}
	assert_true(fixture_checkpoint(&fixture));
}

static void
flip(off_t at, uint8_t mask)
{
	int fd = open(fixture.path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= mask;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static int
do_verify(struct store_db *db, void *argument)
{
	return audit_verify(db, NULL, NULL, argument);
}

/* Found by the check when the store is opened, or by log verify. */
static bool
is_found(void)
{
	struct audit_report report = {0};
	const char *why;
	int r;

	r = fixture_open(&fixture, &why);
	if (r < 0) {
		assert_int_equal(r, -EUCLEAN);
		return true;
	}
	r = fixture_walk(&fixture, do_verify, &report);
	fixture_close(&fixture);
	return r < 0 || report.found > 0;
}

static const char *const trees[] = {"event", "event_kind", "event_field", "checkpoint", "session",
	"sqlite_autoindex_session_1", "session_active", "session_started", "session_account",
	"session_terminal", "session_state", "session_reason", "session_source", "session_device",
	"session_ended", "session_ended_by", "session_on_terminal"};

static void
collect(struct places *places, size_t from, size_t until)
{
	int fd = open(fixture.path, O_RDONLY | O_CLOEXEC);
	sqlite3 *handle;

	assert_true(fd >= 0);
	assert_int_equal(
		sqlite3_open_v2(fixture.path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (size_t i = from; i < until; i++) {
		size_t before = places->count;

		add_tree(places, fd, handle, trees[i]);
		if (places->count == before)
			fail_msg("%s has no place", trees[i]);
	}
	(void)sqlite3_close(handle);
	close(fd);
}

/* So many, spread evenly over the places of these trees. */
static void
flip_all_over(size_t from, size_t until, size_t flips)
{
	struct places places = {.at = calloc(PLACES_MOST, sizeof(off_t))};

	collect(&places, from, until);
	for (size_t i = 0; i < flips; i++) {
		off_t at = places.at[(places.count - 1) * i / (flips - 1)];
		uint8_t mask = (uint8_t)(1u << (i % 8));

		flip(at, mask);
		if (!is_found())
			fail_msg("%s: byte %lld, bit %u was not missed", trees[from], (long long)at,
				(unsigned int)(i % 8));
		flip(at, mask);
	}
	free(places.at);
}

static void
flipped_byte_is_found_wherever_it_is(void **state)
{
	(void)state;
	fill();
	assert_int_equal(fixture_verify(&fixture).found, 0);
	fixture_close(&fixture);
	flip_all_over(0, ARRAY_SIZE(trees), FLIPS);
	fixture_start(&fixture);
	assert_int_equal(fixture_verify(&fixture).found, 0);
}

static void
flipped_byte_is_found_in_every_index_and_table(void **state)
{
	(void)state;
	fill();
	fixture_close(&fixture);
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		flip_all_over(i, i + 1, FLIPS_OF_EACH);
	fixture_start(&fixture);
	assert_int_equal(fixture_verify(&fixture).found, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			flipped_byte_is_found_wherever_it_is, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(flipped_byte_is_found_in_every_index_and_table,
			session_setup, session_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
