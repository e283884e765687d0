/* Memory that runs out during CredSSP: it ends, with a reason, and the host has the credentials only if it got that far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_nth.h"
#include "nla/credssp.h"
#include "tests/unit/nla/credssp_host.h"

#include <stdlib.h>

static uint8_t key[270] = {3};
static uint8_t room[TS_REQUEST_MAX], answer[TS_REQUEST_MAX];

/* Returns the outcome, or a negative errno of credssp_new. */
static int
meet(struct credssp_host *host, const struct secret *password, struct fail_run *run)
{
	const struct credssp_setup setup = {.identity = {.user = "tech",
						    .domain = "",
						    .password = password,
						    .host_name = "pacs-01"},
		.public_key = {key, sizeof(key)}};
	struct credssp *credssp = NULL;
	struct bytes_writer out, in;
	enum credssp_wants wants;
	uint32_t status;
	const char *why;
	int r;

	fail_arm(run);
	r = credssp_new(&setup, &credssp);
	bytes_writer_init(&out, room, sizeof(room));
	wants = r < 0 ? CREDSSP_NOTHING : credssp_begin(credssp, &out);
	fail_disarm(run);
	while (wants != CREDSSP_NOTHING && out.len > 0) {
		bytes_writer_init(&in, answer, sizeof(answer));
		(void)credssp_host_on(host, out.start, out.len, &in);
		bytes_writer_init(&out, room, sizeof(room));
		fail_arm(run);
		wants = credssp_on_bytes(credssp, in.start, in.len, &out);
		fail_disarm(run);
	}
	if (r < 0)
		return r;
	if (out.len > 0)
		assert_int_equal(credssp_host_on(host, out.start, out.len, &in), 0);
	r = (int)credssp_outcome(credssp, &status, &why);
	credssp_free(credssp);
	return r;
}

static void
credentials_go_out_whole_or_not_at_all(void **state)
{
	struct secret password = {0};
	struct fail_run run;

	(void)state;
	assert_int_equal(secret_set(&password, "Ichigo-15", 9), 0);
	fail_begin(&run);
	while (fail_next(&run)) {
		struct credssp_host *host =
			credssp_host_new("tech", "Ichigo-15", key, sizeof(key), HOST_IS_GOOD, 0);
		size_t len;
		int r = meet(host, &password, &run);

		(void)credssp_host_credentials(host, &len);
		if (run.hit)
			assert_true(r < 0 || r == NLA_OUT_OF_ROOM);
		else
			assert_int_equal(r, NLA_ACCEPTED);
		assert_true((len > 0) == (r == NLA_ACCEPTED));
		credssp_host_free(host);
	}
	assert_true(run.tried >= 10);
	secret_done(&password);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_go_out_whole_or_not_at_all)};

	(void)setenv("WLOG_LEVEL", "OFF", 1);
	if (sspi_self_test() < 0)
		return 77;
	fail_catch_libraries();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
