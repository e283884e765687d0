/* Every way in which a settings file can be wrong, with the exact place and the words a person reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "settings/settings.h"
#include "settings/tree.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* In the order of settings.def. */
#define TOP_KEYS                                                                               \
	"facility, public_address, listeners, tls, database, facility_key, session_log, log, " \
	"control_socket, backups, limits, workers, sources, sign_in, sessions, notices, "      \
	"kerberos, health, "                                                                   \
	"exports, recording, "                                                                 \
	"linked_services, "                                                                    \
	"roles, evidence"

/* Public keys that nobody has the other half of: 00 01 02 … 1f for two names, and one that differs in a bit. */
#define AUDITOR_TANAKA "tanaka=AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fQIh5iQ"
#define AUDITOR_SAME "yamada=AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fZeL-kA"
#define AUDITOR_TANAKA_2 "tanaka=AQABAgIEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fI4-grQ"
#define AUDITOR_SUZUKI "suzuki=AQABAgIEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f1V4lrQ"
/* A slip of the pen: one letter. */
#define AUDITOR_SLIP "suzuki=AQABAgIEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f1V4lrA"
#define AUDITOR_EXAMPLE                                                \
	"[tanaka=AcsWhCLzLwZJJnDN1r1crHbH_UgnDZ0Kbj15IlI4_F9J8auipQ, " \
	"suzuki=AYtVsVx53_LQXKFIf_6PJDo3CuoYRYWJLnV2PZjI70TnGNjaFg]"

/* 13 lines; a test adds lines after them or puts something in the place of one. */
static const char good[] = "facility:\n"
			   "  id: \"998-\"\n"
			   "  name: 桜総合病院\n"
			   "  domain: sakura.example.jp\n"
			   "listeners:\n"
			   "  - name: outside\n"
			   "    address: \"0.0.0.0:3389\"\n"
			   "    side: outside\n"
			   "    evidence: [vouched]\n"
			   "tls:\n"
			   "  certificate: /etc/sekisho/tls/gateway.crt\n"
			   "  key: /etc/sekisho/tls/gateway.key\n"
			   "\n";

/* What settings_print_errors says about a text; "" for a good one. Allocated. */
static char *
said_about(const void *bytes, size_t len)
{
	struct settings_errors errors = {0};
	struct settings *settings = NULL;
	char *said = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&said, &size);
	int r = settings_parse("f", bytes, len, &settings, &errors);

	assert_int_equal(r, errors.mistakes > 0 ? -EINVAL : 0);
	assert_true((settings != NULL) == (r == 0));
	settings_print_errors(&errors, out);
	(void)fclose(out);
	settings_free(settings);
	settings_errors_done(&errors);
	return said;
}

/* Puts `with` in the place of `what` in the good file. */
static char *
changed(const char *what, const char *with)
{
	const char *at = strstr(good, what);
	char *text = NULL;

	assert_non_null(at);
	assert_true(
		asprintf(&text, "%.*s%s%s", (int)(at - good), good, with, at + strlen(what)) > 0);
	return text;
}

static bool
says(const char *text, const char *expected)
{
	auto_free char *said = said_about(text, strlen(text));

	if (strcmp(said, expected) == 0)
		return true;
	print_error("file:\n%s\nexpected:\n%sbut it said:\n%s", text, expected, said);
	return false;
}

static void
expect_said(const char *text, const char *expected)
{
	assert_true(says(text, expected));
}

static void
good_file_is_read_with_its_defaults(void **state)
{
	struct settings_errors errors = {0};
	struct settings *settings = NULL;

	(void)state;
	assert_int_equal(settings_parse("f", good, strlen(good), &settings, &errors), 0);
	assert_int_equal(errors.count, 0);
	assert_string_equal(settings->facility.id, "998-");
	assert_string_equal(settings->facility.name, "桜総合病院");
	assert_string_equal(settings->facility.time_zone, "Asia/Tokyo");
	assert_int_equal(settings->listeners.count, 1);
	assert_string_equal(settings->listeners.items[0].address.text, "0.0.0.0:3389");
	assert_int_equal(settings->listeners.items[0].side, SETTINGS_OUTSIDE);
	assert_int_equal(settings->listeners.items[0].evidence, 1u << SETTINGS_EVIDENCE_VOUCHED);
	assert_int_equal(settings->listeners.items[0].proxy, SETTINGS_PROXY_OFF);
	assert_int_equal(settings->tls.minimum, SETTINGS_TLS_1_2);
	assert_int_equal(settings->limits.grace_ms, 600000);
	assert_int_equal(settings->recording.auditors.count, 0);
	assert_int_equal(settings->recording.most_bytes, 4ll << 30);
	assert_int_equal(settings->recording.most_bytes_altogether, 0);
	assert_true(settings->workers.count >= 1);
	assert_string_equal(settings->roles.admin.groups.items[0], "sekisho-admin");
	assert_int_equal(settings->roles.refused_users.count, 5);
	assert_null(settings->public_address.name);
	assert_int_equal(settings->evidence.radius.address.len, 0);
	settings_free(settings);
	settings_errors_done(&errors);
}

/* A mistake made in the good file, and all that is said about it. */
static const struct {
	const char *what;
	const char *with;
	const char *said;
} mistakes[] = {
#include "load_mistakes.def"
};

static void
each_mistake_is_named_with_its_place(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		auto_free char *text = changed(mistakes[i].what, mistakes[i].with);

		wrong += !says(text, mistakes[i].said);
	}
	assert_int_equal(wrong, 0);
}

static void
several_mistakes_are_all_shown_in_the_order_of_the_file(void **state)
{
	(void)state;
	expect_said("facility:\n  id: x\n  name: y\n  domian: z\nlisteners: []\ntls:\n  "
		    "certificate: /a\n  key: b\n",
		"f:2:3: `facility.domain` is missing; for example sakura.example.jp\n"
		"f:2:7: `facility.id`: found `x`; allowed is digits and hyphens, at most 16, for "
		"example \"998-\"\n"
		"f:4:3: unknown key `domian` in `facility`; did you mean `domain`?\n"
		"f:5:12: `listeners`: found 0 items; allowed are 1 to 32\n"
		"f:8:8: `tls.key`: found `b`; allowed is the absolute path of a file "
		"without `.` and `..`, for example /etc/sekisho/tls/gateway.key\n");
}

static void
empty_file_is_refused(void **state)
{
	(void)state;
	expect_said("", "f:1:1: the file says nothing: see sekisho-gateway.yaml(5)\n");
	expect_said("# nothing\n", "f:1:1: the file says nothing: see sekisho-gateway.yaml(5)\n");
	expect_said("- a\n", "f:1:1: the file: found a list; allowed are the keys " TOP_KEYS
			     ", each followed by `: ` and its value\n");
}

static void
nul_byte_is_refused_with_its_place(void **state)
{
	static const char text[] = "facility:\n  id: \0\n";
	auto_free char *said = said_about(text, sizeof(text) - 1);

	(void)state;
	assert_string_equal(said, "f:2:7: a NUL byte (U+0000) is not allowed\n");
}

static void
file_above_one_mebibyte_is_refused(void **state)
{
	auto_free char *text = malloc(TREE_BYTES_MOST + 1);
	auto_free char *said = NULL;
	auto_free char *at_limit = NULL;

	(void)state;
	memset(text, '#', TREE_BYTES_MOST + 1);
	said = said_about(text, TREE_BYTES_MOST + 1);
	assert_string_equal(said, "f: the file is larger than 1 MiB: this is no settings file\n");
	at_limit = said_about(text, TREE_BYTES_MOST);
	assert_string_equal(
		at_limit, "f:1:1: the file says nothing: see sekisho-gateway.yaml(5)\n");
}

static void
too_many_values_are_refused(void **state)
{
	auto_free char *text = malloc(60000);
	auto_free char *said = NULL;
	size_t len = 0;

	(void)state;
	text[len++] = '[';
	for (int i = 0; i < 20001; i++) {
		text[len++] = '1';
		text[len++] = ',';
	}
	text[len++] = ']';
	said = said_about(text, len);
	assert_string_equal(said, "f:1:40000: too many values: at most 20000 are read\n");
}

static void
alias_bomb_costs_nothing(void **state)
{
	(void)state;
	expect_said("a: &a [x,x]\nb: &b [*a,*a]\n",
		"f:1:1: unknown key `a`; allowed are " TOP_KEYS "\n"
		"f:1:1: `facility.id` is missing; for example \"998-\"\n"
		"f:1:1: `facility.name` is missing; for example Sakura General Hospital\n"
		"f:1:1: `facility.domain` is missing; for example sakura.example.jp\n"
		"f:1:1: `listeners` is missing\n"
		"f:1:1: `tls.certificate` is missing; for example /etc/sekisho/tls/gateway.crt\n"
		"f:1:1: `tls.key` is missing; for example /etc/sekisho/tls/gateway.key\n"
		"f:1:4: anchors (&name) are not read here: write the value where it is needed\n"
		"f:2:1: unknown key `b`; allowed are " TOP_KEYS "\n"
		"f:2:4: anchors (&name) are not read here: write the value where it is needed\n"
		"f:2:8: aliases (*name) are not read here: write the value out, or put a text that "
		"begins with * in "
		"quotes\n"
		"f:2:11: aliases (*name) are not read here: write the value out, or put a text "
		"that begins with * in "
		"quotes\n");
}

static void
many_mistakes_end_with_a_note(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	auto_free char *said = NULL;

	(void)state;
	for (int i = 0; i < 200; i++)
		fprintf(out, "key%d: 1\n", i);
	(void)fclose(out);
	said = said_about(text, strlen(text));
	assert_non_null(strstr(said, "f: there may be more; mend these first\n"));
	free(text);
}

static void
windows_line_ends_and_byte_order_mark_are_read(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	auto_free char *said = NULL;

	(void)state;
	fputs("\xef\xbb\xbf", out);
	for (const char *at = good; *at != '\0'; at++) {
		if (*at == '\n')
			fputc('\r', out);
		fputc(*at, out);
	}
	fputs("zebra: 1\r\n", out);
	(void)fclose(out);
	said = said_about(text, strlen(text));
	assert_memory_equal(said, "f:14:1: unknown key `zebra`", 27);
	free(text);
}

static void
warnings_do_not_refuse_the_file(void **state)
{
	auto_free char *text = changed("[vouched]", "[lease, vpn]");

	(void)state;
	expect_said(text,
		"f:9:15: warning: `lease` finds nothing without `evidence.lease_files`\n"
		"f:9:15: warning: `vpn` finds nothing without `evidence.radius`, `detail_files` or "
		"`openvpn_status_files`\n");
}

static void
times_are_read_in_every_unit(void **state)
{
	static const struct {
		const char *text;
		uint32_t ms;
	} times[] = {{"0", 0}, {"1500", 1500}, {"1500ms", 1500}, {"90s", 90000}, {"90 s", 90000},
		{"5min", 300000}, {"2h", 7200000}, {"1d", 86400000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct settings_errors errors = {0};
		struct settings *settings = NULL;
		auto_free char *text = NULL;

		assert_true(asprintf(&text, "%slimits: {grace: %s}\n", good, times[i].text) > 0);
		assert_int_equal(settings_parse("f", text, strlen(text), &settings, &errors), 0);
		assert_int_equal(settings->limits.grace_ms, times[i].ms);
		settings_free(settings);
		settings_errors_done(&errors);
	}
}

static void
networks_contain_their_addresses_only(void **state)
{
	static const char networks[] = "sources: {exempt: [10.16.0.0/12, fd00::/9, 192.0.2.7]}\n";
	static const struct {
		const char *address;
		bool inside;
	} cases[] = {{"10.16.0.0", true}, {"10.31.255.255", true}, {"10.32.0.0", false},
		{"10.15.255.255", false}, {"192.0.2.7", true}, {"192.0.2.6", false},
		{"fd7f::1", true}, {"fd80::1", false}, {"::ffff:10.16.0.1", true},
		{"::ffff:10.32.0.1", false}};
	struct settings_errors errors = {0};
	struct settings *settings = NULL;
	auto_free char *text = NULL;

	(void)state;
	assert_true(asprintf(&text, "%s%s", good, networks) > 0);
	assert_int_equal(settings_parse("f", text, strlen(text), &settings, &errors), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sockaddr_in v4 = {.sin_family = AF_INET};
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
		bool is_v6 = strchr(cases[i].address, ':') != NULL;
		const struct sockaddr *address =
			is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;

		if (is_v6)
			assert_int_equal(inet_pton(AF_INET6, cases[i].address, &v6.sin6_addr), 1);
		else
			assert_int_equal(inet_pton(AF_INET, cases[i].address, &v4.sin_addr), 1);
		assert_int_equal(settings_networks_contain(&settings->sources.exempt, address),
			cases[i].inside);
	}
	settings_free(settings);
	settings_errors_done(&errors);
}

static void
phase_limits_are_those_of_the_file(void **state)
{
	struct settings_errors errors = {0};
	struct settings *settings = NULL;
	auto_free char *text = NULL;

	(void)state;
	assert_true(asprintf(&text, "%slimits: {sniff: 1234}\n", good) > 0);
	assert_int_equal(settings_parse("f", text, strlen(text), &settings, &errors), 0);
	assert_int_equal(settings_phase_limit_ms(settings, PHASE_SNIFF), 1234);
	assert_int_equal(settings_phase_limit_ms(settings, PHASE_BRIDGE), 0);
	assert_int_equal(
		settings_phase_limit_ms(settings, PHASE_ATTACH), settings->limits.attach_ms);
	settings_free(settings);
	settings_errors_done(&errors);
}

static void
keys_that_need_a_restart_are_named(void **state)
{
	struct settings_errors errors = {0};
	struct settings *old = NULL;
	struct settings *new_settings = NULL;
	auto_free char *text = NULL;
	auto_free char *keys = NULL;
	auto_free char *none = NULL;
	auto_free char *more = changed("side: outside", "side: inside");

	(void)state;
	assert_true(asprintf(&text, "%sworkers: {count: 7}\nsessions: {hours_end: disconnect}\n",
			    more) > 0);
	assert_int_equal(settings_parse("f", good, strlen(good), &old, &errors), 0);
	assert_int_equal(settings_parse("f", text, strlen(text), &new_settings, &errors), 0);
	keys = settings_restart_keys(old, new_settings);
	assert_string_equal(keys, "listeners, workers.count");
	none = settings_restart_keys(old, old);
	assert_string_equal(none, "");
	settings_free(old);
	settings_free(new_settings);
	settings_errors_done(&errors);
}

/* Asked of the table: whatever may be reloaded is, and nothing else. */
static void
reload_takes_up_every_key_that_says_so(void **state)
{
	struct settings_errors errors = {0};
	struct settings *running = NULL;
	struct settings *fresh = NULL;
	auto_free char *more = changed("side: outside", "side: inside");
	auto_free char *text = NULL;
	auto_free char *keys = NULL;

	(void)state;
	assert_true(
		asprintf(&text,
			"%sworkers: {count: 7}\nsessions: {hours_end: disconnect}\n"
			"sign_in: {banner: \"read me\", banner_shown: always, notices: [{text: "
			"news}]}\n"
			"notices: {first: 11min, last: 2min}\nhealth: {every: 3min}\n"
			"recording: {keep_days: 7, most: 2GB, stall: 9s, directory: /elsewhere, "
			"auditors: [tanaka=AcsWhCLzLwZJJnDN1r1crHbH_UgnDZ0Kbj15IlI4_F9J8auipQ]}\n",
			more) > 0);
	assert_int_equal(settings_parse("f", good, strlen(good), &running, &errors), 0);
	assert_int_equal(settings_parse("f", text, strlen(text), &fresh, &errors), 0);
	settings_take_changes(running, fresh);
	assert_int_equal(running->sessions.hours_end, SETTINGS_HOURS_DISCONNECT);
	assert_string_equal(running->sign_in.banner, "read me");
	assert_int_equal(running->sign_in.banner_shown, SETTINGS_SHOWN_ALWAYS);
	assert_int_equal(running->sign_in.notices.count, 1);
	assert_int_equal(running->notices.first_ms, 11 * 60 * 1000);
	assert_int_equal(running->notices.second_ms, 5 * 60 * 1000);
	assert_int_equal(running->notices.last_ms, 2 * 60 * 1000);
	assert_int_equal(running->health.every_ms, 3 * 60 * 1000);
	assert_int_equal(running->recording.keep_days, 7);
	assert_int_equal(running->recording.stall_ms, 9000);
	assert_true(running->recording.most_bytes == 2147483648u);
	assert_int_equal(running->recording.auditors.count, 1);
	assert_null(running->recording.directory);
	settings_free(fresh);

	/* The rest waits: a file that differs in nothing else needs that same restart. */
	fresh = NULL;
	assert_int_equal(settings_parse("f", text, strlen(text), &fresh, &errors), 0);
	keys = settings_restart_keys(running, fresh);
	assert_string_equal(keys, "listeners, workers.count, recording.directory");
	settings_free(running);
	settings_free(fresh);
	settings_errors_done(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_is_read_with_its_defaults),
		cmocka_unit_test(each_mistake_is_named_with_its_place),
		cmocka_unit_test(several_mistakes_are_all_shown_in_the_order_of_the_file),
		cmocka_unit_test(empty_file_is_refused),
		cmocka_unit_test(nul_byte_is_refused_with_its_place),
		cmocka_unit_test(file_above_one_mebibyte_is_refused),
		cmocka_unit_test(too_many_values_are_refused),
		cmocka_unit_test(alias_bomb_costs_nothing),
		cmocka_unit_test(many_mistakes_end_with_a_note),
		cmocka_unit_test(windows_line_ends_and_byte_order_mark_are_read),
		cmocka_unit_test(warnings_do_not_refuse_the_file),
		cmocka_unit_test(times_are_read_in_every_unit),
		cmocka_unit_test(networks_contain_their_addresses_only),
		cmocka_unit_test(phase_limits_are_those_of_the_file),
		cmocka_unit_test(keys_that_need_a_restart_are_named),
		cmocka_unit_test(reload_takes_up_every_key_that_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
