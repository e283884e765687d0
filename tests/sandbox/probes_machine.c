/* Probes of files, programs, other processes and the kernel. See probes.def. */
#include "probe.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT(call) ((call) < 0 ? errno : 0)

/* A probe that is one call. */
#define ONE_CALL(name, call)                              \
	int probe_##name(const struct probe_hands *hands) \
	{                                                 \
		(void)hands;                              \
		return RESULT(call);                      \
	}

ONE_CALL(open_read, open("/etc/passwd", O_RDONLY | O_CLOEXEC))
ONE_CALL(readlink, readlink("/proc/self/exe", (char[8]){0}, 8))
ONE_CALL(stat, stat("/etc/passwd", &(struct stat){0}))
ONE_CALL(rename, rename("/tmp/sekisho-probe-absent", "/tmp/sekisho-probe-absent-too"))
ONE_CALL(chmod, chmod("/tmp/sekisho-probe-absent", 0600))
ONE_CALL(memfd, memfd_create("probe", MFD_CLOEXEC))
ONE_CALL(openat2, syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &(struct open_how){0},
			  sizeof(struct open_how)))
ONE_CALL(execveat, syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0))
ONE_CALL(pkey_mprotect, syscall(SYS_pkey_mprotect, NULL, 0, PROT_EXEC, 0))
ONE_CALL(shmget, shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600))
ONE_CALL(ptrace, ptrace(PTRACE_SEIZE, hands->parent, NULL, NULL))
ONE_CALL(kill_parent, kill(hands->parent, 0))
ONE_CALL(tgkill_parent, syscall(SYS_tgkill, hands->parent, hands->parent, 0))
ONE_CALL(io_uring_setup, syscall(SYS_io_uring_setup, 1, (char[256]){0}))
ONE_CALL(io_uring_enter, syscall(SYS_io_uring_enter, hands->stream[0], 0, 0, 0, NULL, 0))
ONE_CALL(io_uring_register, syscall(SYS_io_uring_register, hands->stream[0], 0, NULL, 0))
ONE_CALL(bpf, syscall(SYS_bpf, 0, NULL, 0))
ONE_CALL(perf_event_open, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
ONE_CALL(userfaultfd, syscall(SYS_userfaultfd, 0))
ONE_CALL(mount, mount("none", "/tmp", "tmpfs", 0, NULL))
ONE_CALL(unshare, unshare(CLONE_NEWUSER))
ONE_CALL(setns, setns(hands->stream[0], 0))
ONE_CALL(chroot, chroot("/"))
ONE_CALL(setuid, setuid(getuid()))
ONE_CALL(keyctl, syscall(SYS_keyctl, 0, 0, 0))
ONE_CALL(init_module, syscall(SYS_init_module, NULL, 0, ""))
ONE_CALL(seccomp, syscall(SYS_seccomp, 2, 0, (unsigned int[]){0}))
ONE_CALL(personality, personality(0xffffffff))
ONE_CALL(dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
ONE_CALL(raise_limit, setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64}))
ONE_CALL(terminal, ioctl(STDIN_FILENO, TIOCSTI, "x"))

int
probe_open_write(const struct probe_hands *hands)
{
	char path[64];
	int fd;

	(void)hands;
	snprintf(path, sizeof(path), "/tmp/sekisho-probe-%d", (int)getpid());
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	(void)close(fd);
	return RESULT(unlink(path));
}

int
probe_unlink(const struct probe_hands *hands)
{
	(void)hands;
	return unlink("/tmp/sekisho-probe-absent") < 0 && errno != ENOENT ? errno : 0;
}

int
probe_execve(const struct probe_hands *hands)
{
	char *const arguments[] = {(char[]){"true"}, NULL};

	(void)hands;
	execve("/bin/true", arguments, NULL);
	return errno;
}

int
probe_fork(const struct probe_hands *hands)
{
	pid_t pid = fork();
	int status;

	(void)hands;
	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(0);
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : EIO;
}

static void *
do_nothing(void *context)
{
	return context;
}

int
probe_thread(const struct probe_hands *hands)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, do_nothing, NULL);

	(void)hands;
	return r == 0 ? pthread_join(thread, NULL) : r;
}

int
probe_begin_thread(const struct probe_hands *hands)
{
	static struct robust_list_head none = {.list = {&none.list}};

	(void)hands;
	return RESULT(syscall(SYS_set_robust_list, &none, sizeof(none)));
}

static int
take_memory(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? errno : 0;
}

int
probe_memory_without_end(const struct probe_hands *hands)
{
	(void)hands;
	return take_memory((size_t)1 << 30);
}

int
probe_memory_of_two_decoders(const struct probe_hands *hands)
{
	(void)hands;
	return take_memory((size_t)3 << 29);
}

int
probe_mmap_exec(const struct probe_hands *hands)
{
	void *pages = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)hands;
	return pages == MAP_FAILED ? errno : 0;
}

int
probe_mprotect_exec(const struct probe_hands *hands)
{
	void *pages = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)hands;
	if (pages == MAP_FAILED)
		return errno;
	return RESULT(mprotect(pages, 4096, PROT_READ | PROT_EXEC));
}

int
probe_process_vm_readv(const struct probe_hands *hands)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {&byte, 1};

	return RESULT(process_vm_readv(hands->parent, &here, 1, &there, 1, 0));
}

int
probe_process_vm_writev(const struct probe_hands *hands)
{
	char byte = 0;
	struct iovec here = {&byte, 1}, there = {&byte, 1};

	return RESULT(process_vm_writev(hands->parent, &here, 1, &there, 1, 0));
}

int
probe_other_abi(const struct probe_hands *hands)
{
	(void)hands;
#if defined(__x86_64__)
	return RESULT(syscall(0x40000000 | SYS_getpid));
#else
	/* No second ABI in the same process: stand in with a call number that nobody has. */
	raise(SIGSYS);
	return 0;
#endif
}
