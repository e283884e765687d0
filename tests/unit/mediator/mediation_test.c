/* gateway/mediator/mediation.c: how long a leg that has ended waits for the process's own loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mediator/mediation_private.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LONG_SECONDS 3600
#define TEST_SECONDS 60

static int ahead_seconds;  /* the clock on the wall */
static int behind_seconds; /* the one that nobody sets: a wait that began so long ago */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int r = __real_clock_gettime(clock, ret_now);

	if (clock == CLOCK_REALTIME)
		ret_now->tv_sec += ahead_seconds;
	if (clock == CLOCK_MONOTONIC)
		ret_now->tv_sec -= behind_seconds;
	return r;
}

/* Somebody sets the clock back just then: what was two seconds would be an hour. */
static void
a_jump_of_the_clock_does_not_prolong_an_end(void **state)
{
	struct mediation mediation = {.news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	struct mediation_news news;

	(void)state;
	(void)pthread_mutex_init(&mediation.lock, NULL);
	(void)pthread_cond_init(&mediation.changed, NULL);
	ahead_seconds = behind_seconds = LONG_SECONDS;
	(void)alarm(TEST_SECONDS);
	mediation_end(&mediation);
	(void)alarm(0);
	mediation_take_news(&mediation, &news);
	assert_true(news.over);
	(void)pthread_cond_destroy(&mediation.changed);
	(void)pthread_mutex_destroy(&mediation.lock);
	(void)close(mediation.news_fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jump_of_the_clock_does_not_prolong_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
