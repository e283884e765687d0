/* A disk that is slow, full or broken; see slow_vfs.h. Every other call goes to the real VFS. */
#include "slow_vfs.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct slow_vfs slow_vfs = {.writes_left = -1};

/* Our file, followed in memory by the real one. */
struct slow_file {
	sqlite3_file base;
};

static sqlite3_file *
real_file(sqlite3_file *file)
{
	return (sqlite3_file *)((struct slow_file *)file + 1);
}

static bool
write_fails(void)
{
	slow_vfs.writes++;
	if (slow_vfs.writes_left < 0)
		return false;
	if (slow_vfs.writes_left == 0)
		return true;
	slow_vfs.writes_left--;
	return false;
}

static int
slow_close(sqlite3_file *file)
{
	return real_file(file)->pMethods->xClose(real_file(file));
}

static int
slow_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	return real_file(file)->pMethods->xRead(real_file(file), bytes, len, at);
}

static int
slow_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	if (write_fails())
		return SQLITE_FULL;
	return real_file(file)->pMethods->xWrite(real_file(file), bytes, len, at);
}

static int
slow_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int
slow_sync(sqlite3_file *file, int flags)
{
	slow_vfs.syncs++;
	if (slow_vfs.sync_ms > 0)
		usleep((useconds_t)slow_vfs.sync_ms * 1000);
	if (slow_vfs.sync_fails)
		return SQLITE_IOERR_FSYNC;
	if (slow_vfs.sync_ms < 0)
		return SQLITE_OK;
	return real_file(file)->pMethods->xSync(real_file(file), flags);
}

static int
slow_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return real_file(file)->pMethods->xFileSize(real_file(file), ret_size);
}

static int
slow_lock(sqlite3_file *file, int level)
{
	return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int
slow_unlock(sqlite3_file *file, int level)
{
	return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int
slow_check_lock(sqlite3_file *file, int *ret_locked)
{
	return real_file(file)->pMethods->xCheckReservedLock(real_file(file), ret_locked);
}

static int
slow_control(sqlite3_file *file, int operation, void *argument)
{
	return real_file(file)->pMethods->xFileControl(real_file(file), operation, argument);
}

static int
slow_sector_size(sqlite3_file *file)
{
	return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int
slow_characteristics(sqlite3_file *file)
{
	return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

static int
slow_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_at)
{
	return real_file(file)->pMethods->xShmMap(real_file(file), page, size, extend, ret_at);
}

static int
slow_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_file(file)->pMethods->xShmLock(real_file(file), offset, count, flags);
}

static void
slow_shm_barrier(sqlite3_file *file)
{
	real_file(file)->pMethods->xShmBarrier(real_file(file));
}

static int
slow_shm_unmap(sqlite3_file *file, int remove)
{
	return real_file(file)->pMethods->xShmUnmap(real_file(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = slow_close,
	.xRead = slow_read,
	.xWrite = slow_write,
	.xTruncate = slow_truncate,
	.xSync = slow_sync,
	.xFileSize = slow_size,
	.xLock = slow_lock,
	.xUnlock = slow_unlock,
	.xCheckReservedLock = slow_check_lock,
	.xFileControl = slow_control,
	.xSectorSize = slow_sector_size,
	.xDeviceCharacteristics = slow_characteristics,
	.xShmMap = slow_shm_map,
	.xShmLock = slow_shm_lock,
	.xShmBarrier = slow_shm_barrier,
	.xShmUnmap = slow_shm_unmap,
};

static sqlite3_vfs *real_vfs;

static int
slow_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	int rc;

	(void)vfs;
	file->pMethods = NULL;
	rc = real_vfs->xOpen(real_vfs, name, real_file(file), flags, ret_flags);
	if (rc == SQLITE_OK)
		file->pMethods = &methods;
	return rc;
}

void
slow_vfs_register(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "slow";
	vfs.szOsFile = (int)sizeof(struct slow_file) + real_vfs->szOsFile;
	vfs.xOpen = slow_open;
	(void)sqlite3_vfs_register(&vfs, 1);
}
