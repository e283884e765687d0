/* gateway/recorder/syncing.c: the disk is this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder/syncing.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define STALL_MS 5000
#define FILE_FD 77

/* What fdatasync answers, for which it waits until a byte is written here. */
static int gate[2];
static atomic_int asked, answers;

int __wrap_fdatasync(int fd);

int
__wrap_fdatasync(int fd)
{
	uint8_t byte;

	atomic_fetch_add(&asked, fd == FILE_FD);
	if (read(gate[0], &byte, 1) != 1 || atomic_load(&answers) == 0)
		return 0;
	errno = atomic_load(&answers);
	return -1;
}

static struct syncing syncing;

static int
begin(void **state)
{
	(void)state;
	atomic_store(&asked, 0);
	atomic_store(&answers, 0);
	assert_int_equal(pipe(gate), 0);
	return syncing_start(&syncing);
}

static int
end(void **state)
{
	(void)state;
	(void)close(gate[1]); /* the thread is let go */
	syncing_done(&syncing);
	(void)close(gate[0]);
	return 0;
}

static int
look(uint64_t written, uint32_t ms)
{
	return syncing_turn(&syncing, FILE_FD, written, ms, STALL_MS);
}

static void
disk_answers(int error)
{
	struct pollfd wanted = {.fd = syncing_fd(&syncing), .events = POLLIN};

	atomic_store(&answers, error);
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_int_equal(poll(&wanted, 1, 30000), 1);
}

static void
what_is_written_is_brought_to_the_disk_within_seconds(void **state)
{
	(void)state;
	assert_int_equal(syncing_wait_ms(&syncing, 0, STALL_MS), -1);
	assert_int_equal(look(100, 1000), 0);
	assert_int_equal(syncing_wait_ms(&syncing, 1200, STALL_MS), SYNCING_EVERY_MS - 200);
	assert_int_equal(look(200, 1000 + SYNCING_EVERY_MS - 1), 0);
	assert_false(syncing.runs);
	/* The loop goes on while the disk takes its time. */
	assert_int_equal(look(300, 1000 + SYNCING_EVERY_MS), 0);
	assert_true(syncing.runs);
	assert_int_equal(look(400, 7000), 0);
	assert_int_equal(syncing_wait_ms(&syncing, 7000, STALL_MS), 4000);
	disk_answers(0);
	assert_int_equal(look(400, 8000), 0);
	assert_int_equal(atomic_load(&asked), 1);
	/* What came meanwhile has waited since it came. */
	assert_false(syncing.runs);
	assert_int_equal(syncing_wait_ms(&syncing, 8000, STALL_MS), SYNCING_EVERY_MS - 1000);
	assert_int_equal(look(400, 7000 + SYNCING_EVERY_MS), 0);
	assert_true(syncing.runs);
	assert_true(syncing.from == 300 && syncing.asked == 400);
	disk_answers(0);
	assert_int_equal(look(400, 20000), 0);
	assert_int_equal(syncing_wait_ms(&syncing, 20000, STALL_MS), -1);
	assert_int_equal(atomic_load(&asked), 2);
}

static void
many_bytes_do_not_wait(void **state)
{
	(void)state;
	assert_int_equal(look(SYNCING_BYTES - 1, 10), 0);
	assert_false(syncing.runs);
	assert_int_equal(look(SYNCING_BYTES, 11), 0);
	assert_true(syncing.runs);
	disk_answers(0);
	assert_int_equal(look(SYNCING_BYTES, 12), 0);
	assert_false(syncing.runs);
}

static void
disk_that_fails_is_told_and_asked_again(void **state)
{
	(void)state;
	assert_int_equal(look(SYNCING_BYTES, 0), 0);
	disk_answers(EIO);
	assert_int_equal(look(SYNCING_BYTES + 10, 10), -EIO);
	assert_true(syncing.from == 0 && syncing.asked == SYNCING_BYTES);
	assert_int_equal(look(SYNCING_BYTES + 10, 10 + SYNCING_EVERY_MS), 0);
	assert_true(syncing.runs);
	disk_answers(0);
	assert_int_equal(look(SYNCING_BYTES + 10, 20000), 0);
}

/* More is due by then: of what was lost is said which it was. */
static void
failure_is_of_the_bytes_that_were_asked_for(void **state)
{
	(void)state;
	assert_int_equal(look(SYNCING_BYTES, 0), 0);
	disk_answers(EIO);
	assert_int_equal(look(3 * SYNCING_BYTES, 10), -EIO);
	assert_true(syncing.from == 0 && syncing.asked == SYNCING_BYTES);
	assert_int_equal(syncing_wait_ms(&syncing, 10, STALL_MS), SYNCING_EVERY_MS);
	assert_int_equal(look(3 * SYNCING_BYTES, 10), 0);
	assert_true(syncing.runs);
	assert_true(syncing.from == SYNCING_BYTES && syncing.asked == 3 * SYNCING_BYTES);
	disk_answers(0);
	assert_int_equal(look(3 * SYNCING_BYTES, 20000), 0);
}

static void
disk_that_does_not_answer_is_told_once(void **state)
{
	(void)state;
	assert_int_equal(look(SYNCING_BYTES, 0), 0);
	assert_int_equal(look(SYNCING_BYTES, STALL_MS - 1), 0);
	assert_int_equal(look(SYNCING_BYTES, STALL_MS), -ETIME);
	assert_int_equal(look(SYNCING_BYTES, 2 * STALL_MS), 0);
	assert_int_equal(syncing_wait_ms(&syncing, 2 * STALL_MS, STALL_MS), -1);
	disk_answers(0);
	assert_int_equal(look(SYNCING_BYTES, 3 * STALL_MS), 0);
	/* … and once more the next time. */
	assert_int_equal(look(2 * SYNCING_BYTES, 3 * STALL_MS), 0);
	assert_int_equal(look(2 * SYNCING_BYTES, 4 * STALL_MS), -ETIME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_brought_to_the_disk_within_seconds),
		TEST(many_bytes_do_not_wait),
		TEST(disk_that_fails_is_told_and_asked_again),
		TEST(failure_is_of_the_bytes_that_were_asked_for),
		TEST(disk_that_does_not_answer_is_told_once),
	};

	/* As in the program: its thread may say something to an end that is closed. */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
