/* gateway/supervisor/mediations.c: credentials and sockets go to one process, and what it says becomes a close reason. */
#include "supervisor/mediations.h"
#include "taken_child.h"

#include "mediator/outcomes.h"
#include "relay/host_certificate.h"
#include "settings/settings.h"
#include "supervisor/nla_logons.h"
#include "supervisor/notices.h"
#include "supervisor/principals.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	enum message sent[8];
	unsigned int count;
	struct msg_mediate_begin begin;
	int host_fd; /* that went with MEDIATE_HOST */
	enum terminal_nla wanted;
	bool by_kerberos;
} fake;

int
notice_heard(struct connection *connection, const struct msg_notice_over *over)
{
	(void)connection;
	(void)over;
	return 0;
}

void *
channel_owner(const struct channel *channel)
{
	(void)channel;
	return taken.child;
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	(void)child;
	assert_true(fd >= 0);
	fake.sent[fake.count++] = number;
	if (number == MSG_MEDIATE_BEGIN)
		fake.begin = *(const struct msg_mediate_begin *)body;
	if (number == MSG_MEDIATE_HOST)
		fake.host_fd = fd;
	return 0;
}

enum close_reason
nla_wanted(const struct terminal *terminal, const struct host_credentials *credentials,
	enum attach_nla *ret_nla)
{
	bool given = host_credentials_given(credentials);

	if (terminal->nla == TERMINAL_NLA_REQUIRED && !given)
		return CLOSE_HOST_WANTS_NLA;
	*ret_nla = given ? ATTACH_NLA_IF_OFFERED : ATTACH_WITHOUT_NLA;
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
	return fake.by_kerberos;
}

static struct settings settings;
static struct supervisor supervisor = {.settings = &settings};
static struct carried_session session;
static struct connection connection;
static struct terminal terminal;

static enum close_reason
begin_with(const char *user, enum credential_mode mode, const struct auto_reconnect_cookie *cookie)
{
	const struct secret password = {(uint8_t *)"Ichigo-15", 9};
	struct host_credentials credentials = {.mode = mode};
	int answer = taken.answer;
	bool by_kerberos = fake.by_kerberos;
	enum terminal_nla wanted = fake.wanted;
	enum close_reason reason;

	memset(&fake, 0, sizeof(fake));
	taken_reset(CHILD_MEDIATOR);
	memset(&connection, 0, sizeof(connection));
	memset(&terminal, 0, sizeof(terminal));
	taken.answer = answer;
	fake.by_kerberos = by_kerberos;
	fake.host_fd = -1;
	terminal.nla = wanted;
	terminal.trust = TERMINAL_TRUST_PIN;
	(void)snprintf(terminal.address, sizeof(terminal.address), "pacs-01");
	connection.supervisor = &supervisor;
	connection.session = &session;
	connection.id = 7;
	connection.host_fd = -1;
	if (user != NULL)
		assert_int_equal(host_credentials_set(&credentials, user, "AOBA", &password), 0);
	reason = mediation_start(&connection, &terminal, &credentials, cookie);
	assert_false(host_credentials_given(&credentials));
	taken.answer = 0;
	fake.by_kerberos = false;
	fake.wanted = TERMINAL_NLA_AUTO;
	return reason;
}

static void
begin(void)
{
	assert_int_equal(begin_with("tech", CREDENTIALS_INJECTED, NULL), CLOSE_NONE);
	assert_non_null(connection.mediation);
}

static void
finish(void)
{
	mediation_end(&connection);
	if (connection.host_fd >= 0)
		(void)close(connection.host_fd);
	connection.host_fd = -1;
}

static void
is_ready(void)
{
	mediator_ready(NULL, taken.child);
}

static int
is_dialled(void)
{
	int fd = -1;

	connection.host_fd = open("/dev/null", O_RDONLY);
	assert_int_equal(mediation_dialled(&connection, 3389, &fd), 0);
	return fd;
}

static int
tell(enum mediate_outcome outcome, uint32_t status, const char *why)
{
	union message_body message = {
		.mediate_result = {.outcome = (uint8_t)outcome, .status = status}};

	(void)snprintf(message.mediate_result.why, sizeof(message.mediate_result.why), "%s", why);
	assert_int_equal(mediator_messages[0].number, MSG_MEDIATE_RESULT);
	return mediator_messages[0].function(NULL, &message);
}

static void
the_password_goes_to_the_process_and_nowhere_else(void **state)
{
	(void)state;
	begin();
	is_ready();
	assert_int_equal(fake.count, 1);
	assert_int_equal(fake.sent[0], MSG_MEDIATE_BEGIN);
	assert_string_equal((const char *)fake.begin.password, "Ichigo-15");
	assert_string_equal(fake.begin.user, "tech");
	assert_string_equal(fake.begin.domain, "AOBA");
	assert_string_equal(fake.begin.host_name, "pacs-01");
	assert_int_equal(fake.begin.trust, HOST_TRUST_PIN);
	assert_int_equal(fake.begin.pin_len, TERMINAL_PIN_BYTES);
	assert_int_equal(fake.begin.nla, ATTACH_NLA_IF_OFFERED);
	assert_int_equal(fake.begin.host_random_len, 0);
	/* Once. */
	is_ready();
	assert_int_equal(fake.count, 1);
	finish();
	assert_int_equal(taken.ended, 1);
	assert_null(connection.mediation);
}

/* Whichever comes first: that the host has accepted, or that the process can hear of it. */
static void
the_hosts_socket_follows_the_beginning(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		begin();
		if (i == 0)
			is_ready();
		assert_true(is_dialled() >= 0);
		assert_int_equal(fake.count, i == 0 ? 2 : 0);
		if (i == 1)
			is_ready();
		assert_int_equal(fake.count, 2);
		assert_int_equal(fake.sent[0], MSG_MEDIATE_BEGIN);
		assert_int_equal(fake.sent[1], MSG_MEDIATE_HOST);
		assert_int_equal(fake.host_fd, connection.host_fd);
		mediation_attached(&connection);
		finish();
	}
}

static void
without_credentials_nobody_is_named(void **state)
{
	const struct auto_reconnect_cookie cookie = {.logon_id = 9, .random = {1, 2, 3}};

	(void)state;
	assert_int_equal(begin_with(NULL, CREDENTIALS_TYPED, &cookie), CLOSE_NONE);
	is_ready();
	assert_string_equal(fake.begin.user, "");
	assert_int_equal(fake.begin.password_len, 0);
	assert_int_equal(fake.begin.nla, ATTACH_WITHOUT_NLA);
	assert_int_equal(fake.begin.host_logon_id, 9);
	assert_int_equal(fake.begin.host_random_len, sizeof(cookie.random));
	assert_memory_equal(fake.begin.host_random, cookie.random, sizeof(cookie.random));
	finish();
}

static void
what_cannot_be_mediated_does_not_begin(void **state)
{
	(void)state;
	taken.answer = -EUSERS;
	assert_int_equal(begin_with("tech", CREDENTIALS_INJECTED, NULL), CLOSE_MEDIATOR_BUSY);
	taken.answer = -ENOENT;
	assert_int_equal(begin_with("tech", CREDENTIALS_INJECTED, NULL), CLOSE_MEDIATOR_FAULT);
	taken.answer = -ENOMEM;
	assert_int_equal(begin_with("tech", CREDENTIALS_INJECTED, NULL), CLOSE_OUT_OF_ROOM);
	/* Who belongs to a realm is not brought to NTLM. */
	fake.by_kerberos = true;
	assert_int_equal(begin_with("tech", CREDENTIALS_INJECTED, NULL), CLOSE_MEDIATOR_KERBEROS);
	fake.wanted = TERMINAL_NLA_REQUIRED;
	assert_int_equal(begin_with(NULL, CREDENTIALS_TYPED, NULL), CLOSE_HOST_WANTS_NLA);
	assert_null(connection.mediation);
}

static void
what_the_host_said_is_the_reason(void **state)
{
	const char *detail = "";

	(void)state;
	begin();
	assert_int_equal(tell(MEDIATE_LOGON_REFUSED, 0xc0000234, ""), 0);
	assert_int_equal(mediation_reason(&connection, CLOSE_HOST_REFUSED, &detail),
		CLOSE_HOST_LOGON_LOCKED);
	assert_string_equal(detail, "0xc0000234 STATUS_ACCOUNT_LOCKED_OUT");
	assert_true(taken.heard);
	/* What the worker knows by itself stays. */
	detail = "";
	assert_int_equal(
		mediation_reason(&connection, CLOSE_HOST_TOO_SLOW, &detail), CLOSE_HOST_TOO_SLOW);
	assert_int_equal(
		mediation_reason(&connection, CLOSE_CLIENT_LEFT, &detail), CLOSE_CLIENT_LEFT);
	assert_string_equal(detail, "");
	finish();
	assert_int_equal(mediation_reason(&connection, CLOSE_HOST_GONE, &detail), CLOSE_HOST_GONE);
}

static void
a_process_that_said_nothing_has_died(void **state)
{
	const char *detail = "";

	(void)state;
	begin();
	is_ready();
	assert_int_equal(tell(MEDIATE_CONNECTED, 0, ""), 0);
	mediator_died(NULL, taken.child);
	assert_int_equal(
		mediation_reason(&connection, CLOSE_HOST_GONE, &detail), CLOSE_MEDIATOR_DIED);
	finish();
	assert_int_equal(taken.ended, 0);

	begin();
	mediator_died(NULL, taken.child);
	assert_int_equal(
		mediation_reason(&connection, CLOSE_HOST_REFUSED, &detail), CLOSE_MEDIATOR_DIED);
	assert_string_equal(detail, "before the desktop began");
	finish();
}

static void
a_process_that_said_good_bye_has_not_died(void **state)
{
	const char *detail = "";

	(void)state;
	begin();
	assert_int_equal(tell(MEDIATE_CONNECTED, 0, ""), 0);
	assert_int_equal(tell(MEDIATE_ENDED, 0, ""), 0);
	assert_int_equal(mediation_reason(&connection, CLOSE_HOST_LOST, &detail), CLOSE_HOST_LOST);
	finish();
}

/* A broken connection may be continued, one that the host has closed may not. */
static void
a_host_that_is_gone_is_told_from_a_broken_connection(void **state)
{
	static const struct {
		enum mediate_outcome outcome;
		enum close_reason reason;
	} rows[] = {{MEDIATE_HOST_GONE, CLOSE_HOST_GONE}, {MEDIATE_HOST_LOST, CLOSE_HOST_LOST}};
	const char *detail = "";

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin();
		assert_int_equal(tell(MEDIATE_CONNECTED, 0, ""), 0);
		assert_int_equal(tell(rows[i].outcome, 0, ""), 0);
		assert_int_equal(
			mediation_reason(&connection, CLOSE_HOST_GONE, &detail), rows[i].reason);
		finish();
	}
}

static void
the_process_speaks_in_its_turn(void **state)
{
	(void)state;
	begin();
	assert_int_equal(tell(MEDIATE_OUTCOME_COUNT, 0, ""), -EPROTO);
	assert_int_equal(tell(MEDIATE_CONNECTED, 0, ""), 0);
	assert_int_equal(tell(MEDIATE_CONNECTED, 0, ""), -EPROTO);
	assert_int_equal(tell(MEDIATE_ENDED, 0, ""), 0);
	assert_int_equal(tell(MEDIATE_ENDED, 0, ""), -EPROTO);
	assert_int_equal(tell(MEDIATE_REDIRECTED, 0, ""), -EPROTO);
	finish();
}

static void
a_refused_certificate_is_an_event_of_its_session(void **state)
{
	union message_body told = {.mediate_certificate = {.sha256_len = 32}};

	(void)state;
	begin();
	assert_int_equal(mediator_messages[1].number, MSG_MEDIATE_CERTIFICATE);
	assert_int_equal(mediator_messages[1].function(NULL, &told), 0);
	assert_ptr_equal(taken.refused, &connection);
	told.mediate_certificate.sha256_len = 5;
	assert_int_equal(mediator_messages[1].function(NULL, &told), -EPROTO);
	finish();
}

static void
what_was_passed_through_by_nla_is_gone(void **state)
{
	(void)state;
	for (uint32_t by_nla = 0; by_nla < 2; by_nla++) {
		assert_int_equal(begin_with("sato", CREDENTIALS_PASS_THROUGH, NULL), CLOSE_NONE);
		assert_int_equal(tell(MEDIATE_CONNECTED, by_nla, ""), 0);
		mediation_succeeded(&connection);
		assert_true((taken.needs_password != NULL) == (by_nla == 1));
		finish();
	}
	mediation_succeeded(&connection);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_goes_to_the_process_and_nowhere_else),
		cmocka_unit_test(the_hosts_socket_follows_the_beginning),
		cmocka_unit_test(without_credentials_nobody_is_named),
		cmocka_unit_test(what_cannot_be_mediated_does_not_begin),
		cmocka_unit_test(what_the_host_said_is_the_reason),
		cmocka_unit_test(a_process_that_said_nothing_has_died),
		cmocka_unit_test(a_process_that_said_good_bye_has_not_died),
		cmocka_unit_test(a_host_that_is_gone_is_told_from_a_broken_connection),
		cmocka_unit_test(the_process_speaks_in_its_turn),
		cmocka_unit_test(a_refused_certificate_is_an_event_of_its_session),
		cmocka_unit_test(what_was_passed_through_by_nla_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
