/* gateway/supervisor/proxy.c */
#include "supervisor/proxy.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 SIGNATURE "\x21\x11\x00\x0c\x0a\x01\x02\x03\x0a\x00\x00\x01\xd4\x31\x0d\x3d"
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static enum proxy_result
parse(const uint8_t *bytes, size_t len, size_t *ret_needed, struct sockaddr_storage *ret_source)
{
	*ret_needed = 0;
	memset(ret_source, 0xee, sizeof(*ret_source));
	return proxy_parse(bytes, len, ret_needed, ret_source);
}

static void
proxy_reads_an_ipv4_source(void **state)
{
	struct sockaddr_storage source;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&source;
	size_t needed;

	(void)state;
	assert_int_equal(parse(BYTES(V4 "xyz"), &needed, &source), PROXY_OK);
	assert_int_equal(needed, 28);
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0x0a010203);
	assert_int_equal(ntohs(in->sin_port), 54321);
}

static void
proxy_asks_for_more_until_the_header_is_whole(void **state)
{
	struct sockaddr_storage source;
	size_t needed;

	(void)state;
	for (size_t len = 0; len < sizeof(V4) - 1; len++) {
		assert_int_equal(
			parse((const uint8_t *)V4, len, &needed, &source), PROXY_NEED_MORE);
		assert_int_equal(needed, len < 16 ? 16 : 28);
	}
}

static void
proxy_reads_ipv6_and_turns_mapped_ipv4_back(void **state)
{
	uint8_t header[16 + 36] = SIGNATURE "\x21\x21\x00\x24";
	struct sockaddr_storage source;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&source;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&source;
	size_t needed;

	(void)state;
	header[16] = 0xfd;
	header[31] = 7;
	header[48] = 1;
	assert_int_equal(parse(header, sizeof(header), &needed, &source), PROXY_OK);
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_memory_equal(&in6->sin6_addr, header + 16, 16);
	assert_int_equal(ntohs(in6->sin6_port), 256);
	memcpy(header + 16, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x09", 16);
	assert_int_equal(parse(header, sizeof(header), &needed, &source), PROXY_OK);
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0x0a000009);
}

static void
proxy_skips_tlvs_within_the_length(void **state)
{
	const char header[] = SIGNATURE
		"\x21\x11\x00\x10\x0a\x01\x02\x03\x0a\x00\x00\x01\xd4\x31\x0d\x3d\x04\x00\x01x";
	struct sockaddr_storage source;
	size_t needed;

	(void)state;
	assert_int_equal(parse(BYTES(header), &needed, &source), PROXY_OK);
	assert_int_equal(needed, 32);
}

static void
proxy_local_has_no_client(void **state)
{
	struct sockaddr_storage source;
	size_t needed;

	(void)state;
	assert_int_equal(parse(BYTES(SIGNATURE "\x20\x00\x00\x00"), &needed, &source), PROXY_LOCAL);
	assert_int_equal(needed, 16);
}

static void
proxy_refuses_everything_else(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t len;
	} bad[] = {
		{"RDP", "\x03\x00\x00\x13", 4},
		{"version 1", "PROXY TCP4 10.1.2.3 10.0.0.1 1 2\r\n", 34},
		{"one wrong byte of the signature", "\r\n\r\n\0\r\nQUIX", 11},
		{"version 3", SIGNATURE "\x31\x11\x00\x0c", 16},
		{"unknown command", SIGNATURE "\x22\x11\x00\x0c", 16},
		{"longer than any real one", SIGNATURE "\x21\x11\xff\xff", 16},
		{"no address", SIGNATURE "\x21\x00\x00\x00", 16},
		{"UDP",
			SIGNATURE
			"\x21\x12\x00\x0c\x0a\x01\x02\x03\x0a\x00\x00\x01\xd4\x31\x0d\x3d",
			28},
		{"addresses cut",
			SIGNATURE "\x21\x11\x00\x0b\x0a\x01\x02\x03\x0a\x00\x00\x01\xd4\x31\x0d",
			27},
	};
	struct sockaddr_storage source;
	size_t needed;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse((const uint8_t *)bad[i].bytes, bad[i].len, &needed, &source) != PROXY_BAD)
			fail_msg("accepted: %s", bad[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxy_reads_an_ipv4_source),
		cmocka_unit_test(proxy_asks_for_more_until_the_header_is_whole),
		cmocka_unit_test(proxy_reads_ipv6_and_turns_mapped_ipv4_back),
		cmocka_unit_test(proxy_skips_tlvs_within_the_length),
		cmocka_unit_test(proxy_local_has_no_client),
		cmocka_unit_test(proxy_refuses_everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
