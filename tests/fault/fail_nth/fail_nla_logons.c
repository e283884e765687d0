/* Memory that runs out when a logging on by NLA begins: it begins with the credentials, or nothing of it is left, them neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "supervisor/children.h"
#include "supervisor/nla_logons.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static char child_place;
static unsigned int started, ended;

int
children_take(struct children *children, enum child_kind kind, void *tag, struct child **ret_nla)
{
	assert_int_equal(kind, CHILD_NLA);
	(void)children;
	assert_non_null(tag);
	started++;
	*ret_nla = (struct child *)&child_place;
	return 0;
}

void
children_end_taken(struct child *nla)
{
	assert_ptr_equal(nla, &child_place);
	ended++;
}

void
children_hear(struct child *child)
{
	(void)child;
}

int
certificate_refused(struct connection *connection, const struct msg_certificate_refused *told)
{
	(void)connection;
	(void)told;
	return 0;
}

void
resume_needs_password(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES])
{
	(void)resumes;
	(void)session;
}

void *
child_tag(const struct child *child)
{
	(void)child;
	return NULL;
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	(void)number;
	(void)body;
	(void)fd;
	return 0;
}

static void
it_begins_or_leaves_nothing(void **state)
{
	static struct supervisor supervisor;
	static struct connection connection = {.id = 7, .supervisor = &supervisor};
	static const struct terminal terminal = {.trust = TERMINAL_TRUST_PIN};
	const struct secret password = {(uint8_t *)"Ichigo-15", 9};
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct host_credentials credentials = {.mode = CREDENTIALS_INJECTED};
		int r;

		started = ended = 0;
		assert_int_equal(host_credentials_set(&credentials, "tech", "", &password), 0);
		fail_arm(&run);
		r = nla_logon_start(&connection, &terminal, &credentials);
		fail_disarm(&run);
		assert_int_equal(r, run.hit ? -ENOMEM : 0);
		assert_true((connection.nla == NULL) == run.hit);
		nla_logon_end(&connection);
		host_credentials_done(&credentials);
		assert_int_equal(started, ended);
	}
	assert_true(run.tried >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(it_begins_or_leaves_nothing)};

	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
