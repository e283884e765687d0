/* policy/backup/folder.c: what lies in the folder of the backups. */
#include "../backup_fixture.h"

#include "base/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
count_swept(void *argument, const char *id)
{
	assert_string_equal(id, "aabbccdd");
	(*(int *)argument)++;
}

static void
touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void
what_a_killed_gateway_left_is_swept(void **state)
{
	struct backup_making making;
	char path[BACKUP_PATH_SIZE];
	int swept = 0;

	(void)state;
	assert_int_equal(make_backup(&making, ""), 0);
	assert_int_equal(backup_part_path(backups_folder, "aabbccdd", path), 0);
	touch(path);
	assert_int_equal(backup_upload_path(backups_folder, 17, path), 0);
	touch(path);
	snprintf(path, sizeof(path), "%s-restored-wal", fixture.path);
	touch(path);
	snprintf(path, sizeof(path), "%s-copy", fixture.path);
	touch(path);
	scratch_sweep(fixture.path);
	backup_folder_sweep(backups_folder, count_swept, &swept);
	assert_int_equal(swept, 1);
	assert_int_equal(backup_upload_path(backups_folder, 17, path), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(backup_path(backups_folder, making.entry.id, path), 0);
	assert_int_equal(access(path, F_OK), 0);
}

static void
foreign_files_in_the_folder_take_up_a_place(void **state)
{
	struct backup_list *list = calloc(1, sizeof(*list));
	char path[BACKUP_PATH_SIZE];
	struct backup_making making;

	(void)state;
	assert_int_equal(make_backup(&making, ""), 0);
	assert_int_equal(backup_path(backups_folder, "00000000", path), 0);
	touch(path);
	snprintf(path, sizeof(path), "%s/readme.txt", backups_folder);
	touch(path);
	assert_int_equal(backup_folder_list(
				 backups_folder, fixture.sealing, &fixture.settings.facility, list),
		0);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->entries[0].fault + list->entries[1].fault, BACKUP_NOT_A_BACKUP);
	free(list);
}

static void
old_error_logs_are_forgotten(void **state)
{
	char path[BACKUP_PATH_SIZE];
	int left = 0;

	(void)state;
	assert_int_equal(backup_folder_make(backups_folder), 0);
	for (int i = 0; i < BACKUPS_MOST + 3; i++)
		assert_int_equal(
			backup_error_log(backups_folder, NOON_US + i * DAY_US, "it failed\n", path),
			0);
	for (int i = 0; i < BACKUPS_MOST + 3; i++) {
		char at[CLOCK_TEXT_SIZE];

		clock_format_utc(NOON_US + i * DAY_US, at);
		snprintf(path, sizeof(path), "%s/restore-failed-%s.log", backups_folder, at);
		assert_int_equal(access(path, F_OK) == 0, i >= 3);
		left += access(path, F_OK) == 0;
	}
	assert_int_equal(left, BACKUPS_MOST);
}

#define IN_OUT(test) cmocka_unit_test_setup_teardown(test, backup_setup, backup_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OUT(what_a_killed_gateway_left_is_swept),
		IN_OUT(foreign_files_in_the_folder_take_up_a_place),
		IN_OUT(old_error_logs_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
