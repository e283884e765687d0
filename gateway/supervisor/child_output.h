/* What a child writes to its standard output and error: a pipe of its own. The supervisor alone writes the log;
 * lines of a child come out under the name and process number that the supervisor knows
 * it by (log_line_of_child), so that a child that has been taken over can forge no line but its own.
 *
 * Lines are bounded in length, and in number for each refill: beyond that the pipe is left to fill, and what does not fit
 * into it is lost (a child never waits for its log). What it wrote before it died is read to the
 * end: an assertion, a sanitizer's report.
 */
#ifndef SUPERVISOR_CHILD_OUTPUT_H
#define SUPERVISOR_CHILD_OUTPUT_H

#include <uv.h>

struct child_output;

/* Our end, and the child's. Returns 0 or a negative errno. */
int child_output_pipe(int *ret_reads, int *ret_writes);

/* Reads and logs from here on; takes *fd. `program` is kept. Returns 0 or a negative errno. */
int child_output_new(
	uv_loop_t *loop, int *fd, const char *program, int pid, struct child_output **ret_output);

/* To be called once a second or so: it may write its lines again. */
void child_output_refill(struct child_output *output);

/* The child is dead: logs what is left and frees it, from the loop. Accepts NULL. */
void child_output_end(struct child_output *output);

#endif
