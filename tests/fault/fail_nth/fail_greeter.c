/* Memory that runs out while a greeter is taken: it begins, or nothing is left of it, neither a descriptor nor the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/greeters.h"

#include <dirent.h>
#include <errno.h>

static char child_place, worker_place;
static unsigned int taken, ended;

int
children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_greeter)
{
	assert_int_equal(kind, CHILD_GREETER);
	(void)children;
	assert_non_null(tag);
	taken++;
	*ret_greeter = (struct child *)&child_place;
	return 0;
}

void
children_end_taken(struct child *child)
{
	assert_ptr_equal(child, &child_place);
	ended++;
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	(void)body;
	assert_true(number == MSG_BEGIN_SCREEN || number == MSG_GREET);
	assert_true(fd >= 0);
	return 0;
}

void *
child_tag(const struct child *child)
{
	(void)child;
	return NULL;
}

unsigned int
children_warm(const struct children *children, enum child_kind kind)
{
	assert_int_equal(kind, CHILD_GREETER);
	(void)children;
	return 0;
}

unsigned int
children_taken(const struct children *children, enum child_kind kind)
{
	assert_int_equal(kind, CHILD_GREETER);
	(void)children;
	return 0;
}

static unsigned int
descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	(void)closedir(folder);
	return count;
}

static void
a_greeter_begins_or_leaves_nothing(void **state)
{
	static char name[] = "Aoba";
	static struct settings settings = {.facility = {.name = name}};
	static struct supervisor supervisor = {.settings = &settings};
	struct connection connection = {
		.id = 7, .supervisor = &supervisor, .worker = (struct child *)&worker_place};
	static const struct greeter_events events;
	unsigned int open = descriptors();
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct greeter *greeter = NULL;
		int r;

		taken = ended = 0;
		fail_arm(&run);
		r = greeter_begin(&connection, 0x411, &events, &connection, &greeter);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_true((greeter == NULL) == run.hit);
		greeter_end(greeter);
		assert_int_equal(taken, ended);
		assert_int_equal(descriptors(), open);
	}
	assert_true(run.tried >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_greeter_begins_or_leaves_nothing)};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
