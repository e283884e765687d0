/* gateway/supervisor/kdc_search.c, with KDCs on loopback. */
#include "supervisor/kdc_search.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define MOST_KDCS 3

static struct {
	uv_loop_t loop;
	int listeners[MOST_KDCS];
	struct settings_host kdcs[MOST_KDCS];
	struct krb5_realm realms[2];
	struct krb5_conf conf;
	struct kdc_search *search;
	int fd; /* found last */
	unsigned int found, none, late;
	uint32_t limit_ms;
	bool is_known;
} lab;

static int
on_loopback(bool listens, uint16_t *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void
on_found(void *owner, int fd, uint32_t limit_ms)
{
	assert_ptr_equal(owner, &lab);
	lab.found++;
	lab.fd = fd;
	lab.limit_ms = limit_ms;
}

static void
on_none(void *owner, bool is_known)
{
	assert_ptr_equal(owner, &lab);
	lab.none++;
	lab.is_known = is_known;
}

static void
on_late(void *owner)
{
	assert_ptr_equal(owner, &lab);
	lab.late++;
	kdc_search_end(take_pointer(&lab.search));
}

/* listens: a letter for each KDC of realm A, 'l' or '-'; B has the first one. */
static void
begin(const char *listens, uint32_t deadline_ms)
{
	const struct kdc_search_setup setup = {.loop = &lab.loop,
		.conf = &lab.conf,
		.deadline_ms = deadline_ms,
		.owner = &lab,
		.found = on_found,
		.none = on_none,
		.late = on_late};

	memset(&lab, 0, sizeof(lab));
	lab.fd = -1;
	lab.conf = (struct krb5_conf){.realms = lab.realms, .realm_count = 2};
	lab.realms[0] = (struct krb5_realm){
		.name = (char *)"A.EXAMPLE", .kdcs = lab.kdcs, .kdc_count = strlen(listens)};
	lab.realms[1] =
		(struct krb5_realm){.name = (char *)"B.EXAMPLE", .kdcs = lab.kdcs, .kdc_count = 1};
	for (size_t i = 0; i < strlen(listens); i++) {
		lab.kdcs[i].name = (char *)"127.0.0.1";
		lab.listeners[i] = on_loopback(listens[i] == 'l', &lab.kdcs[i].port);
	}
	assert_int_equal(uv_loop_init(&lab.loop), 0);
	assert_int_equal(kdc_search_new(&setup, &lab.search), 0);
}

static void
end(void)
{
	kdc_search_end(take_pointer(&lab.search));
	assert_int_equal(uv_run(&lab.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&lab.loop), 0);
	for (size_t i = 0; i < lab.realms[0].kdc_count; i++)
		(void)close(lab.listeners[i]);
}

/* Asks, and waits for the answer. Returns the KDC that was reached, or -1. */
static int
ask(const char *realm, bool failed)
{
	unsigned int before = lab.found + lab.none + lab.late;
	struct sockaddr_in peer = {0};
	socklen_t len = sizeof(peer);
	int at = -1;

	lab.fd = -1;
	assert_int_equal(kdc_search_next(lab.search, realm, failed), 0);
	assert_int_equal(lab.found + lab.none + lab.late, before);
	while (lab.found + lab.none + lab.late == before)
		(void)uv_run(&lab.loop, UV_RUN_NOWAIT);
	if (lab.fd < 0)
		return -1;
	assert_int_equal(getpeername(lab.fd, (struct sockaddr *)&peer, &len), 0);
	for (int i = 0; i < MOST_KDCS; i++)
		if (ntohs(peer.sin_port) == lab.kdcs[i].port)
			at = i;
	(void)close(take_fd(&lab.fd));
	return at;
}

static void
the_first_that_can_be_reached_is_asked_again(void **state)
{
	(void)state;
	begin("-ll", 60000);
	assert_int_equal(ask("A.EXAMPLE", false), 1);
	assert_in_range(lab.limit_ms, 200, 20000);
	assert_int_equal(ask("a.example", false), 1);
	/* Once it has answered, the next logon begins with it. */
	assert_int_equal(lab.realms[0].preferred, 1);
	end();
}

static void
after_one_that_failed_comes_the_next_and_in_the_end_none(void **state)
{
	(void)state;
	begin("lll", 60000);
	lab.realms[0].preferred = 1;
	assert_int_equal(ask("A.EXAMPLE", false), 1);
	assert_int_equal(ask("A.EXAMPLE", true), 2);
	assert_int_equal(ask("A.EXAMPLE", true), 0);
	assert_int_equal(ask("A.EXAMPLE", true), -1);
	assert_int_equal(lab.none, 1);
	assert_true(lab.is_known);
	/* Nor later. */
	assert_int_equal(ask("A.EXAMPLE", false), -1);
	assert_int_equal(lab.realms[0].preferred, 1);
	end();
}

static void
nobody_can_be_reached(void **state)
{
	(void)state;
	begin("--", 60000);
	assert_int_equal(ask("A.EXAMPLE", false), -1);
	assert_int_equal(lab.none, 1);
	end();
}

static void
realms_are_those_of_the_file(void **state)
{
	(void)state;
	begin("l", 60000);
	assert_int_equal(ask("C.EXAMPLE", false), -1);
	assert_false(lab.is_known);
	assert_int_equal(ask("A.EXAMPLE", false), 0);
	assert_int_equal(ask("B.EXAMPLE", false), 0);
	end();
}

static void
it_may_not_ask_twice_at_once_nor_say_that_nothing_failed(void **state)
{
	(void)state;
	begin("l", 60000);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", true), -EPROTO);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", false), 0);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", false), -EPROTO);
	while (lab.found == 0)
		(void)uv_run(&lab.loop, UV_RUN_NOWAIT);
	(void)close(take_fd(&lab.fd));
	assert_int_equal(kdc_search_next(lab.search, "B.EXAMPLE", true), -EPROTO);
	end();
}

static void
questions_come_to_an_end(void **state)
{
	unsigned int answers = 0;

	(void)state;
	begin("l", 60000);
	while (answers < 1000 && ask("A.EXAMPLE", false) == 0)
		answers++;
	assert_int_equal(answers, 32);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", false), -EPROTO);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", false), -EPROTO);
	end();
	/* Those about realms that are not in the file count as well. */
	begin("l", 60000);
	for (answers = 0; answers < 33; answers++)
		assert_int_equal(ask("C.EXAMPLE", false), -1);
	assert_int_equal(kdc_search_next(lab.search, "C.EXAMPLE", false), -EPROTO);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", false), -EPROTO);
	end();
}

static void
when_the_time_is_over_nothing_else_comes(void **state)
{
	(void)state;
	begin("l", 50);
	assert_int_equal(ask("A.EXAMPLE", false), 0);
	while (lab.late == 0)
		(void)uv_run(&lab.loop, UV_RUN_NOWAIT);
	assert_null(lab.search);
	end();
	assert_int_equal(lab.found, 1);
	assert_int_equal(lab.none, 0);
}

static void
one_that_is_not_needed_any_more_is_let_go(void **state)
{
	(void)state;
	begin("l", 60000);
	assert_int_equal(kdc_search_next(lab.search, "A.EXAMPLE", false), 0);
	end();
	begin("l", 60000);
	assert_int_equal(kdc_search_next(lab.search, "C.EXAMPLE", false), 0);
	end();
	assert_int_equal(lab.found + lab.none + lab.late, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_can_be_reached_is_asked_again),
		cmocka_unit_test(after_one_that_failed_comes_the_next_and_in_the_end_none),
		cmocka_unit_test(nobody_can_be_reached),
		cmocka_unit_test(realms_are_those_of_the_file),
		cmocka_unit_test(it_may_not_ask_twice_at_once_nor_say_that_nothing_failed),
		cmocka_unit_test(questions_come_to_an_end),
		cmocka_unit_test(when_the_time_is_over_nothing_else_comes),
		cmocka_unit_test(one_that_is_not_needed_any_more_is_let_go),
	};

	log_init("kdc_search_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
