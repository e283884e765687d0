/* Sandboxes of our processes; see lock_down.h. */
#include "base/lock_down.h"

#include "base/lock_down_parts.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum otherwise { OTHERWISE_KILL, OTHERWISE_ALLOW };
enum landlock { LANDLOCK_NOTHING, LANDLOCK_NO_FILES_NO_NET, LANDLOCK_FIRST_THREAD };

static const struct profile_row {
	const char *filter;
	const char *filter_asan;
	enum otherwise otherwise;
	enum landlock landlock;
	rlim_t descriptors;
	rlim_t memory; /* MB */
	rlim_t time;   /* seconds */
} rows[LOCK_DOWN_COUNT] = {
#define PROFILE(name, filter_, otherwise_, landlock_, descriptors_, memory_, time_) \
	[LOCK_DOWN_##name] = {                                                      \
		.filter = filter_,                                                  \
		.filter_asan = filter_ "-asan",                                     \
		.otherwise = OTHERWISE_##otherwise_,                                \
		.landlock = LANDLOCK_##landlock_,                                   \
		.descriptors = descriptors_,                                        \
		.memory = memory_,                                                  \
		.time = time_,                                                      \
	},
#include "base/lock_down.def"
#undef PROFILE
};

const char *
lock_down_filter_name(enum lock_down_profile profile)
{
	return LOCK_DOWN_SANITIZED ? rows[profile].filter_asan : rows[profile].filter;
}

static int
failed(const char *filter, const char *step, int r)
{
	log_event(
		EV_SANDBOX_FAILED, "filter='%s' step='%s' error='%s'", filter, step, strerror(-r));
	return r;
}

int
lock_down_early(void)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed("early", "no new privileges", -errno);
	/* The leak check of AddressSanitizer attaches to its own process. */
	if (!LOCK_DOWN_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return failed("early", "not dumpable", -errno);
	r = lock_down_refuse_io_uring();
	if (r < 0)
		return failed("early", "no io_uring", r);
	return 0;
}

/* Lowers a limit for good; 0 leaves it, but for the soft one, which becomes what the hard one allows. */
static int
set_limit(int resource, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	if (most > 0 && most < limit.rlim_max)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

static int
set_limits(const struct profile_row *row)
{
	const struct rlimit none = {0, 0};
	int r;

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	r = set_limit(RLIMIT_NOFILE, row->descriptors);
	if (r == 0 && row->memory > 0 && !LOCK_DOWN_SANITIZED)
		r = set_limit(RLIMIT_DATA, row->memory << 20);
	if (r == 0 && row->time > 0)
		r = set_limit(RLIMIT_CPU, row->time);
	return r;
}

/* Landlock binds one thread and what it starts: another thread would stay outside. */
static int
expect_single_thread(void)
{
	struct stat tasks;

	if (stat("/proc/self/task", &tasks) < 0)
		return -errno;
	return tasks.st_nlink == 3 ? 0 : -EBUSY; /* ".", the name in /proc/self, one thread */
}

int
lock_down_before_threads(void)
{
	int version = lock_down_landlock_version();
	int r;

	if (version == 0)
		return 0; /* lock_down says so */
	r = expect_single_thread();
	if (r == 0)
		r = lock_down_landlock(version, true);
	return r < 0 ? failed("early", "landlock", r) : 0;
}

static int
close_files(const struct profile_row *row, const char *filter, int *ret_version)
{
	int r;

	*ret_version = 0;
	if (row->landlock == LANDLOCK_NOTHING)
		return 0;
	*ret_version = lock_down_landlock_version();
	if (*ret_version == 0) {
		log_event(EV_NO_LANDLOCK, "filter='%s'", filter);
		return 0;
	}
	r = row->landlock == LANDLOCK_FIRST_THREAD ? 0 : expect_single_thread();
	if (r < 0)
		return r;
	return lock_down_landlock(*ret_version, false);
}

int
lock_down(enum lock_down_profile profile)
{
	const struct profile_row *row = &rows[profile];
	const char *filter = lock_down_filter_name(profile);
	int version, r;

	r = set_limits(row);
	if (r < 0)
		return failed(filter, "limits", r);
	r = close_files(row, filter, &version);
	if (r < 0)
		return failed(filter, "landlock", r);
	r = lock_down_filter(profile, row->otherwise == OTHERWISE_KILL);
	if (r < 0)
		return failed(filter, "seccomp", r);
	if (row->landlock == LANDLOCK_NOTHING)
		log_event(EV_SANDBOX_CLOSED, "filter='%s'", filter);
	else
		log_event(EV_SANDBOX_CLOSED, "filter='%s' landlock=%d", filter, version);
	return 0;
}
