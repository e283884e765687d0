/* gateway/base/whole.c */
#include "base/whole.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void
reads_what_is_there_and_no_more_than_fits(void **state)
{
	auto_fd int fd = memfd_create("whole", MFD_CLOEXEC);
	char room[8] = "";

	(void)state;
	assert_int_equal(write_whole(fd, "sekisho", 7), 0);
	assert_int_equal(read_at(fd, 0, room, sizeof(room)), 7);
	assert_memory_equal(room, "sekisho", 7);
	assert_int_equal(read_at(fd, 3, room, 2), 2);
	assert_memory_equal(room, "is", 2);
	assert_int_equal(read_at(fd, 5, room, sizeof(room)), 2);
	assert_memory_equal(room, "ho", 2);
	assert_int_equal(read_at(fd, 7, room, sizeof(room)), 0);
	/* Where the file stands is left as it was. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
}

static void
says_why_not(void **state)
{
	char room[8];

	(void)state;
	assert_int_equal(read_at(-1, 0, room, sizeof(room)), -EBADF);
	assert_int_equal(write_whole(-1, room, sizeof(room)), -EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_there_and_no_more_than_fits),
		cmocka_unit_test(says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
