/* The system-call filters, from lock_down_calls.def; see lock_down.h. */
#include "base/cleanup.h"
#include "base/lock_down_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define W (1u << LOCK_DOWN_WORKER)
#define K (1u << LOCK_DOWN_KEY)
#define G (1u << LOCK_DOWN_GREETER)
#define N (1u << LOCK_DOWN_NLA)
#define M (1u << LOCK_DOWN_MEDIATOR)
#define P (1u << LOCK_DOWN_PLAYER)
#define R (1u << LOCK_DOWN_RECORDER)
#define S (1u << LOCK_DOWN_SUPERVISOR)
#define A (1u << LOCK_DOWN_COUNT)

/* What libc's pthread_create asks for. */
#define THREAD_FLAGS                                                                        \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

struct filter_row {
	uint32_t profiles;
	int call; /* negative: this machine's kernel has no such call */
	uint32_t action;
	unsigned int condition_count;
	struct scmp_arg_cmp conditions[2];
};

#define INT(argument, value)                                                  \
	{                                                                     \
		(argument), SCMP_CMP_MASKED_EQ, 0xffffffff, (uint32_t)(value) \
	}
#define POINTER(argument, value)                    \
	{                                           \
		(argument), SCMP_CMP_EQ, (value), 0 \
	}
#define LACKS(argument, bits)                             \
	{                                                 \
		(argument), SCMP_CMP_MASKED_EQ, (bits), 0 \
	}

/* libseccomp can say "is not" of all 64 bits only. */
#define NOT_INT(argument, value)                              \
	{                                                     \
		(argument), SCMP_CMP_NE, (uint32_t)(value), 0 \
	}

#define CALL(profiles, call) {profiles, SCMP_SYS(call), SCMP_ACT_ALLOW, 0, {{0}}},
#define CALL_IF(profiles, call, condition) \
	{profiles, SCMP_SYS(call), SCMP_ACT_ALLOW, 1, {condition}},
#define CALL_IF2(profiles, call, one, other) \
	{profiles, SCMP_SYS(call), SCMP_ACT_ALLOW, 2, {one, other}},
#define ANSWER(profiles, call, answer) {profiles, SCMP_SYS(call), SCMP_ACT_ERRNO(answer), 0, {{0}}},
#define ANSWER_IF(profiles, call, answer, condition) \
	{profiles, SCMP_SYS(call), SCMP_ACT_ERRNO(answer), 1, {condition}},
#define FORBID(profiles, call) {profiles, SCMP_SYS(call), SCMP_ACT_KILL_PROCESS, 0, {{0}}},

/* Has an allowing row of the sanitizer's taken the place of this one? */
static bool
is_widened(const struct filter_row *rows, size_t count, const struct filter_row *row)
{
	if (!LOCK_DOWN_SANITIZED || (row->profiles & A) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if ((rows[i].profiles & A) != 0 && rows[i].call == row->call)
			return true;
	}
	return false;
}

static int
add_rows(scmp_filter_ctx filter, enum lock_down_profile profile)
{
	/* Not static: rows ask for getpid(). */
	const struct filter_row rows[] = {
#include "base/lock_down_calls.def"
	};
	uint32_t wanted = (1u << profile) | (LOCK_DOWN_SANITIZED ? A : 0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r;

		if ((rows[i].profiles & wanted) == 0 || rows[i].call < 0 ||
			is_widened(rows, ARRAY_SIZE(rows), &rows[i]))
			continue;
		/* Where everything else is allowed there is nothing to widen. */
		if ((rows[i].profiles & A) != 0 && profile == LOCK_DOWN_SUPERVISOR)
			continue;
		r = seccomp_rule_add_array(filter, rows[i].action, rows[i].call,
			rows[i].condition_count, rows[i].conditions);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Starts a filter for all threads, whose calls without a row do what `otherwise` says. */
static int
filter_new(uint32_t otherwise, scmp_filter_ctx *ret_filter)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int r;

	if (filter == NULL)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A balanced tree: the last row costs a call as little as the first. */
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0) {
		seccomp_release(filter);
		return r;
	}
	*ret_filter = filter;
	return 0;
}

int
lock_down_filter(enum lock_down_profile profile, bool kill)
{
	scmp_filter_ctx filter;
	int r = filter_new(kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW, &filter);

	if (r < 0)
		return r;
	r = add_rows(filter, profile);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int
lock_down_refuse_io_uring(void)
{
	static const int calls[] = {
		SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)};
	scmp_filter_ctx filter;
	int r;

	/* Inherited from the supervisor: one filter is enough. */
	if (syscall(SYS_io_uring_setup, 0, NULL) < 0 && errno == ENOSYS)
		return 0;
	r = filter_new(SCMP_ACT_ALLOW, &filter);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(calls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), calls[i], 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
