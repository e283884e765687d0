/* Memory that runs out when a mediated session begins: it begins with the credentials, or nothing of it is left, them neither, and no
 * socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "supervisor/children.h"
#include "supervisor/mediations.h"
#include "supervisor/nla_logons.h"
#include "supervisor/notices.h"
#include "supervisor/principals.h"
#include "supervisor/refused_certificate.h"
#include "supervisor/resumes.h"

#include <fcntl.h>
#include <unistd.h>

static char child_place;
static unsigned int started, ended;

int
notice_heard(struct connection *connection, const struct msg_notice_over *over)
{
	(void)connection;
	(void)over;
	return 0;
}

int
children_take(struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	assert_int_equal(kind, CHILD_MEDIATOR);
	(void)children;
	assert_non_null(tag);
	started++;
	*ret_child = (struct child *)&child_place;
	return 0;
}

void
children_end_taken(struct child *child)
{
	assert_ptr_equal(child, &child_place);
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

enum close_reason
nla_wanted(const struct terminal *terminal, const struct host_credentials *credentials,
	enum attach_nla *ret_nla)
{
	(void)terminal;
	(void)credentials;
	*ret_nla = ATTACH_NLA_IF_OFFERED;
	return CLOSE_NONE;
}

bool
principal_of(const struct krb5_conf *conf, const struct terminal *terminal,
	const struct host_credentials *credentials, char ret_principal[PRINCIPAL_SIZE])
{
	(void)conf;
	(void)terminal;
	(void)credentials;
	ret_principal[0] = '\0';
	return false;
}

/* The number that the next descriptor gets. */
static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	(void)close(fd);
	return fd;
}

static void
it_begins_or_leaves_nothing(void **state)
{
	static struct supervisor supervisor;
	static struct connection connection = {.id = 7, .supervisor = &supervisor, .host_fd = -1};
	static const struct terminal terminal = {.trust = TERMINAL_TRUST_PIN};
	const struct secret password = {(uint8_t *)"Ichigo-15", 9};
	int lowest = lowest_free();
	struct fail_run run;

	(void)state;
	fail_begin(&run);
	while (fail_next(&run)) {
		struct host_credentials credentials = {.mode = CREDENTIALS_INJECTED};
		enum close_reason reason;

		started = ended = 0;
		assert_int_equal(host_credentials_set(&credentials, "tech", "", &password), 0);
		fail_arm(&run);
		reason = mediation_start(&connection, &terminal, &credentials, NULL);
		fail_disarm(&run);
		assert_int_equal(reason, run.hit ? CLOSE_OUT_OF_ROOM : CLOSE_NONE);
		assert_true((connection.mediation == NULL) == run.hit);
		assert_false(host_credentials_given(&credentials));
		mediation_end(&connection);
		assert_int_equal(started, ended);
		assert_int_equal(lowest_free(), lowest);
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
