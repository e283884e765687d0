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
#define TOP_KEYS                                                                                  \
	"facility, public_address, listeners, tls, database, facility_key, session_log, log, "    \
	"control_socket, backups, limits, workers, sources, sign_in, sessions, health, exports, " \
	"linked_services, "                                                                       \
	"roles, evidence"

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
	/* keys */
	{"certificate:", "certficate:",
		"f:11:3: unknown key `certficate` in `tls`; did you mean `certificate`?\n"
		"f:11:3: `tls.certificate` is missing; for example /etc/sekisho/tls/gateway.crt\n"},
	{"\n\n", "\ncertificate: x\n",
		"f:13:1: unknown key `certificate`; did you mean `tls.certificate`?\n"},
	{"\n\n", "\nzebra: 1\n", "f:13:1: unknown key `zebra`; allowed are " TOP_KEYS "\n"},
	{"  domain", "  id: \"1\"\n  domain",
		"f:4:3: key `id` stands here twice, first in line 2\n"},
	{"  domain: sakura.example.jp\n", "",
		"f:2:3: `facility.domain` is missing; for example sakura.example.jp\n"},
	{"    side: outside\n", "", "f:6:5: `listeners[1].side` is missing; for example outside\n"},
	{"\n\n", "\n[a, b]: 1\n", "f:13:1: found a list where a key belongs\n"},
	/* types */
	{"\"998-\"", "[1]",
		"f:2:7: `facility.id`: found a list; allowed is digits and hyphens, at most 16, "
		"for example "
		"\"998-\"\n"},
	{"\"998-\"", "998a",
		"f:2:7: `facility.id`: found `998a`; allowed is digits and hyphens, at most 16, "
		"for example "
		"\"998-\"\n"},
	{"桜総合病院", "",
		"f:3:8: `facility.name`: found nothing; allowed is a text of 1 to 64 characters, "
		"for example "
		"Sakura General Hospital\n"},
	{"桜総合病院", "{a: 1}",
		"f:3:9: `facility.name`: found a group of keys; allowed is a text of 1 to 64 "
		"characters, for "
		"example Sakura General Hospital\n"},
	{"sakura.example.jp", "\"@sakura\"",
		"f:4:11: `facility.domain`: found `@sakura`; allowed is a domain name without @, "
		"for example "
		"sakura.example.jp\n"},
	{"/etc/sekisho/tls/gateway.key", "gateway.key",
		"f:12:8: `tls.key`: found `gateway.key`; allowed is the absolute path of a file, "
		"for example "
		"/etc/sekisho/tls/gateway.key\n"},
	{"\n\n", "\nworkers: {count: many}\n",
		"f:13:18: `workers.count`: found `many`; allowed is a number from 1 to 256, or "
		"cores, for example 4\n"},
	{"\n\n", "\nworkers: {count: \"4\"}\n",
		"f:13:18: `workers.count`: found `4`; allowed is a number from 1 to 256, or cores, "
		"for example 4; "
		"write the number without quotes\n"},
	{"\n\n", "\nlimits: 5\n",
		"f:13:9: `limits`: found `5`; allowed are the keys admit, sniff, secure, "
		"introduce, decide, greet, consent, "
		"attach, redirect, drain, stall, dial, resolve, grace, ticket, watchdog, each "
		"followed by `: ` and "
		"its value\n"},
	{"\n\n", "\nlinked_services: [mail, \"=1+1\"]\n",
		"f:13:25: `linked_services`: found `=1+1`; allowed is a list of up to 16 names of "
		"at most 64 bytes, no comma, no quotes, the first character none of = + - @, "
		"for example [mail, intranet]\n"},
	{"\n\n", "\nroles: {admin: {users: suzuki}}\n",
		"f:13:24: `roles.admin.users`: found `suzuki`; allowed is a list of up to 64 names "
		"of users or groups, "
		"for example [root, suzuki]; a single item needs [ ] as well\n"},
	{"\n\n", "\npublic_address: rdp.example.jp\n",
		"f:13:17: `public_address`: found `rdp.example.jp`; allowed is a host name or "
		"address, and a port, for "
		"example rdp.sakura.example.jp:3389; the port is missing\n"},
	/* ranges */
	{"\n\n", "\nworkers: {count: 0}\n",
		"f:13:18: `workers.count`: found `0`; allowed is a number from 1 to 256, or cores, "
		"for example 4\n"},
	{"\n\n", "\nworkers: {count: 4294967297}\n",
		"f:13:18: `workers.count`: found `4294967297`; allowed is a number from 1 to 256, "
		"or cores, for "
		"example 4\n"},
	{"\n\n", "\nlimits:\n  ticket: 61s\n",
		"f:14:11: `limits.ticket`: found `61s`; allowed is a time from 1s to 1min, for "
		"example 60s\n"},
	{"\n\n", "\nlimits:\n  ticket: 1m\n",
		"f:14:11: `limits.ticket`: found `1m`; allowed is a time from 1s to 1min, for "
		"example 60s; units are "
		"ms, s, min, h and d\n"},
	{"\n\n", "\nsources:\n  ipv4_prefix: 33\n",
		"f:14:16: `sources.ipv4_prefix`: found `33`; allowed is a number from 8 to 32, for "
		"example 32\n"},
	/* words */
	{"side: outside", "side: outsde",
		"f:8:11: `listeners[1].side`: found `outsde`; allowed is inside or outside, for "
		"example outside; did "
		"you mean `outside`?\n"},
	{"[vouched]", "[vouched, mac]",
		"f:9:25: `listeners[1].evidence`: found `mac`; allowed is a list of "
		"device-certificate, neighbour, "
		"lease, vpn or vouched, for example [vouched]\n"},
	{"[vouched]", "[vouched, vouched]",
		"f:9:25: `listeners[1].evidence`: `vouched` stands here twice\n"},
	{"  key:", "  minimum: 1.1\n  key:",
		"f:12:12: `tls.minimum`: found `1.1`; allowed is 1.2 or 1.3, for example \"1.3\"; "
		"did you mean "
		"`1.2`?\n"},
	/* addresses */
	{"0.0.0.0:3389", "0.0.0.0",
		"f:7:14: `listeners[1].address`: found `0.0.0.0`; allowed is a numeric address and "
		"a port, for example "
		"\"0.0.0.0:3389\"; the port is missing\n"},
	{"0.0.0.0:3389", "::1:3389",
		"f:7:14: `listeners[1].address`: found `::1:3389`; allowed is a numeric address "
		"and a port, for "
		"example \"0.0.0.0:3389\"; an IPv6 address stands in brackets\n"},
	{"0.0.0.0:3389", "[::1]:65536",
		"f:7:14: `listeners[1].address`: found `[::1]:65536`; allowed is a numeric address "
		"and a port, for "
		"example \"0.0.0.0:3389\"; the port is a number from 1 to 65535\n"},
	{"0.0.0.0:3389", "localhost:3389",
		"f:7:14: `listeners[1].address`: found `localhost:3389`; allowed is a numeric "
		"address and a port, for "
		"example \"0.0.0.0:3389\"; a numeric address is needed, not a name\n"},
	{"\n\n", "\nsources: {exempt: [10.0.0.1/8]}\n",
		"f:13:20: `sources.exempt`: found `10.0.0.1/8`; allowed is a list of up to 64 "
		"networks or addresses, "
		"for example [10.20.0.0/16]; the address has bits set past its prefix\n"},
	{"\n\n", "\nsources: {exempt: [10.0.0.0/33]}\n",
		"f:13:20: `sources.exempt`: found `10.0.0.0/33`; allowed is a list of up to 64 "
		"networks or addresses, "
		"for example [10.20.0.0/16]; the prefix is a number from 0 to 32\n"},
	/* lists */
	{"  - name: outside\n    address: \"0.0.0.0:3389\"\n    side: outside\n    evidence: "
	 "[vouched]\n",
		"  []\n", "f:6:3: `listeners`: found 0 items; allowed are 1 to 32\n"},
	{"  - name", "    name",
		"f:6:5: `listeners`: found a group of keys; allowed is a list, each item beginning "
		"with `- `\n"},
	/* keys that must agree */
	{"    side", "    proxy: v2\n    side",
		"f:8:12: `proxy: v2` needs `proxy_from`: the addresses of the load balancers, for "
		"example "
		"[10.0.0.8/32]\n"},
	{"    side", "    proxy_from: [10.0.0.8]\n    side",
		"f:8:17: `proxy_from` is only of use with `proxy: v2`\n"},
	{"tls:\n",
		"  - {name: outside, address: \"0.0.0.0:3389\", side: inside, evidence: "
		"[]}\ntls:\n",
		"f:10:12: another listener is called `outside` already; each needs its own name\n"
		"f:10:30: another listener has the address `0.0.0.0:3389` already\n"},
	{"\n\n", "\nevidence:\n  radius:\n    address: 10.0.0.5:1813\n",
		"f:15:14: RADIUS accounting needs `evidence.radius.secret` as well, for example "
		"/etc/sekisho/radius.secret\n"
		"f:15:14: RADIUS accounting needs `evidence.radius.nas` as well: who may send, for "
		"example "
		"[10.0.0.1/32]\n"},
	{"\n\n", "\nsources: {penalty_threshold: 20min}\n",
		"f:13:30: `sources.penalty_threshold` (1200000 ms) must be below "
		"`sources.penalty_most` (600000 ms), or "
		"nobody is ever refused\n"},
	{"\n\n", "\nlimits: {dial: 36s}\n",
		"f:13:16: `limits.decide` (40000 ms) must be above `limits.dial` and "
		"`limits.resolve` together (41000 "
		"ms)\n"},
	{"\n\n", "\ndatabase: /etc/sekisho/tls/gateway.key\n",
		"f:13:11: `tls.key` and `database` name the same file\n"},
	/* YAML itself */
	{"  name: 桜", "\tname: 桜", "f:3:1: a tab: YAML is indented with blanks\n"},
	{"  domain", " domain",
		"f:4:2: the indentation does not fit the lines above, or a quote above is not "
		"closed\n"},
	{"domain: sakura.example.jp", "domain: a: b",
		"f:4:12: a `:` does not belong here: check the indentation, or put a text that "
		"contains `: ` in "
		"quotes\n"},
	{"sakura.example.jp", "@sakura",
		"f:4:11: a text that begins with this character needs quotes\n"},
	{"/etc/sekisho/tls/gateway.key\n", "\"/etc\n",
		"f:12:8: a quote or bracket that was opened is never closed\n"},
	{"  name: 桜総合病院", "  name: &n 桜総合病院",
		"f:3:9: anchors (&name) are not read here: write the value where it is needed\n"},
	{"桜総合病院", "*n",
		"f:3:9: aliases (*name) are not read here: write the value out, or put a text that "
		"begins with * in "
		"quotes\n"},
	{"桜総合病院", "!!str x", "f:3:9: tags (!name) are not read here: leave it out\n"},
	{"桜総合病院", "\"a\\0b\"", "f:3:9: a NUL character (\\0) is not allowed\n"},
	{"\n\n", "\n---\nfacility: 1\n", "f:13:1: a second document (---): only one is read\n"},
	{"桜総合病院", "病\xff", "f:3:10: byte 0xff is not UTF-8: save the file as UTF-8\n"},
	{"桜総合病院", "病\xed\xa0\x80",
		"f:3:10: byte 0xed is not UTF-8: save the file as UTF-8\n"},
	{"桜総合病院", "病\x1b[31m", "f:3:10: a control character (U+001B) is not allowed\n"},
	{"桜総合病院", "\"桜\u202e院\"",
		"f:3:9: `facility.name`: found `桜?院`; allowed is a text of 1 to 64 characters, "
		"for "
		"example Sakura General Hospital; it has the character U+202E, which shows "
		"nothing or turns "
		"text around\n"},
	{"桜総合病院", "\"桜\u200b院\"",
		"f:3:9: `facility.name`: found `桜?院`; allowed is a text of 1 to 64 characters, "
		"for "
		"example Sakura General Hospital; it has the character U+200B, which shows "
		"nothing or turns "
		"text around\n"},
	{"桜総合病院", "[[[[[[[[[a]]]]]]]]]",
		"f:3:15: too deep: no key stands under more than 8 others\n"},
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
		"f:8:8: `tls.key`: found `b`; allowed is the absolute path of a file, for example "
		"/etc/sekisho/tls/gateway.key\n");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
