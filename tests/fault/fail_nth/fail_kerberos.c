/* Memory that runs out when krb5.conf is read, or while a KDC is looked for: an honest error, and nothing is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "settings/krb5_conf.h"
#include "supervisor/kdc_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char text[] = "[libdefaults]\n allow_rc4 = false\n"
			   "[realms]\n"
			   " A.EXAMPLE = {\n  kdc = dc1.a.example\n  kdc = 10.0.0.1:750\n }\n"
			   " b.example = {\n  kdc = dc1.b.example\n }\n"
			   "[domain_realm]\n .a.example = A.EXAMPLE\n a = A.EXAMPLE\n";

static unsigned int answers;

static void
the_file_is_read_whole_or_not_at_all(void **state)
{
	char path[] = "/tmp/sekisho-krb5-XXXXXX";
	struct settings settings = {.kerberos = {.config = path}};
	int fd = mkstemp(path);
	struct fail_run run;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	fail_begin(&run);
	while (fail_next(&run)) {
		struct settings_errors errors = {0};
		struct krb5_conf *conf = NULL;
		int r;

		fail_arm(&run);
		r = krb5_conf_read(&settings, &conf, &errors);
		fail_disarm(&run);
		if (r == 0) {
			assert_int_equal(conf->realm_count, 1);
			assert_int_equal(conf->realms[0].kdc_count, 2);
			assert_int_equal(conf->domain_count, 2);
			assert_string_equal(conf->relations, "allow_rc4 false\n");
		} else {
			assert_int_equal(r, -ENOMEM);
			assert_true(run.hit);
		}
		krb5_conf_free(conf);
		settings_errors_done(&errors);
	}
	assert_true(run.tried >= 10);
	(void)unlink(path);
}

static void
on_found(void *owner, int fd, uint32_t limit_ms)
{
	(void)owner;
	(void)limit_ms;
	(void)close(fd);
	answers++;
}

static void
on_none(void *owner, bool is_known)
{
	(void)owner;
	(void)is_known;
	answers++;
}

static void
on_late(void *owner)
{
	(void)owner;
	fail();
}

static void
a_search_ends_in_an_answer(void **state)
{
	struct settings_host kdcs[] = {{(char *)"127.0.0.1", 1}, {(char *)"127.0.0.1", 2}};
	struct krb5_realm realm = {.name = (char *)"A.EXAMPLE", .kdcs = kdcs, .kdc_count = 2};
	struct krb5_conf conf = {.realms = &realm, .realm_count = 1};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		uv_loop_t loop;
		const struct kdc_search_setup setup = {.loop = &loop,
			.conf = &conf,
			.deadline_ms = 60000,
			.found = on_found,
			.none = on_none,
			.late = on_late};
		struct kdc_search *search = NULL;
		int r;

		answers = 0;
		assert_int_equal(uv_loop_init(&loop), 0);
		fail_arm(&run);
		r = kdc_search_new(&setup, &search);
		if (r == 0)
			r = kdc_search_next(search, "A.EXAMPLE", false);
		while (r == 0 && answers == 0)
			(void)uv_run(&loop, UV_RUN_NOWAIT);
		fail_disarm(&run);
		assert_true(r == 0 || (r == -ENOMEM && run.hit));
		kdc_search_end(search);
		assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	assert_true(run.tried >= 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_read_whole_or_not_at_all),
		cmocka_unit_test(a_search_ends_in_an_answer),
	};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
