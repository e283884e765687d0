/* What a child writes; see child_output.h. */
#include "supervisor/child_output.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "supervisor/child_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

/* Our own children write a few lines in their life. A pipe holds 64 KB: with all of it read at a
 * death, a sanitizer's report of some 200 lines is whole. */
#define LINES_A_REFILL 32
#define LINES_AT_DEATH 512

struct child_output {
	uv_poll_t poll;
	int fd;
	const char *program;
	int pid;
	struct child_lines lines;
	unsigned int lines_left;
	bool was_loud;
};

int
child_output_pipe(int *ret_reads, int *ret_writes)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	*ret_reads = ends[0];
	*ret_writes = ends[1];
	return 0;
}

/* Logs what lines there are. False if more may not be written now. */
static bool
log_lines(struct child_output *output, bool is_end)
{
	const char *line;
	size_t len;

	while (output->lines_left > 0) {
		if (!child_lines_next(&output->lines, is_end, &line, &len))
			return true;
		output->lines_left--;
		log_line_of_child(output->program, output->pid, line, len);
	}
	if (!output->was_loud)
		log_event(EV_CHILD_LOUD, "program='%s' pid=%d", output->program, output->pid);
	output->was_loud = true;
	return false;
}

/* Returns a positive number if there may be more to read, 0 at the end, or a negative errno. */
static ssize_t
read_some(struct child_output *output)
{
	size_t room;
	char *at = child_lines_room(&output->lines, &room);
	ssize_t count = read(output->fd, at, room);

	if (count < 0)
		return errno == EINTR ? 1 : -errno;
	child_lines_add(&output->lines, (size_t)count);
	return count;
}

static void
on_output(uv_poll_t *poll, int status, int events)
{
	struct child_output *output = poll->data;
	ssize_t r;

	(void)events;
	r = status < 0 ? status : read_some(output);
	if (r <= 0 && r != -EAGAIN)
		uv_poll_stop(poll); /* closed; what was held is logged at its death */
	else if (!log_lines(output, false))
		uv_poll_stop(poll);
}

int
child_output_new(
	uv_loop_t *loop, int *fd, const char *program, int pid, struct child_output **ret_output)
{
	auto_free struct child_output *output = calloc(1, sizeof(*output));
	int r;

	if (output == NULL)
		return -ENOMEM;
	r = uv_poll_init(loop, &output->poll, *fd);
	if (r < 0)
		return r;
	output->poll.data = output;
	output->fd = take_fd(fd);
	output->program = program;
	output->pid = pid;
	output->lines_left = LINES_A_REFILL;
	(void)uv_poll_start(&output->poll, UV_READABLE, on_output);
	*ret_output = take_pointer(&output);
	return 0;
}

void
child_output_refill(struct child_output *output)
{
	bool was_stopped = output->lines_left == 0;

	output->lines_left = LINES_A_REFILL;
	if (log_lines(output, false) && was_stopped)
		(void)uv_poll_start(&output->poll, UV_READABLE, on_output);
}

static void
output_closed(uv_handle_t *poll)
{
	free(poll->data);
}

void
child_output_end(struct child_output *output)
{
	ssize_t r = 1;

	if (output == NULL)
		return;
	output->lines_left = LINES_AT_DEATH;
	while (log_lines(output, r <= 0) && r > 0)
		r = read_some(output);
	uv_close((uv_handle_t *)&output->poll, output_closed);
	(void)close(output->fd);
}
