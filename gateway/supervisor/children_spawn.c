/* Starting a program as a child with numbered descriptors; see children_spawn.h. */
#include "supervisor/children_spawn.h"

#include "base/cleanup.h"
#include "base/lock_down.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Where descriptors wait while 3 and 4 are being filled. */
#define ASIDE 10

int
child_program_path(const char *directory, const char *name, char *ret_path, size_t size)
{
	char own[PATH_MAX];
	ssize_t len;
	int written;

	if (directory == NULL) {
		char *slash;

		len = readlink("/proc/self/exe", own, sizeof(own) - 1);
		if (len < 0)
			return -errno;
		own[len] = 0;
		slash = strrchr(own, '/');
		if (slash == NULL)
			return -ENOENT;
		*slash = 0;
		directory = own;
	}
	written = snprintf(ret_path, size, "%s/%s", directory, name);
	if (written < 0 || (size_t)written >= size)
		return -ENAMETOOLONG;
	return access(ret_path, X_OK) < 0 ? -errno : 0;
}

/* The variables of ours that a child may see. */
static void
fill_environment(char **environment, size_t room)
{
	static const char *const kept[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS="};
	/* glibc's per-thread cache keeps freed pieces of every small size, and with them the pages of
	 * sessions that are long over. */
	static char no_cache[] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0";
	size_t count = 0;

	environment[count++] = no_cache;
	for (char **variable = environ; *variable != NULL; variable++) {
		for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
			if (count + 1 < room && strncmp(*variable, kept[i], strlen(kept[i])) == 0)
				environment[count++] = *variable;
		}
	}
	environment[count] = NULL;
}

/* In the child, after fork from a process with threads: system calls only. */
static void
become(const struct child_program *program, char *const *arguments, char *const *environment)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);
	int log = fcntl(program->output, F_DUPFD, ASIDE);
	int third = fcntl(program->channel, F_DUPFD, ASIDE);
	int other = fcntl(program->fourth, F_DUPFD, ASIDE);

	if (null < 0 || log < 0 || third < 0 || other < 0)
		_exit(127);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
		dup2(log, STDERR_FILENO) < 0 || dup2(third, CHILD_FD_CHANNEL) < 0 ||
		dup2(other, CHILD_FD_KEY) < 0)
		_exit(127);
	closefrom(CHILD_FD_KEY + 1);
	if (program->niceness != 0)
		(void)setpriority(PRIO_PROCESS, 0, program->niceness);
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	/* A terminal's Ctrl-C and a manager's stop reach the whole group: the supervisor ends its
	 * children by itself, after it has ended and logged their sessions. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execve(program->path, arguments, environment);
	_exit(127);
}

int
child_spawn(const struct child_program *program, pid_t *ret_pid)
{
	char *arguments[] = {(char *)program->name, NULL};
	char *environment[8];
	pid_t pid;

	fill_environment(environment, ARRAY_SIZE(environment));
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(program, arguments, environment);
	*ret_pid = pid;
	return 0;
}
