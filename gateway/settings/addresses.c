/* Addresses and networks as people write them. Pure: no name is resolved here. */
#include "settings/addresses.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Decimal digits alone, without a sign or a leading zero, at most `most`; -1 otherwise. */
static long
read_decimal(const char *text, long most)
{
	long number = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -1;
	for (; *text != '\0'; text++) {
		if (!isdigit((unsigned char)*text))
			return -1;
		number = number * 10 + (*text - '0');
		if (number > most)
			return -1;
	}
	return number;
}

static bool
has_bits_past(const struct settings_network *network)
{
	size_t len = network->family == AF_INET ? 4 : 16;

	for (size_t bit = network->prefix; bit < len * 8; bit++) {
		if ((network->bytes[bit / 8] & (0x80 >> bit % 8)) != 0)
			return true;
	}
	return false;
}

int
network_read(const char *text, struct settings_network *ret_network, const char **ret_why)
{
	struct settings_network network = {
		.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
	long longest = network.family == AF_INET ? 32 : 128;
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	long prefix = longest;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(network.family, address, network.bytes) != 1)
		return -EINVAL;
	if (slash != NULL)
		prefix = read_decimal(slash + 1, longest);
	if (prefix < 0) {
		*ret_why = network.family == AF_INET ? "the prefix is a number from 0 to 32"
						     : "the prefix is a number from 0 to 128";
		return -EINVAL;
	}
	network.prefix = (uint8_t)prefix;
	if (has_bits_past(&network)) {
		*ret_why = "the address has bits set past its prefix";
		return -EINVAL;
	}
	*ret_network = network;
	return 0;
}

/* Splits "name:port" and "[v6]:port" at the port. */
static int
split_port(const char *text, char *ret_name, size_t size, uint16_t *ret_port, const char **ret_why)
{
	const char *colon = strrchr(text, ':');
	const char *start = text;
	const char *end = colon;
	long port;

	if (colon == NULL) {
		*ret_why = "the port is missing";
		return -EINVAL;
	}
	if (text[0] == '[') {
		start++;
		end--;
		if (end <= start || *end != ']') {
			*ret_why = "the port is missing";
			return -EINVAL;
		}
	} else if (strchr(text, ':') != colon) {
		*ret_why = "an IPv6 address stands in brackets";
		return -EINVAL;
	}
	port = read_decimal(colon + 1, 65535);
	if (port < 1) {
		*ret_why = "the port is a number from 1 to 65535";
		return -EINVAL;
	}
	if ((size_t)(end - start) >= size)
		return -EINVAL;
	memcpy(ret_name, start, (size_t)(end - start));
	ret_name[end - start] = '\0';
	*ret_port = (uint16_t)port;
	return 0;
}

int
endpoint_read(const char *text, struct settings_endpoint *ret_endpoint, const char **ret_why)
{
	struct settings_endpoint endpoint = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint.address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&endpoint.address;
	char name[INET6_ADDRSTRLEN];
	uint16_t port;
	int r;

	r = split_port(text, name, sizeof(name), &port, ret_why);
	if (r < 0)
		return r;
	if (text[0] != '[' && inet_pton(AF_INET, name, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		endpoint.len = sizeof(*v4);
		snprintf(endpoint.text, sizeof(endpoint.text), "%s:%u", name, port);
	} else if (text[0] == '[' && inet_pton(AF_INET6, name, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		endpoint.len = sizeof(*v6);
		snprintf(endpoint.text, sizeof(endpoint.text), "[%s]:%u", name, port);
	} else {
		*ret_why = "a numeric address is needed, not a name";
		return -EINVAL;
	}
	*ret_endpoint = endpoint;
	return 0;
}

static bool
is_host_name(const char *name)
{
	if (name[0] == '\0' || name[0] == '.' || name[0] == '-' || strstr(name, "..") != NULL)
		return false;
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) && *name != '.' && *name != '-')
			return false;
	}
	return true;
}

int
host_read(const char *text, struct settings_host *ret_host, const char **ret_why)
{
	struct in6_addr address;
	char name[254];
	uint16_t port;
	char *copy;
	int r;

	r = split_port(text, name, sizeof(name), &port, ret_why);
	if (r < 0)
		return r;
	if (text[0] == '[' ? inet_pton(AF_INET6, name, &address) != 1 : !is_host_name(name))
		return -EINVAL;
	copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	*ret_host = (struct settings_host){.name = copy, .port = port};
	return 0;
}

static bool
same_bits(const uint8_t *one, const uint8_t *other, unsigned int count)
{
	if (memcmp(one, other, count / 8) != 0)
		return false;
	return count % 8 == 0 ||
	       ((one[count / 8] ^ other[count / 8]) & (0xff00 >> count % 8) & 0xff) == 0;
}

bool
settings_networks_contain(const struct settings_networks *networks, const struct sockaddr *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	int family = address->sa_family;
	const uint8_t *bytes;

	if (family == AF_INET) {
		bytes = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
	} else if (family == AF_INET6) {
		bytes = v6->sin6_addr.s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
			family = AF_INET;
			bytes += 12;
		}
	} else {
		return false;
	}
	for (size_t i = 0; i < networks->count; i++) {
		const struct settings_network *network = &networks->items[i];

		if (network->family == family && same_bits(network->bytes, bytes, network->prefix))
			return true;
	}
	return false;
}
