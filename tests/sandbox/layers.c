/* The layers of the sandboxes one by one: what lock_down_early does for every process, and Landlock
 * alone, which behind the system-call filter would never be reached. Exit 77 says which part this
 * kernel cannot show.
 */
#include "base/cleanup.h"
#include "base/lock_down_parts.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			printf("# line %d: %s (errno %d)\n", __LINE__, #condition, errno); \
			return 1;                                                          \
		}                                                                          \
	} while (0)

static int
early_holds(void)
{
	uv_loop_t loop;

	CHECK(lock_down_early() == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(LOCK_DOWN_SANITIZED || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(syscall(SYS_io_uring_setup, 1, (char[256]){0}) < 0 && errno == ENOSYS);
	CHECK(syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0) < 0 && errno == ENOSYS);
	CHECK(syscall(SYS_io_uring_register, 0, 0, NULL, 0) < 0 && errno == ENOSYS);
	/* libuv does without, and a second call, as a child's, adds nothing. */
	CHECK(uv_loop_init(&loop) == 0);
	CHECK(lock_down_early() == 0);
	return 0;
}

static void *
wait_for_ever(void *context)
{
	pause();
	return context;
}

/* Landlock would leave the second thread outside. */
static int
a_second_thread_is_refused(void)
{
	pthread_t thread;

	CHECK(lock_down_early() == 0);
	CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
	CHECK(lock_down(LOCK_DOWN_WORKER) == -EBUSY);
	return 0;
}

static int
tcp_to(int port, int (*function)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return function(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

/* No file: neither what everybody may read nor a new one nor a program. */
static int
landlock_denies_files(void)
{
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(access("/etc/passwd", R_OK) == 0);
	CHECK(lock_down_landlock(lock_down_landlock_version(), false) == 0);
	if (!LOCK_DOWN_SANITIZED)
		CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHECK(open("/tmp/sekisho-layers", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 &&
		errno == EACCES);
	CHECK(mkdir("/tmp/sekisho-layers", 0700) < 0 && errno == EACCES);
	execl("/bin/true", "true", (char *)NULL);
	CHECK(errno == EACCES);
	return 0;
}

static int
landlock_denies_tcp(void)
{
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(lock_down_landlock(lock_down_landlock_version(), false) == 0);
	CHECK(tcp_to(9, connect) == -EACCES);
	CHECK(tcp_to(0, bind) == -EACCES);
	return 0;
}

static int
landlock_denies_signals(void)
{
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(kill(getppid(), 0) == 0);
	CHECK(lock_down_landlock(lock_down_landlock_version(), false) == 0);
	CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
	return 0;
}

static int
landlock_denies_abstract_sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 24);
	auto_fd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd int before = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd int after = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path + 1, 24, "sekisho-layers-%d", (int)getpid());
	CHECK(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 4) == 0);
	CHECK(connect(before, (struct sockaddr *)&address, len) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(lock_down_landlock(lock_down_landlock_version(), false) == 0);
	CHECK(connect(after, (struct sockaddr *)&address, len) < 0 && errno == EPERM);
	return 0;
}

static const struct {
	const char *name;
	int (*function)(void);
	int landlock; /* the version it needs */
} layers[] = {
	{"early_holds", early_holds, 0},
	{"a_second_thread_is_refused", a_second_thread_is_refused, 1},
	{"landlock_denies_files", landlock_denies_files, 1},
	{"landlock_denies_tcp", landlock_denies_tcp, 4},
	{"landlock_denies_signals", landlock_denies_signals, 6},
	{"landlock_denies_abstract_sockets", landlock_denies_abstract_sockets, 6},
};

int
main(void)
{
	int version = lock_down_landlock_version();
	unsigned int failed = 0, skipped = 0;

	log_init("sandbox_layers");
	printf("# Landlock version %d\n", version);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		int status = -1;
		pid_t pid;

		if (layers[i].landlock > version) {
			printf("skipped: %s needs Landlock version %d, this kernel has %d\n",
				layers[i].name, layers[i].landlock, version);
			skipped++;
			continue;
		}
		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			int r = layers[i].function();

			fflush(NULL);
			_exit(r);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			failed++;
		printf("%s - %s\n", status == 0 ? "ok" : "not ok", layers[i].name);
	}
	if (failed > 0)
		return 1;
	return skipped > 0 ? 77 : 0;
}
