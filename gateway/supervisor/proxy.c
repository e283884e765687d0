/* The PROXY v2 header; see proxy.h. */
#include "supervisor/proxy.h"

#include "base/bytes.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

static const uint8_t signature[12] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

enum {
	COMMAND_LOCAL = 0x20, /* version 2 in the upper half */
	COMMAND_PROXY = 0x21,
	FAMILY_TCP4 = 0x11,
	FAMILY_TCP6 = 0x21,
};

static bool
read_ipv4(struct bytes_reader *reader, struct sockaddr_storage *ret_source)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret_source;
	const uint8_t *source = bytes_read(reader, 4);

	(void)bytes_read(reader, 4);
	in->sin_family = AF_INET;
	in->sin_port = htons(bytes_read_u16be(reader));
	(void)bytes_read_u16be(reader);
	if (reader->failed)
		return false;
	memcpy(&in->sin_addr, source, 4);
	return true;
}

static bool
read_ipv6(struct bytes_reader *reader, struct sockaddr_storage *ret_source)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_source;
	const uint8_t *source = bytes_read(reader, 16);
	uint16_t port;

	(void)bytes_read(reader, 16);
	port = bytes_read_u16be(reader);
	(void)bytes_read_u16be(reader);
	if (reader->failed)
		return false;
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)source)) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_source;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, source + 12, 4);
		return true;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, source, 16);
	return true;
}

static enum proxy_result
read_addresses(uint8_t family, struct bytes_reader *reader, struct sockaddr_storage *ret_source)
{
	struct sockaddr_storage source = {0};
	bool read = false;

	if (family == FAMILY_TCP4)
		read = read_ipv4(reader, &source);
	else if (family == FAMILY_TCP6)
		read = read_ipv6(reader, &source);
	/* A client without an address could not be limited, bound or logged. */
	if (!read)
		return PROXY_BAD;
	*ret_source = source;
	return PROXY_OK;
}

enum proxy_result
proxy_parse(
	const uint8_t *bytes, size_t len, size_t *ret_needed, struct sockaddr_storage *ret_source)
{
	size_t compared = len < sizeof(signature) ? len : sizeof(signature);
	struct bytes_reader reader;
	uint8_t command, family;
	size_t rest;

	if (len > 0 && memcmp(bytes, signature, compared) != 0)
		return PROXY_BAD;
	*ret_needed = PROXY_FIXED_SIZE;
	if (len < PROXY_FIXED_SIZE)
		return PROXY_NEED_MORE;
	bytes_reader_init(&reader, bytes + sizeof(signature), len - sizeof(signature));
	command = bytes_read_u8(&reader);
	family = bytes_read_u8(&reader);
	rest = bytes_read_u16be(&reader);
	if ((command != COMMAND_LOCAL && command != COMMAND_PROXY) ||
		rest > PROXY_HEADER_MAX - PROXY_FIXED_SIZE)
		return PROXY_BAD;
	*ret_needed = PROXY_FIXED_SIZE + rest;
	if (bytes_left(&reader) < rest)
		return PROXY_NEED_MORE;
	reader = bytes_read_part(&reader, rest);
	return command == COMMAND_LOCAL ? PROXY_LOCAL : read_addresses(family, &reader, ret_source);
}
