/* How many refused sign-ins are logged; see login_limit.h. */
#include "supervisor/login_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#define NETWORK_BYTES 8

/* FNV-1a. Whoever has one address of an IPv6 network of 64 bits has them all. */
static size_t
place_of(const char *source)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	const uint8_t *bytes = (const uint8_t *)source;
	size_t len = strlen(source);
	struct in6_addr address;

	if (inet_pton(AF_INET6, source, &address) == 1 && !IN6_IS_ADDR_V4MAPPED(&address)) {
		bytes = address.s6_addr;
		len = NETWORK_BYTES;
	}
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash % LOGIN_LIMIT_SOURCES;
}

static uint32_t
count_now(const struct login_count *count, int64_t now_ms)
{
	return now_ms - count->since_ms >= LOGIN_LIMIT_MS ? 0 : count->count;
}

static enum login_logging
ask(const struct login_count *count, uint32_t most, int64_t now_ms)
{
	uint32_t so_far = count_now(count, now_ms);

	return so_far >= most ? LOGIN_UNLOGGED : so_far + 1 == most ? LOGIN_LAST : LOGIN_LOGGED;
}

static void
add(struct login_count *count, int64_t now_ms)
{
	uint32_t so_far = count_now(count, now_ms);

	if (so_far == 0)
		count->since_ms = now_ms;
	count->count = so_far + 1;
}

enum login_logging
login_limit_ask(const struct login_limit *limit, const char *source, int64_t now_ms)
{
	enum login_logging one =
		ask(&limit->sources[place_of(source)], LOGIN_LIMIT_OF_SOURCE, now_ms);
	enum login_logging all = ask(&limit->all, LOGIN_LIMIT_OF_ALL, now_ms);

	return all > one ? all : one;
}

/* What is not logged does not count for all: one source must not silence the others. */
void
login_limit_count(struct login_limit *limit, const char *source, int64_t now_ms)
{
	if (login_limit_ask(limit, source, now_ms) != LOGIN_UNLOGGED)
		add(&limit->all, now_ms);
	add(&limit->sources[place_of(source)], now_ms);
}
