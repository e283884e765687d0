/* See disk_fixture.h. */
#include "disk_fixture.h"

int
disk_setup(void **state)
{
	(void)state;
	slow_vfs_register();
	slow_vfs.sync_ms = 0;
	slow_vfs.writes_left = -1;
	slow_vfs.sync_fails = false;
	fixture_init(&fixture);
	return 0;
}

int
disk_teardown(void **state)
{
	(void)state;
	slow_vfs.writes_left = -1;
	slow_vfs.sync_fails = false;
	fixture_done(&fixture);
	return 0;
}
