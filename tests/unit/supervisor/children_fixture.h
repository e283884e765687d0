/* The supervisor's children, with programs that behave in every bad way (children/fake_child.c), and what their owner
 * hears of them.
 */
#ifndef UNIT_SUPERVISOR_CHILDREN_FIXTURE_H
#define UNIT_SUPERVISOR_CHILDREN_FIXTURE_H

#include "supervisor/children.h"

#include <stdbool.h>

struct children_fixture {
	uv_loop_t loop;
	uv_timer_t limit;
	struct children *children;
	struct permits_seen seen;
	struct child *worker;
	bool ready, failed, stopped, timed_out;
	unsigned int deaths, ends, answers, greeter_deaths;
	uint32_t dead_number, dead_connections;
	char detail[161];
	int client; /* our end of what the worker was given */
};

/* Runs the loop until it holds. */
/* Far more than a child needs on a machine that does much else. */
#define CHILD_HUNG_MS 1000

#define WAIT_FOR(condition)                                  \
	do {                                                 \
		while (!(condition) && !fixture->timed_out)  \
			uv_run(&fixture->loop, UV_RUN_ONCE); \
		assert_true(condition);                      \
	} while (0)

void children_open(struct children_fixture *fixture);

/* With programs of this folder, which behave as the role says. */
struct children_setup children_setup_of(
	struct children_fixture *fixture, const char *directory, const char *role);

/* Both, with the programs of this build, and starts them. */
void children_begin(struct children_fixture *fixture, const char *role);

/* Stops what was started, and closes. */
void children_end(struct children_fixture *fixture);

/* Our log, in a file instead of standard error. */
struct log_file {
	int fd, own;
};

struct log_file log_to_file(void);

/* Back to standard error. Returns what was logged; free it. */
char *log_back(struct log_file *log);

#endif
