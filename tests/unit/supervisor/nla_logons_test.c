/* gateway/supervisor/nla_logons.c: the password goes to one process, and what it says becomes a close reason. */
#include "supervisor/nla_logons.h"
#include "taken_child.h"

#include "settings/settings.h"
#include "supervisor/kdc_search.h"
#include "supervisor/principals.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	enum message last;
	struct msg_nla_begin begin;
	struct msg_host_credentials credentials;
	enum terminal_nla wanted; /* of the next start's terminal */
	unsigned int searches, searches_ended;
	struct kdc_search_setup search;
	char realm[256];
	bool failed;
	uint32_t limit_ms;
} fake;

int
kdc_search_new(const struct kdc_search_setup *setup, struct kdc_search **ret_search)
{
	fake.searches++;
	fake.search = *setup;
	*ret_search = (struct kdc_search *)&fake.search;
	return 0;
}

void
kdc_search_end(struct kdc_search *search)
{
	fake.searches_ended += search != NULL;
}

int
kdc_search_next(struct kdc_search *search, const char *realm, bool failed)
{
	assert_ptr_equal(search, &fake.search);
	(void)snprintf(fake.realm, sizeof(fake.realm), "%s", realm);
	fake.failed = failed;
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
	fake.last = number;
	assert_int_equal(fd >= 0, number != MSG_HOST_CREDENTIALS && number != MSG_KDC_NONE);
	if (number == MSG_KDC_SOCKET)
		fake.limit_ms = ((const struct msg_kdc_socket *)body)->limit_ms;
	if (number == MSG_NLA_BEGIN)
		fake.begin = *(const struct msg_nla_begin *)body;
	if (number == MSG_HOST_CREDENTIALS)
		fake.credentials = *(const struct msg_host_credentials *)body;
	return 0;
}

static struct settings_host kdcs[] = {{.name = (char *)"dc1", .port = 88}};
static struct krb5_realm realms[] = {
	{.name = (char *)"AD.AOBA.EXAMPLE.JP", .kdcs = kdcs, .kdc_count = 1}};
static struct krb5_domain domains[] = {{.name = (char *)"aoba", .realm = 0}};
static struct krb5_conf krb5 = {.realms = realms,
	.realm_count = 1,
	.domains = domains,
	.domain_count = 1,
	.relations = "allow_rc4 false\n"};
static struct settings settings = {.kerberos = {.deadline_ms = 3000}};
static struct supervisor supervisor = {.settings = &settings};
static struct connection connection;
static struct terminal terminal;

static void
start_with(struct host_credentials *credentials, enum credential_mode mode)
{
	const struct secret password = {(uint8_t *)"Ichigo-15", 9};
	enum terminal_nla wanted = fake.wanted;

	memset(&fake, 0, sizeof(fake));
	taken_reset(CHILD_NLA);
	memset(&connection, 0, sizeof(connection));
	memset(&terminal, 0, sizeof(terminal));
	terminal.nla = wanted;
	connection.supervisor = &supervisor;
	connection.id = 7;
	terminal.trust = TERMINAL_TRUST_PIN;
	(void)snprintf(terminal.address, sizeof(terminal.address), "pacs-01");
	memset(credentials, 0, sizeof(*credentials));
	credentials->mode = mode;
	assert_int_equal(host_credentials_set(credentials, "tech", "AOBA", &password), 0);
	assert_int_equal(nla_logon_start(&connection, &terminal, credentials), 0);
	assert_false(host_credentials_given(credentials));
}

static void
start(struct host_credentials *credentials)
{
	start_with(credentials, CREDENTIALS_INJECTED);
}

static void
result(enum nla_outcome outcome, uint32_t status)
{
	union message_body message = {
		.nla_result = {.outcome = (uint8_t)outcome, .status = status}};

	assert_int_equal(nla_messages[0].function(NULL, &message), 0);
}

static void
the_password_goes_to_the_process_once_it_is_ready(void **state)
{
	struct host_credentials credentials;

	(void)state;
	start(&credentials);
	assert_int_equal(nla_logon_to_worker(&connection), 0);
	assert_int_equal(fake.last, MSG_NLA_CHANNEL);
	nla_ready(NULL, taken.child);
	assert_int_equal(fake.last, MSG_NLA_BEGIN);
	assert_string_equal((char *)fake.begin.password, "Ichigo-15");
	assert_string_equal(fake.begin.user, "tech");
	assert_string_equal(fake.begin.domain, "AOBA");
	assert_string_equal(fake.begin.host_name, "pacs-01");
	assert_string_equal(fake.begin.principal, "");
	assert_int_equal(fake.begin.pin_len, TERMINAL_PIN_BYTES);
	fake.last = MSG_NOTHING;
	nla_ready(NULL, taken.child);
	assert_int_equal(fake.last, MSG_NOTHING);
	nla_logon_end(&connection);
	assert_int_equal(taken.ended, 1);
	assert_null(connection.nla);
}

static void
what_the_host_said_is_the_reason(void **state)
{
	struct host_credentials credentials;
	const char *detail = "";

	(void)state;
	start(&credentials);
	result(NLA_REFUSED, 0xc0000234);
	assert_int_equal(
		nla_logon_reason(&connection, CLOSE_HOST_LOGON, &detail), CLOSE_HOST_LOGON_LOCKED);
	assert_string_equal(detail, "0xc0000234 STATUS_ACCOUNT_LOCKED_OUT");
	assert_true(taken.heard);
	/* The worker's own reasons stay. */
	detail = "";
	assert_int_equal(
		nla_logon_reason(&connection, CLOSE_HOST_TOO_SLOW, &detail), CLOSE_HOST_TOO_SLOW);
	assert_string_equal(detail, "");
	nla_logon_end(&connection);
	assert_int_equal(
		nla_logon_reason(&connection, CLOSE_HOST_LOGON, &detail), CLOSE_HOST_LOGON);
}

/* By the process alone: a worker that was taken over says nothing of it. */
static void
a_certificate_that_the_process_refuses_is_an_event_of_its_session(void **state)
{
	struct host_credentials credentials;
	union message_body told = {.nla_certificate = {.sha256 = "0123456789abcdef0123456789abcde",
					   .sha256_len = 32,
					   .subject = "CN=other",
					   .issuer = "CN=issuer",
					   .names = "other.example",
					   .not_before = 1,
					   .not_after = 2,
					   .distrust = "pinned"}};
	const char *detail = "";

	(void)state;
	start(&credentials);
	assert_int_equal(nla_messages[1].number, MSG_NLA_CERTIFICATE);
	assert_int_equal(nla_messages[1].function(NULL, &told), 0);
	assert_ptr_equal(taken.refused, &connection);
	assert_memory_equal(taken.certificate.sha256, told.nla_certificate.sha256, 32);
	assert_string_equal(taken.certificate.subject, "CN=other");
	assert_string_equal(taken.certificate.issuer, "CN=issuer");
	assert_string_equal(taken.certificate.names, "other.example");
	assert_string_equal(taken.certificate.distrust, "pinned");
	assert_int_equal(taken.certificate.not_before, 1);
	assert_int_equal(taken.certificate.not_after, 2);
	result(NLA_CERTIFICATE, 0);
	assert_int_equal(
		nla_logon_reason(&connection, CLOSE_HOST_LOGON, &detail), CLOSE_HOST_CERTIFICATE);
	told.nla_certificate.sha256_len = 31;
	assert_int_equal(nla_messages[1].function(NULL, &told), -EPROTO);
	nla_logon_end(&connection);
}

/* It is wiped by then, and a connection that comes back has none. */
static void
what_was_passed_through_is_noted_as_gone_once_the_desktop_is_there(void **state)
{
	struct host_credentials credentials;
	struct carried_session session = {0};

	(void)state;
	start(&credentials);
	connection.session = &session;
	nla_logon_succeeded(&connection);
	assert_null(taken.needs_password); /* what is stored is there again */
	assert_null(connection.nla);
	nla_logon_succeeded(&connection);
	start_with(&credentials, CREDENTIALS_PASS_THROUGH);
	connection.session = &session;
	nla_logon_succeeded(&connection);
	assert_ptr_equal(taken.needs_password, session.id);
	assert_int_equal(taken.ended, 1);
}

static void
a_result_that_cannot_be_ends_the_process(void **state)
{
	struct host_credentials credentials;
	union message_body message = {.nla_result = {.outcome = NLA_OUTCOME_COUNT}};

	(void)state;
	start(&credentials);
	assert_int_equal(nla_messages[0].function(NULL, &message), -EPROTO);
	nla_logon_end(&connection);
}

static void
a_host_without_nla_is_told_in_client_info_and_once(void **state)
{
	struct host_credentials credentials;

	(void)state;
	start(&credentials);
	assert_int_equal(nla_logon_not_offered(&connection), 0);
	assert_string_equal((char *)fake.credentials.password, "Ichigo-15");
	assert_int_equal(taken.ended, 1);
	assert_int_equal(nla_logon_not_offered(&connection), -EPROTO);
	/* Not after NLA, whatever the worker says. */
	start(&credentials);
	result(NLA_ACCEPTED, 0);
	assert_int_equal(nla_logon_not_offered(&connection), -EPROTO);
	nla_logon_end(&connection);
}

/* A worker that has been taken over says what it likes. */
static void
no_worker_is_told_a_password_that_is_for_nla_alone(void **state)
{
	struct host_credentials credentials;

	(void)state;
	fake.wanted = TERMINAL_NLA_REQUIRED;
	start(&credentials);
	assert_int_equal(nla_logon_not_offered(&connection), -EPROTO);
	assert_int_equal(fake.last, MSG_NOTHING);
	nla_ready(NULL, taken.child);
	assert_int_equal(fake.begin.password_len, 9);
	nla_logon_end(&connection);
}

static void
no_worker_is_told_a_password_before_it_has_the_jump_host(void **state)
{
	struct host_credentials credentials;

	(void)state;
	start(&credentials);
	connection.host_fd = -1;
	assert_int_equal(nla_logon_not_offered(&connection), -EPROTO);
	assert_int_equal(fake.last, MSG_NOTHING);
	nla_logon_end(&connection);
}

static void
a_process_that_dies_leaves_nothing(void **state)
{
	struct host_credentials credentials;
	const char *detail = "";

	(void)state;
	start(&credentials);
	nla_died(NULL, taken.child);
	assert_int_equal(nla_logon_reason(&connection, CLOSE_NLA_FAULT, &detail), CLOSE_NLA_FAULT);
	nla_logon_end(&connection);
	assert_int_equal(taken.ended, 0);
	memset(&fake, 0, sizeof(fake));
	taken_reset(CHILD_NLA);
	taken.answer = -EUSERS;
	connection.nla = NULL;
	memset(&credentials, 0, sizeof(credentials));
	assert_int_equal(host_credentials_set(&credentials, "tech", "",
				 &(const struct secret){(uint8_t *)"x", 1}),
		0);
	assert_int_equal(nla_logon_start(&connection, &terminal, &credentials), -EUSERS);
	assert_null(connection.nla);
}

static void
nla_is_wanted_where_there_is_something_to_show(void **state)
{
	static const struct {
		enum terminal_nla nla;
		bool given;
		enum close_reason reason;
		enum attach_nla wanted;
	} rows[] = {
		{TERMINAL_NLA_AUTO, false, CLOSE_NONE, ATTACH_WITHOUT_NLA},
		{TERMINAL_NLA_AUTO, true, CLOSE_NONE, ATTACH_NLA_IF_OFFERED},
		{TERMINAL_NLA_REQUIRED, false, CLOSE_HOST_WANTS_NLA, ATTACH_WITHOUT_NLA},
		{TERMINAL_NLA_REQUIRED, true, CLOSE_NONE, ATTACH_NLA_REQUIRED},
		{TERMINAL_NLA_OFF, false, CLOSE_NONE, ATTACH_WITHOUT_NLA},
		{TERMINAL_NLA_OFF, true, CLOSE_NONE, ATTACH_WITHOUT_NLA},
	};
	struct host_credentials none = {0}, some = {.user = "tech"};

	(void)state;
	some.password = (struct secret){(uint8_t *)"x", 1};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum attach_nla wanted = ATTACH_WITHOUT_NLA;

		terminal.nla = rows[i].nla;
		assert_int_equal(nla_wanted(&terminal, rows[i].given ? &some : &none, &wanted),
			rows[i].reason);
		assert_int_equal(wanted, rows[i].wanted);
	}
}

static int
ask(const char *realm, bool failed)
{
	union message_body message = {.kdc_wanted = {.failed = failed}};

	(void)snprintf(message.kdc_wanted.realm, sizeof(message.kdc_wanted.realm), "%s", realm);
	return nla_messages[2].function(NULL, &message);
}

static int
tickets_are_there(void)
{
	union message_body message = {.kdc_done = {.requests = 3}};

	return nla_messages[3].function(NULL, &message);
}

static void
by_kerberos(void)
{
	struct host_credentials credentials;

	supervisor.krb5 = &krb5;
	start(&credentials);
	nla_ready(NULL, taken.child);
	supervisor.krb5 = NULL;
	assert_string_equal(fake.begin.principal, "tech@AD.AOBA.EXAMPLE.JP");
	assert_string_equal(fake.begin.krb5, "allow_rc4 false\n");
	/* What the jump host is told in the end is what was stored. */
	assert_string_equal(fake.begin.domain, "AOBA");
}

static void
kdcs_are_for_those_who_log_on_by_kerberos_and_until_they_have_tickets(void **state)
{
	struct host_credentials credentials;

	(void)state;
	start(&credentials);
	assert_int_equal(ask("AD.AOBA.EXAMPLE.JP", false), -EPROTO);
	assert_int_equal(fake.searches, 0);
	nla_logon_end(&connection);

	by_kerberos();
	connection.supervisor->krb5 = &krb5;
	assert_int_equal(ask("AD.AOBA.EXAMPLE.JP", false), 0);
	assert_int_equal(ask("AD.AOBA.EXAMPLE.JP", true), 0);
	connection.supervisor->krb5 = NULL;
	assert_int_equal(fake.searches, 1);
	assert_true(fake.failed);
	assert_int_equal(fake.search.deadline_ms, 3000);
	fake.search.found(fake.search.owner, dup(STDIN_FILENO), 1500);
	assert_int_equal(fake.last, MSG_KDC_SOCKET);
	assert_int_equal(fake.limit_ms, 1500);
	fake.search.none(fake.search.owner, true);
	assert_int_equal(fake.last, MSG_KDC_NONE);
	assert_int_equal(tickets_are_there(), 0);
	assert_int_equal(fake.searches_ended, 1);
	assert_int_equal(ask("AD.AOBA.EXAMPLE.JP", false), -EPROTO);
	nla_logon_end(&connection);
	assert_int_equal(fake.searches_ended, 1);
}

static void
a_search_that_takes_too_long_ends_the_process(void **state)
{
	const char *detail = "";

	(void)state;
	by_kerberos();
	assert_int_equal(ask("AD.AOBA.EXAMPLE.JP", false), 0);
	fake.search.late(fake.search.owner);
	assert_int_equal(taken.ended, 1);
	assert_int_equal(
		nla_logon_reason(&connection, CLOSE_NLA_FAULT, &detail), CLOSE_KERBEROS_NO_KDC);
	assert_string_equal(detail, "kerberos.deadline is over");
	taken.ended = 0;
	nla_logon_end(&connection);
	assert_int_equal(taken.ended, 0);
	assert_int_equal(fake.searches_ended, 1);
}

static void
what_a_kdc_said_is_the_reason(void **state)
{
	const char *detail = "";

	(void)state;
	by_kerberos();
	result(NLA_NO_TICKET, 24);
	assert_int_equal(nla_logon_reason(&connection, CLOSE_HOST_LOGON, &detail),
		CLOSE_HOST_LOGON_PASSWORD);
	assert_string_equal(detail, "0x00000018 KDC_ERR_PREAUTH_FAILED");
	nla_logon_end(&connection);
	by_kerberos();
	result(NLA_NO_TICKET, 99);
	assert_int_equal(
		nla_logon_reason(&connection, CLOSE_HOST_LOGON, &detail), CLOSE_KERBEROS_REFUSED);
	nla_logon_end(&connection);
}

static void
kerberos_is_for_names_and_for_users_of_its_realms(void **state)
{
	static const struct {
		const char *user, *domain, *address, *principal;
	} rows[] = {
		{"tech", "AOBA", "pacs-01", "tech@AD.AOBA.EXAMPLE.JP"},
		{"tech", "ad.aoba.example.jp", "pacs-01", "tech@AD.AOBA.EXAMPLE.JP"},
		{"tech@ad.aoba.example.jp", "", "pacs-01", "tech@AD.AOBA.EXAMPLE.JP"},
		{"tech@aoba", "OTHER", "pacs-01", "tech@AD.AOBA.EXAMPLE.JP"},
		{"tech", "AOBA", "10.0.0.1", ""},
		{"tech", "AOBA", "fd00::1", ""},
		{"tech", "", "pacs-01", ""},
		{"tech", "OTHER", "pacs-01", ""},
		{"tech@elsewhere", "AOBA", "pacs-01", ""},
		{"@aoba", "", "pacs-01", ""},
		{"tech/admin", "AOBA", "pacs-01", ""},
		{"a@b@aoba", "", "pacs-01", ""},
	};
	char principal[PRINCIPAL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct host_credentials credentials = {.password = {(uint8_t *)"x", 1}};

		(void)snprintf(credentials.user, sizeof(credentials.user), "%s", rows[i].user);
		(void)snprintf(
			credentials.domain, sizeof(credentials.domain), "%s", rows[i].domain);
		(void)snprintf(terminal.address, sizeof(terminal.address), "%s", rows[i].address);
		assert_int_equal(principal_of(&krb5, &terminal, &credentials, principal),
			rows[i].principal[0] != '\0');
		assert_string_equal(principal, rows[i].principal);
		assert_false(principal_of(NULL, &terminal, &credentials, principal));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_goes_to_the_process_once_it_is_ready),
		cmocka_unit_test(what_the_host_said_is_the_reason),
		cmocka_unit_test(a_certificate_that_the_process_refuses_is_an_event_of_its_session),
		cmocka_unit_test(
			what_was_passed_through_is_noted_as_gone_once_the_desktop_is_there),
		cmocka_unit_test(a_result_that_cannot_be_ends_the_process),
		cmocka_unit_test(a_host_without_nla_is_told_in_client_info_and_once),
		cmocka_unit_test(no_worker_is_told_a_password_that_is_for_nla_alone),
		cmocka_unit_test(no_worker_is_told_a_password_before_it_has_the_jump_host),
		cmocka_unit_test(a_process_that_dies_leaves_nothing),
		cmocka_unit_test(
			kdcs_are_for_those_who_log_on_by_kerberos_and_until_they_have_tickets),
		cmocka_unit_test(a_search_that_takes_too_long_ends_the_process),
		cmocka_unit_test(what_a_kdc_said_is_the_reason),
		cmocka_unit_test(kerberos_is_for_names_and_for_users_of_its_realms),
		cmocka_unit_test(nla_is_wanted_where_there_is_something_to_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
