/* Running sekisho-export; see export_run.h. */
#include "admin-cli/export_run.h"

#include "admin-cli/new_file.h"
#include "admin-cli/progress.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "sekisho-export"
#define WORDS_MOST (2 * EXPORT_PNG_MOST + 8)
#define FIRST_FD 3
#define FDS (FIRST_FD + 3 + EXPORT_PNG_MOST)
#define REASON_SIZE 1024

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* Ctrl-C, kill, a terminal that is closed: nothing half is left of what was to be made. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP};

static void
watch_endings(struct sigaction ret_before[])
{
	const struct sigaction interrupt = {.sa_handler = on_interrupt};

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		(void)sigaction(endings[i], &interrupt, &ret_before[i]);
		if (ret_before[i].sa_handler == SIG_IGN) /* nohup */
			(void)sigaction(endings[i], &ret_before[i], NULL);
	}
}

/* Beside this program, where a build has it, or where it is installed. */
static bool
find_program(char *ret_path, size_t size)
{
	static const char *const places[] = {"", "/../gateway", NULL};
	char self[EXPORT_PATH_SIZE];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0) {
		const char *folder;

		self[len] = '\0';
		folder = dirname(self);
		for (size_t i = 0; places[i] != NULL; i++) {
			(void)snprintf(ret_path, size, "%s%s/" PROGRAM, folder, places[i]);
			if (access(ret_path, X_OK) == 0)
				return true;
		}
	}
	(void)snprintf(ret_path, size, "%s/" PROGRAM, SEKISHO_LIBEXEC_DIR);
	return access(ret_path, X_OK) == 0;
}

/* What it says on its descriptor 2 is a line of fixed words, and what it says on 1 is numbers. */
struct child {
	pid_t pid;
	FILE *progress;
	int reason;
};

struct pipes {
	int progress[2], reason[2], key[2];
};

/* In the child: every descriptor in its place, through places where none of them is. */
static void
put_in_place(const int *fds, size_t count)
{
	int high[FDS];

	for (size_t i = 0; i < count; i++)
		high[i] = fcntl(fds[i], F_DUPFD, FDS + 1);
	for (size_t i = 0; i < count; i++)
		if (high[i] < 0 || dup2(high[i], (int)i) < 0)
			_exit(1);
	for (int fd = (int)count; fd < 3 * FDS; fd++)
		(void)close(fd);
}

static size_t
make_words(const struct export_run *run, char *program, char numbers[][12], char **ret_words)
{
	size_t count = 0;

	ret_words[count++] = program;
	if (run->format != NULL) {
		ret_words[count++] = "--video";
		ret_words[count++] = (char *)(uintptr_t)run->format;
	}
	if (run->wants_sheet)
		ret_words[count++] = "--sheet";
	if (run->skip_idle)
		ret_words[count++] = "--skip-idle";
	for (size_t i = 0; i < run->png_count; i++) {
		snprintf(numbers[i], 12, "%u", run->png_ms[i]);
		ret_words[count++] = "--png";
		ret_words[count++] = numbers[i];
	}
	ret_words[count] = NULL;
	return count;
}

static void
become(const struct export_run *run, char *program, int recording, const struct pipes *pipes)
{
	char numbers[EXPORT_PNG_MOST][12];
	char *words[WORDS_MOST], *environment[] = {"LC_ALL=C.UTF-8", NULL};
	int fds[FDS], nothing = open("/dev/null", O_RDWR);

	fds[0] = recording;
	fds[1] = pipes->progress[1];
	fds[2] = pipes->reason[1];
	fds[3] = pipes->key[0];
	fds[4] = run->format != NULL ? run->outputs[run->video].fd : nothing;
	fds[5] = run->wants_sheet ? run->outputs[run->sheet].fd : nothing;
	for (size_t i = 0; i < run->png_count; i++)
		fds[6 + i] = run->outputs[run->png + i].fd;
	(void)make_words(run, program, numbers, words);
	put_in_place(fds, 6 + run->png_count);
	(void)execve(program, words, environment);
	_exit(1);
}

static int
make_pipes(struct pipes *pipes)
{
	return pipe2(pipes->progress, O_CLOEXEC) < 0 || pipe2(pipes->reason, O_CLOEXEC) < 0 ||
			       pipe2(pipes->key, O_CLOEXEC) < 0
		       ? -errno
		       : 0;
}

static int
start(const struct export_run *run, char *program, int recording, const uint8_t *key,
	struct child *ret_child)
{
	struct pipes pipes;
	int r = make_pipes(&pipes);

	if (r < 0)
		return r;
	ret_child->pid = fork();
	if (ret_child->pid == 0)
		become(run, program, recording, &pipes);
	(void)close(pipes.progress[1]);
	(void)close(pipes.reason[1]);
	(void)close(pipes.key[0]);
	if (ret_child->pid < 0)
		r = -errno;
	/* A pipe takes so few bytes at once. */
	else if (write(pipes.key[1], key, RECORDING_KEY_BYTES) != RECORDING_KEY_BYTES)
		r = -EPIPE;
	(void)close(pipes.key[1]);
	ret_child->reason = pipes.reason[0];
	ret_child->progress = fdopen(pipes.progress[0], "r");
	return ret_child->progress == NULL ? -ENOMEM : r;
}

static void
show_progress(const struct admin *admin, unsigned int done, unsigned int of)
{
	json_t *progress;

	if (admin->arguments->json)
		return;
	progress = json_pack("{s:s, s:I, s:I}", "what", "exporting", "done", (json_int_t)done, "of",
		(json_int_t)of);
	progress_show(progress);
	json_decref(progress);
}

static void
hear(const struct admin *admin, struct export_run *run, const struct child *child)
{
	char line[80];
	unsigned int done, of;

	while (!interrupted && fgets(line, sizeof(line), child->progress) != NULL) {
		if (sscanf(line, "progress %u %u", &done, &of) == 2)
			show_progress(admin, done, of);
		else if (sscanf(line, "broken %u", &run->broken_ms) == 1)
			run->broken = true;
	}
	progress_clear();
}

/* The last line that it has said, without its end: before it may stand what its sandbox has logged. */
static void
read_reason(const struct child *child, char ret_reason[REASON_SIZE])
{
	size_t have = 0;
	ssize_t len;
	char *last;

	do {
		len = read(child->reason, ret_reason + have, REASON_SIZE - 1 - have);
		have += len > 0 ? (size_t)len : 0;
	} while (len > 0);
	while (have > 0 && (ret_reason[have - 1] == '\n' || ret_reason[have - 1] == '\r'))
		have--;
	ret_reason[have] = '\0';
	last = strrchr(ret_reason, '\n');
	if (last != NULL)
		memmove(ret_reason, last + 1, strlen(last));
}

static enum admin_exit
judge(const struct admin *admin, int status, const char *reason)
{
	if (interrupted)
		return admin_refuse(admin, ADMIN_REFUSED, _("given up; nothing was made"));
	if (WIFSIGNALED(status))
		return admin_refuse(admin, ADMIN_REFUSED,
			_("sekisho-export has died of signal %d: the recording holds what cannot "
			  "be "
			  "decoded safely. Nothing was made"),
			WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return admin_refuse(admin, ADMIN_REFUSED, "%s",
			reason[0] != '\0' ? said_translate(reason)
					  : _("sekisho-export has failed"));
	return ADMIN_DONE;
}

static enum admin_exit
sync_outputs(const struct admin *admin, const struct export_run *run)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->count; i++) {
		r = new_file_write(run->outputs[i].fd, "", 0);
		if (r < 0)
			return new_file_refuse(admin, run->outputs[i].path, r);
	}
	return ADMIN_DONE;
}

static enum admin_exit
make_outputs(const struct admin *admin, struct export_run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		int fd = new_file_create(run->outputs[i].path);

		if (fd < 0)
			return new_file_refuse(admin, run->outputs[i].path, fd);
		run->outputs[i].fd = fd;
	}
	return ADMIN_DONE;
}

static enum admin_exit
run_program(struct admin *admin, struct export_run *run, char *program, int recording,
	const uint8_t key[RECORDING_KEY_BYTES])
{
	char reason[REASON_SIZE] = "";
	struct child child = {.reason = -1};
	enum admin_exit exit_code;
	int status = 0;
	int r = start(run, program, recording, key, &child);

	if (r == 0)
		hear(admin, run, &child);
	if (child.pid > 0) {
		if (interrupted || r < 0)
			(void)kill(child.pid, SIGKILL);
		read_reason(&child, reason);
		while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
			(void)kill(child.pid, SIGKILL);
	}
	if (child.progress != NULL)
		(void)fclose(child.progress);
	if (child.reason >= 0)
		(void)close(child.reason);
	if (r < 0 && !interrupted)
		return admin_refuse(admin, ADMIN_REFUSED, "%s: %s", program, strerror(-r));
	exit_code = judge(admin, status, reason);
	return exit_code == ADMIN_DONE ? sync_outputs(admin, run) : exit_code;
}

enum admin_exit
export_run(struct admin *admin, struct export_run *run, int recording,
	const uint8_t key[RECORDING_KEY_BYTES])
{
	struct sigaction before[ARRAY_SIZE(endings)];
	char program[EXPORT_PATH_SIZE];
	enum admin_exit exit_code;

	if (!find_program(program, sizeof(program)))
		return admin_refuse(admin, ADMIN_REFUSED,
			_("sekisho-export is not installed here: %s"), program);
	watch_endings(before);
	exit_code = make_outputs(admin, run);
	if (exit_code == ADMIN_DONE)
		exit_code = run_program(admin, run, program, recording, key);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		(void)sigaction(endings[i], &before[i], NULL);
	return exit_code;
}

void
export_run_done(struct export_run *run, bool keep)
{
	for (size_t i = 0; i < run->count; i++) {
		if (run->outputs[i].fd < 0)
			continue;
		(void)close(run->outputs[i].fd);
		if (!keep)
			(void)unlink(run->outputs[i].path);
	}
}
