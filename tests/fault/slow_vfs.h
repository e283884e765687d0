/* A disk that is slow, full or broken: an SQLite VFS that test programs register as the default one.
 * The gateway itself never knows of it.
 */
#ifndef FAULT_SLOW_VFS_H
#define FAULT_SLOW_VFS_H

#include <stdatomic.h>

/* May be changed at any time, from any thread. */
struct slow_vfs {
	atomic_int sync_ms; /* how long each xSync takes; below 0: it does nothing */
	atomic_int
		writes_left; /* when below 0: never fail; else each write counts, and from 0 on fails */
	atomic_bool sync_fails; /* xSync returns SQLITE_IOERR_FSYNC */
	atomic_int syncs;       /* counted */
	atomic_int writes;
};

extern struct slow_vfs slow_vfs;

/* Makes it the default VFS of this process. */
void slow_vfs_register(void);

#endif
