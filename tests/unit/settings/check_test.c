/* Files that the settings name: made in a scratch folder, then spoilt one at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY 86400
#define TODAY 1700000000

struct facility {
	char folder[64];
	char settings[96];
};

static const char *
in_folder(const struct facility *facility, const char *name)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", facility->folder, name);
	return path;
}

static void
write_file(const struct facility *facility, const char *name, const char *text, mode_t mode)
{
	const char *path = in_folder(facility, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static EVP_PKEY *
make_key(const char *kind)
{
	return strcmp(kind, "EC") == 0 ? EVP_EC_gen("P-256")
				       : EVP_RSA_gen((unsigned int)atoi(kind));
}

/* A self-signed certificate, valid from and until days from today, and its key. */
static void
write_tls(const struct facility *facility, const char *kind, int from, int until)
{
	EVP_PKEY *key = make_key(kind);
	X509 *certificate = X509_new();
	FILE *out;

	assert_non_null(key);
	(void)X509_set_version(certificate, 2);
	(void)X509_set_pubkey(certificate, key);
	ASN1_TIME_set(X509_getm_notBefore(certificate), TODAY + (time_t)from * DAY);
	ASN1_TIME_set(X509_getm_notAfter(certificate), TODAY + (time_t)until * DAY);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	out = fopen(in_folder(facility, "gateway.crt"), "w");
	assert_int_equal(PEM_write_X509(out, certificate), 1);
	(void)fclose(out);
	out = fopen(in_folder(facility, "gateway.key"), "w");
	assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(out);
	assert_int_equal(chmod(in_folder(facility, "gateway.key"), 0600), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void
write_settings(const struct facility *facility, const char *zone, const char *more)
{
	FILE *out = fopen(facility->settings, "w");

	fprintf(out,
		"facility: {id: \"\", name: x, domain: example.jp,\n"
		"  time_zone: %s}\n"
		"listeners: [{name: a, address: \"127.0.0.1:3389\", side: inside, evidence: []}]\n"
		"tls:\n"
		"  certificate: %s/gateway.crt\n"
		"  key: %s/gateway.key\n"
		"database: %s/sekisho.db\n"
		"facility_key: %s/facility.key\n"
		"session_log: %s/session.log\n"
		"control_socket: %s/control.sock\n"
		"%s",
		zone, facility->folder, facility->folder, facility->folder, facility->folder,
		facility->folder, facility->folder, more);
	assert_int_equal(fclose(out), 0);
}

static int
set_up(void **state)
{
	struct facility *facility = calloc(1, sizeof(*facility));

	strcpy(facility->folder, "/tmp/settings-check-XXXXXX");
	assert_non_null(mkdtemp(facility->folder));
	snprintf(facility->settings, sizeof(facility->settings), "%s/f", facility->folder);
	clock_hold((int64_t)TODAY * 1000000, 1000);
	write_tls(facility, "EC", -1, 365);
	write_settings(facility, "Asia/Tokyo", "");
	write_file(facility, "facility.key", "0123456789abcdef0123456789abcdef", 0600);
	*state = facility;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"f", "gateway.crt", "gateway.key", "facility.key", "sekisho.db", "secret", "other"};
	struct facility *facility = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlink(in_folder(facility, names[i]));
	assert_int_equal(rmdir(facility->folder), 0);
	free(facility);
	clock_release();
	return 0;
}

/* What is said about the facility, with its folder written as DIR. Allocated. */
static char *
said_about(const struct facility *facility)
{
	struct settings_errors errors = {0};
	struct settings *settings = NULL;
	char *said = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&said, &size);
	int r = settings_load(facility->settings, &settings, &errors);
	char *at;

	if (r == 0)
		r = settings_check_key(settings, &errors);
	assert_int_equal(r, errors.mistakes > 0 ? -EINVAL : 0);
	settings_print_errors(&errors, out);
	(void)fclose(out);
	while ((at = strstr(said, facility->folder)) != NULL) {
		size_t len = strlen(facility->folder);

		memcpy(at, "DIR", 3);
		memmove(at + 3, at + len, strlen(at + len) + 1);
	}
	settings_free(settings);
	settings_errors_done(&errors);
	return said;
}

static void
expect_said(const struct facility *facility, const char *expected)
{
	auto_free char *said = said_about(facility);

	assert_string_equal(said, expected);
}

static void
good_facility_needs_nothing_said(void **state)
{
	expect_said(*state, "");
}

static void
missing_files_are_named_where_the_file_names_them(void **state)
{
	const struct facility *facility = *state;

	assert_int_equal(unlink(in_folder(facility, "gateway.crt")), 0);
	assert_int_equal(unlink(in_folder(facility, "gateway.key")), 0);
	expect_said(facility, "DIR/f:5:16: `tls.certificate`: DIR/gateway.crt cannot be read: No "
			      "such file or directory\n"
			      "DIR/f:6:8: `tls.key`: DIR/gateway.key cannot be read: No such file "
			      "or directory\n");
}

static void
key_that_others_can_read_is_refused(void **state)
{
	const struct facility *facility = *state;

	assert_int_equal(chmod(in_folder(facility, "gateway.key"), 0644), 0);
	expect_said(facility, "DIR/f:6:8: `tls.key`: DIR/gateway.key has mode 0644, so others than "
			      "the gateway can "
			      "reach it; allowed is 0600 (chmod 600 DIR/gateway.key)\n");
	assert_int_equal(chmod(in_folder(facility, "gateway.key"), 0640), 0);
	expect_said(facility, "DIR/f:6:8: warning: `tls.key`: DIR/gateway.key can be read by its "
			      "group (mode 0640); "
			      "0600 is safer\n");
}

static void
certificate_that_has_ended_is_refused(void **state)
{
	const struct facility *facility = *state;

	write_tls(facility, "EC", -10, -1);
	expect_said(facility,
		"DIR/f:5:16: the certificate in DIR/gateway.crt ended on 2023-11-13: renew it\n");
	write_tls(facility, "EC", 1, 10);
	expect_said(facility, "DIR/f:5:16: the certificate in DIR/gateway.crt is not valid before "
			      "2023-11-15: is the "
			      "clock right?\n"
			      "DIR/f:5:16: warning: the certificate in DIR/gateway.crt ends on "
			      "2023-11-24: renew it "
			      "soon\n");
}

static void
large_rsa_key_is_warned_of_and_small_one_refused(void **state)
{
	const struct facility *facility = *state;

	write_tls(facility, "2048", -1, 365);
	expect_said(facility, "");
	write_tls(facility, "3072", -1, 365);
	expect_said(facility,
		"DIR/f:5:16: warning: the certificate in DIR/gateway.crt has an RSA key of 3072 "
		"bits, which makes "
		"every handshake slow; an EC key on P-256 is as strong and much faster\n");
	write_tls(facility, "1024", -1, 365);
	expect_said(facility, "DIR/f:5:16: the certificate in DIR/gateway.crt has an RSA key of "
			      "1024 bits; allowed "
			      "are 2048 and more\n");
}

static void
key_of_another_certificate_is_refused(void **state)
{
	const struct facility *facility = *state;

	assert_int_equal(
		rename(in_folder(facility, "gateway.key"), in_folder(facility, "other")), 0);
	write_tls(facility, "EC", -1, 365);
	assert_int_equal(
		rename(in_folder(facility, "other"), in_folder(facility, "gateway.key")), 0);
	expect_said(facility,
		"DIR/f:6:8: the key in DIR/gateway.key does not belong to the certificate in "
		"DIR/gateway.crt\n");
}

static void
files_of_another_kind_are_refused(void **state)
{
	const struct facility *facility = *state;

	write_file(facility, "gateway.crt", "hello\n", 0644);
	write_file(facility, "gateway.key", "hello\n", 0600);
	expect_said(facility,
		"DIR/f:5:16: DIR/gateway.crt holds no certificate in PEM form (-----BEGIN "
		"CERTIFICATE-----)\n");
	write_tls(facility, "EC", -1, 365);
	write_file(facility, "gateway.key", "hello\n", 0600);
	expect_said(facility,
		"DIR/f:6:8: DIR/gateway.key holds no private key in PEM form without a pass phrase "
		"(-----BEGIN PRIVATE KEY-----)\n");
	write_file(facility, "gateway.key", "", 0600);
	expect_said(facility, "DIR/f:6:8: `tls.key`: DIR/gateway.key is empty\n");
}

static void
facility_key_is_neither_missing_nor_readable_by_others(void **state)
{
	const struct facility *facility = *state;

	assert_int_equal(unlink(in_folder(facility, "facility.key")), 0);
	expect_said(facility, "DIR/f:8:15: `facility_key`: DIR/facility.key is missing; make it "
			      "once with (umask 077; openssl rand "
			      "-out DIR/facility.key 32), and keep a copy in a safe\n");
	write_file(facility, "sekisho.db", "x", 0600);
	expect_said(facility,
		"DIR/f:8:15: `facility_key`: DIR/facility.key is missing, but the database "
		"DIR/sekisho.db was made with one: bring it back from your backup\n");
	write_file(facility, "facility.key", "x", 0600);
	expect_said(facility, "DIR/f:8:15: `facility_key`: DIR/facility.key has 1 bytes; a "
			      "facility key has 32\n");
	write_file(facility, "facility.key", "0123456789abcdef0123456789abcdef", 0666);
	expect_said(facility, "DIR/f:8:15: `facility_key`: DIR/facility.key has mode 0666, so "
			      "others than the gateway "
			      "can reach it; allowed is 0600 (chmod 600 DIR/facility.key)\n");
}

static void
unknown_time_zone_is_refused_with_a_guess(void **state)
{
	const struct facility *facility = *state;

	write_settings(facility, "Asia/Tokio", "");
	expect_said(facility,
		"DIR/f:2:14: `facility.time_zone`: tzdata knows no `Asia/Tokio`; did you mean "
		"`Asia/Tokyo`?\n");
	write_settings(facility, "Asia", "");
	expect_said(facility, "DIR/f:2:14: `facility.time_zone`: tzdata knows no `Asia`; see "
			      "timedatectl list-timezones\n");
}

static void
evidence_files_are_looked_at(void **state)
{
	const struct facility *facility = *state;

	write_settings(facility, "Asia/Tokyo",
		"evidence:\n"
		"  lease_files: [{path: /nonexistent/leases, format: kea}]\n"
		"  openvpn_status_files: [/nonexistent/status]\n"
		"  radius: {address: \"127.0.0.1:1813\", nas: [127.0.0.1], secret: "
		"/nonexistent/secret}\n");
	expect_said(facility, "DIR/f:12:24: warning: `evidence.lease_files[1].path`: "
			      "/nonexistent/leases cannot be read: No such "
			      "file or directory\n"
			      "DIR/f:13:25: warning: `evidence.openvpn_status_files`: "
			      "/nonexistent/status cannot be read: No such "
			      "file or directory\n"
			      "DIR/f:14:65: `evidence.radius.secret`: /nonexistent/secret cannot "
			      "be read: No such file or "
			      "directory\n");
}

static void
folders_that_are_not_there_are_named(void **state)
{
	const struct facility *facility = *state;
	char path[256];

	write_settings(facility, "Asia/Tokyo", "");
	snprintf(path, sizeof(path), "sed -i 's|database: .*|database: /nonexistent/a.db|' %s",
		facility->settings);
	assert_int_equal(system(path), 0);
	expect_said(facility,
		"DIR/f:7:11: `database`: the folder /nonexistent: No such file or directory\n");
}

static void
what_the_service_makes_is_not_missed_before_it_runs(void **state)
{
	const struct facility *facility = *state;
	char command[512];

	snprintf(command, sizeof(command),
		"sed -i 's|key: .*/gateway.key|key: "
		"/run/credentials/sekisho-test.service/gateway.key|; "
		"s|facility_key: .*|facility_key: "
		"/run/credentials/sekisho-test.service/facility.key|' %s",
		facility->settings);
	assert_int_equal(system(command), 0);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	expect_said(facility,
		"DIR/f:6:8: warning: `tls.key`: /run/credentials/sekisho-test.service/gateway.key "
		"is there only while "
		"the service runs, so it is not checked now\n"
		"DIR/f:8:15: warning: `facility_key`: "
		"/run/credentials/sekisho-test.service/facility.key is there only "
		"while the service runs, so it is not checked now\n");
}

static void
settings_file_that_is_none_is_refused(void **state)
{
	struct facility facility = *(struct facility *)*state;

	strcpy(facility.settings, "/nonexistent.yaml");
	expect_said(&facility, "/nonexistent.yaml: cannot be read: No such file or directory\n");
	strcpy(facility.settings, "/dev/null");
	expect_said(&facility, "/dev/null: is not a file but a device, pipe or socket\n");
	strcpy(facility.settings, "/tmp");
	expect_said(&facility, "/tmp: is not a file but a folder\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void
recordings_lie_where_nobody_else_reads(void **state)
{
	struct facility *facility = *state;
	auto_free char *more = NULL;

	assert_true(
		asprintf(&more, "recording: {directory: \"%s/other\"}\n", facility->folder) > 0);
	write_settings(facility, "Asia/Tokyo", more);
	expect_said(facility, "");
	assert_int_equal(mkdir(in_folder(facility, "other"), 0700), 0);
	expect_said(facility, "");
	assert_int_equal(chmod(in_folder(facility, "other"), 0750), 0);
	expect_said(facility,
		"DIR/f:11:24: `recording.directory`: DIR/other has mode 0750, so others than the "
		"gateway can reach it; allowed is 0700 (chmod 700 DIR/other)\n");
	assert_int_equal(rmdir(in_folder(facility, "other")), 0);
	write_file(facility, "other", "x", 0600);
	expect_said(facility, "DIR/f:11:24: `recording.directory`: DIR/other is not a folder\n");
	assert_int_equal(unlink(in_folder(facility, "other")), 0);
	assert_int_equal(symlink("/", in_folder(facility, "other")), 0);
	expect_said(facility,
		"DIR/f:11:24: `recording.directory`: DIR/other is a symbolic link; name the folder "
		"itself\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_facility_needs_nothing_said),
		TEST(missing_files_are_named_where_the_file_names_them),
		TEST(key_that_others_can_read_is_refused),
		TEST(certificate_that_has_ended_is_refused),
		TEST(large_rsa_key_is_warned_of_and_small_one_refused),
		TEST(key_of_another_certificate_is_refused),
		TEST(files_of_another_kind_are_refused),
		TEST(facility_key_is_neither_missing_nor_readable_by_others),
		TEST(unknown_time_zone_is_refused_with_a_guess),
		TEST(evidence_files_are_looked_at),
		TEST(folders_that_are_not_there_are_named),
		TEST(what_the_service_makes_is_not_missed_before_it_runs),
		TEST(recordings_lie_where_nobody_else_reads),
		TEST(settings_file_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
