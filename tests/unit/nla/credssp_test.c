/* gateway/nla/credssp.c against WinPR's own side of the jump host. */
#include "nla/credssp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "credssp_host.h"

#include <stdlib.h>
#include <string.h>

static uint8_t key[] = "the content of a subjectPublicKey, which is a key of 2048 bits elsewhere";

#define PASSWORD "Ichigo-15! \xe9\x96\xa2\xe6\x89\x80" /* 関所 */

struct meeting {
	const char *user, *domain, *password;
	enum host_fault fault;
	uint32_t status; /* of the host, for who is refused */
	bool authorisation;
	uint32_t authorised; /* the four bytes */
};

struct result {
	enum nla_outcome outcome;
	uint32_t status;
	const char *why;
	unsigned int requests;
	bool host_has_credentials;
	uint8_t credentials[512];
	size_t credentials_len;
};

static struct credssp *
client_of(const struct meeting *meeting)
{
	auto_secret struct secret password = {0};
	struct credssp_setup setup = {.identity = {.user = meeting->user,
					      .domain = meeting->domain,
					      .password = &password,
					      .host_name = "pacs-01"},
		.public_key = {key, sizeof(key)},
		.authorisation = meeting->authorisation};
	struct credssp *credssp = NULL;

	assert_int_equal(secret_set(&password, meeting->password, strlen(meeting->password)), 0);
	assert_int_equal(credssp_new(&setup, &credssp), 0);
	return credssp;
}

static void
keep_credentials(struct result *result, const struct credssp_host *host)
{
	const uint8_t *bytes = credssp_host_credentials(host, &result->credentials_len);

	assert_true(result->credentials_len <= sizeof(result->credentials));
	memcpy(result->credentials, bytes, result->credentials_len);
	result->host_has_credentials = true;
}

static void
meet(const struct meeting *meeting, struct result *result)
{
	struct credssp *credssp = client_of(meeting);
	struct credssp_host *host = credssp_host_new(
		"tech", PASSWORD, key, sizeof(key), meeting->fault, meeting->status);
	auto_free uint8_t *room = malloc(TS_REQUEST_MAX);
	auto_free uint8_t *answer = malloc(TS_REQUEST_MAX);
	struct bytes_writer out, in;
	enum credssp_wants wants;
	uint8_t four[4];
	int r = 1;

	*result = (struct result){0};
	bytes_writer_init(&out, room, TS_REQUEST_MAX);
	wants = credssp_begin(credssp, &out);
	while (out.len > 0) {
		result->requests++;
		bytes_writer_init(&in, answer, TS_REQUEST_MAX);
		r = credssp_host_on(host, out.start, out.len, &in);
		bytes_writer_init(&out, room, TS_REQUEST_MAX);
		if (r == 0)
			keep_credentials(result, host);
		if (r == 0 && wants == CREDSSP_AUTHORISATION) {
			bytes_put_u32le(four, meeting->authorised);
			wants = credssp_on_bytes(credssp, four, sizeof(four), &out);
		} else if (in.len > 0) {
			assert_int_equal(wants, CREDSSP_REQUEST);
			wants = credssp_on_bytes(credssp, in.start, in.len, &out);
		}
	}
	if (wants == CREDSSP_NOTHING)
		result->outcome = credssp_outcome(credssp, &result->status, &result->why);
	else
		assert_int_equal(r, -1);
	credssp_host_free(host);
	credssp_free(credssp);
}

static void
the_right_password_is_sealed_for_the_host_alone(void **state)
{
	const struct meeting meeting = {.user = "tech", .domain = "", .password = PASSWORD};
	static const uint8_t wide[] = {'5', 0, '!', 0, ' ', 0, 0xa2, 0x95, 0x40, 0x62};
	struct result result;

	(void)state;
	meet(&meeting, &result);
	assert_int_equal(result.outcome, NLA_ACCEPTED);
	assert_true(result.host_has_credentials);
	assert_int_equal(result.requests, 3);
	assert_int_equal(result.credentials[0], 0x30);
	assert_non_null(memmem(result.credentials, result.credentials_len, wide, sizeof(wide)));
}

static void
four_bytes_say_whether_the_user_may_log_on(void **state)
{
	struct meeting meeting = {
		.user = "tech", .domain = "", .password = PASSWORD, .authorisation = true};
	struct result result;

	(void)state;
	meet(&meeting, &result);
	assert_int_equal(result.outcome, NLA_ACCEPTED);
	meeting.authorised = 5;
	meet(&meeting, &result);
	assert_int_equal(result.outcome, NLA_NOT_AUTHORISED);
	assert_int_equal(result.status, 5);
	assert_int_equal(nla_close_reason(result.outcome, result.status), CLOSE_HOST_LOGON_TYPE);
}

static void
what_the_host_says_of_a_wrong_password_is_known(void **state)
{
	static const struct {
		uint32_t status;
		enum close_reason reason;
	} rows[] = {
		{0xc000006d, CLOSE_HOST_LOGON_PASSWORD},
		{0xc0000071, CLOSE_HOST_LOGON_EXPIRED},
		{0xc0000224, CLOSE_HOST_LOGON_MUST_CHANGE},
		{0xc0000234, CLOSE_HOST_LOGON_LOCKED},
		{0xc0000072, CLOSE_HOST_LOGON_DISABLED},
		{0xc000006e, CLOSE_HOST_LOGON_RESTRICTED},
		{0xc000015b, CLOSE_HOST_LOGON_TYPE},
		{0xc0000133, CLOSE_HOST_LOGON_CLOCK},
		{0xc0abcdef, CLOSE_HOST_LOGON},
	};
	struct result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct meeting meeting = {.user = "tech",
			.domain = "",
			.password = "wrong",
			.status = rows[i].status};

		meet(&meeting, &result);
		assert_int_equal(result.outcome, NLA_REFUSED);
		assert_int_equal(result.status, rows[i].status);
		assert_int_equal(nla_close_reason(result.outcome, result.status), rows[i].reason);
		assert_false(result.host_has_credentials);
	}
}

static void
no_password_goes_to_who_has_another_tls(void **state)
{
	struct meeting meeting = {.user = "tech", .domain = "", .password = PASSWORD};
	static const struct {
		enum host_fault fault;
		enum nla_outcome outcome;
	} rows[] = {
		{HOST_HAS_ANOTHER_KEY, NLA_KEY_NOT_PROVED},
		{HOST_SENDS_OURS_BACK, NLA_KEY_NOT_PROVED},
		{HOST_IS_OLD, NLA_TOO_OLD},
		{HOST_SAYS_AGAIN, NLA_MALFORMED},
		{HOST_SENDS_BOTH, NLA_MALFORMED},
	};
	struct result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		meeting.fault = rows[i].fault;
		meet(&meeting, &result);
		assert_int_equal(result.outcome, rows[i].outcome);
		assert_false(result.host_has_credentials);
	}
}

/* Each message of a good meeting, cut at every place, and with a byte more. */
static void
what_is_cut_off_ends_it(void **state)
{
	const struct meeting meeting = {.user = "tech", .domain = "", .password = PASSWORD};
	auto_free uint8_t *room = malloc(TS_REQUEST_MAX);
	auto_free uint8_t *answer = calloc(1, TS_REQUEST_MAX);
	struct bytes_writer out, in;
	uint32_t status;
	const char *why;

	(void)state;
	for (size_t cut = 0; cut < 200; cut++) {
		struct credssp *credssp = client_of(&meeting);
		struct credssp_host *host =
			credssp_host_new("tech", PASSWORD, key, sizeof(key), HOST_IS_GOOD, 0);

		bytes_writer_init(&out, room, TS_REQUEST_MAX);
		assert_int_equal(credssp_begin(credssp, &out), CREDSSP_REQUEST);
		bytes_writer_init(&in, answer, TS_REQUEST_MAX);
		assert_int_equal(credssp_host_on(host, out.start, out.len, &in), 1);
		assert_true(in.len > cut || cut > 100);
		bytes_writer_init(&out, room, TS_REQUEST_MAX);
		if (cut == 0)
			in.len += 2; /* makes one byte more */
		if (in.len > cut) {
			assert_int_equal(
				credssp_on_bytes(credssp, in.start, in.len - cut - 1, &out),
				CREDSSP_NOTHING);
			assert_int_equal(credssp_outcome(credssp, &status, &why), NLA_MALFORMED);
			assert_non_null(why);
			assert_int_equal(out.len, 0);
			/* Nothing more is taken. */
			assert_int_equal(credssp_on_bytes(credssp, in.start, in.len - 1, &out),
				CREDSSP_NOTHING);
		}
		credssp_host_free(host);
		credssp_free(credssp);
	}
}

/* What was recorded of one meeting is worth nothing in the next one. */
static void
a_replay_is_refused(void **state)
{
	const struct meeting meeting = {.user = "tech", .domain = "", .password = PASSWORD};
	auto_free uint8_t *room = malloc(TS_REQUEST_MAX);
	uint8_t recorded[2][4096];
	size_t recorded_len[2];
	struct bytes_writer out, in;
	struct credssp *credssp = client_of(&meeting);
	struct credssp_host *host =
		credssp_host_new("tech", PASSWORD, key, sizeof(key), HOST_IS_GOOD, 0);
	uint32_t status;
	const char *why;

	(void)state;
	bytes_writer_init(&out, room, TS_REQUEST_MAX);
	(void)credssp_begin(credssp, &out);
	for (size_t i = 0; i < 2; i++) {
		bytes_writer_init(&in, recorded[i], sizeof(recorded[i]));
		assert_int_equal(credssp_host_on(host, out.start, out.len, &in), 1);
		recorded_len[i] = in.len;
		bytes_writer_init(&out, room, TS_REQUEST_MAX);
		(void)credssp_on_bytes(credssp, recorded[i], in.len, &out);
	}
	assert_int_equal(credssp_outcome(credssp, &status, &why), NLA_ACCEPTED);
	credssp_host_free(host);
	credssp_free(credssp);

	credssp = client_of(&meeting);
	bytes_writer_init(&out, room, TS_REQUEST_MAX);
	(void)credssp_begin(credssp, &out);
	bytes_writer_init(&out, room, TS_REQUEST_MAX);
	assert_int_equal(
		credssp_on_bytes(credssp, recorded[0], recorded_len[0], &out), CREDSSP_REQUEST);
	bytes_writer_init(&out, room, TS_REQUEST_MAX);
	assert_int_equal(
		credssp_on_bytes(credssp, recorded[1], recorded_len[1], &out), CREDSSP_NOTHING);
	assert_int_equal(credssp_outcome(credssp, &status, &why), NLA_KEY_NOT_PROVED);
	assert_int_equal(out.len, 0);
	credssp_free(credssp);
}

static void
a_text_that_is_no_text_is_refused(void **state)
{
	auto_secret struct secret password = {0};
	struct credssp_setup setup = {
		.identity = {.user = "\xff", .domain = "", .password = &password, .host_name = "h"},
		.public_key = {key, sizeof(key)}};
	struct credssp *credssp = NULL;

	(void)state;
	assert_true(credssp_new(&setup, &credssp) < 0);
	assert_null(credssp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_is_sealed_for_the_host_alone),
		cmocka_unit_test(four_bytes_say_whether_the_user_may_log_on),
		cmocka_unit_test(what_the_host_says_of_a_wrong_password_is_known),
		cmocka_unit_test(no_password_goes_to_who_has_another_tls),
		cmocka_unit_test(what_is_cut_off_ends_it),
		cmocka_unit_test(a_replay_is_refused),
		cmocka_unit_test(a_text_that_is_no_text_is_refused),
	};

	/* WinPR would write a line for every refusal. */
	(void)setenv("WLOG_LEVEL", "OFF", 1);
	if (sspi_self_test() < 0) {
		print_message("OpenSSL has no legacy provider\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
