/* gateway/relay/phase_sniff.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "relay/introduction.h"

#include <stdio.h>
#include <string.h>

static void
start(void)
{
	fakes_reset(PHASE_SNIFF, &phase_sniff);
	phase_sniff.enter(&fakes.conn);
}

/* A request with a cookie line and, unless protocols is -1, a negotiation request. */
static size_t
write_request(uint8_t *room, const char *line, int protocols)
{
	size_t text = strlen(line);
	size_t len = 11 + text + (protocols >= 0 ? 8 : 0);
	const uint8_t head[] = {3, 0, 0, (uint8_t)len, (uint8_t)(len - 5), 0xe0, 0, 0, 0, 0, 0};

	memcpy(room, head, 11);
	memcpy(room + 11, line, text);
	if (protocols >= 0)
		memcpy(room + 11 + text, (uint8_t[]){1, 0, 8, 0, (uint8_t)protocols, 0, 0, 0}, 8);
	return len;
}

static void
sniff(const char *line, int protocols)
{
	uint8_t room[512];
	size_t len = write_request(room, line, protocols);

	start();
	phase_sniff.on_pdu(&fakes.conn, SIDE_CLIENT, room, len);
}

static void
sniff_passes_a_request_for_tls(void **state)
{
	(void)state;
	sniff("Cookie: msts=+abc\r\n", RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID);
	assert_int_equal(fakes.closed, CLOSE_NONE);
	assert_int_equal(fakes.went_to, PHASE_SECURE);
	assert_string_equal(
		fakes.conn.introduction->request.token + fakes.conn.introduction->request.value_at,
		"+abc");
	assert_int_equal(fakes.sent_len[SIDE_CLIENT], 0); /* SECURE answers */
}

static void
sniff_refuses_bytes_before_tls(void **state)
{
	uint8_t room[512];
	size_t len = write_request(room, "", RDP_PROTOCOL_SSL);

	(void)state;
	start();
	fakes.early_bytes = true;
	phase_sniff.on_pdu(&fakes.conn, SIDE_CLIENT, room, len);
	assert_int_equal(fakes.closed, CLOSE_EARLY_BYTES);
	assert_false(fakes.went);
}

static void
sniff_tells_a_client_without_tls(void **state)
{
	static const int protocols[] = {-1, 0, RDP_PROTOCOL_HYBRID, RDP_PROTOCOL_RDSTLS};
	static const uint8_t failure[] = {3, 0, 0, 0x13, 0x0e, 0xd0, 0, 0, 0x12, 0x34, 0, 3, 0, 8,
		0, RDP_FAILURE_SSL_REQUIRED, 0, 0, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		sniff("", protocols[i]);
		assert_int_equal(fakes.closed, CLOSE_NO_TLS);
		assert_int_equal(fakes.sent_len[SIDE_CLIENT], sizeof(failure));
		assert_memory_equal(fakes.sent[SIDE_CLIENT], failure, 8);
		assert_memory_equal(fakes.sent[SIDE_CLIENT] + 11, failure + 11, 8);
		assert_true(fakes.finished[SIDE_CLIENT]);
	}
}

static void
sniff_refuses_what_is_not_rdp(void **state)
{
	uint8_t room[512];
	size_t len = write_request(room, "", RDP_PROTOCOL_SSL);

	(void)state;
	start();
	phase_sniff.on_bad_frame(&fakes.conn, SIDE_CLIENT, false);
	assert_int_equal(fakes.closed, CLOSE_NOT_RDP);

	start();
	phase_sniff.on_bad_frame(&fakes.conn, SIDE_CLIENT, true);
	assert_int_equal(fakes.closed, CLOSE_REQUEST_TOO_LONG);

	/* every single byte of the fixed header, wrong */
	for (size_t i = 4; i < 6; i++) {
		start();
		(void)write_request(room, "", RDP_PROTOCOL_SSL);
		room[i] ^= 0x11;
		phase_sniff.on_pdu(&fakes.conn, SIDE_CLIENT, room, len);
		assert_int_equal(fakes.closed, CLOSE_NOT_RDP);
		assert_false(fakes.went);
	}
}

static void
sniff_reads_no_more_than_a_request_can_be(void **state)
{
	(void)state;
	assert_int_equal(phase_sniff.reads[SIDE_CLIENT], READ_PDUS);
	assert_int_equal(phase_sniff.pdu_max[SIDE_CLIENT], X224_REQUEST_MAX);
	assert_int_equal(phase_sniff.reads[SIDE_HOST], READ_NOTHING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sniff_passes_a_request_for_tls),
		cmocka_unit_test(sniff_refuses_bytes_before_tls),
		cmocka_unit_test(sniff_tells_a_client_without_tls),
		cmocka_unit_test(sniff_refuses_what_is_not_rdp),
		cmocka_unit_test(sniff_reads_no_more_than_a_request_can_be),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	fakes_done();
	return r;
}
