/* Limits and penalties per source; see penalties.h. */
#include "supervisor/penalties.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The first bits of an IPv6 address, or of an IPv4 address as ::ffff:a.b.c.d. */
struct source_key {
	uint64_t high;
	uint64_t low;
};

struct source {
	struct source_key key;
	uint32_t next; /* in its chain, index + 1; 0 ends */
	uint32_t connections;
	uint32_t unfinished;
	int64_t penalty_until_ms;
	bool used;
};

struct penalties {
	struct penalty_limits limits;
	uint32_t connections;
	uint32_t unfinished;
	uint32_t used;
	uint32_t ipv4_prefix;
	uint32_t ipv6_prefix;
	uint64_t hash_key; /* random, so that nobody can aim at one chain */
	uint32_t place_count;
	uint32_t chain_count;
	uint32_t *chains; /* index + 1 of the first source; 0 = empty */
	struct source *places;
};

/* A probe is somebody who does not speak the protocol as a client would; a guess is somebody who
 * tries to get in; a rule that says no is mostly a person who does not know it yet. */
static const struct {
	enum close_reason reason;
	uint32_t units;
} classes[] = {
	{CLOSE_NOT_RDP, 1},
	{CLOSE_EARLY_BYTES, 2},
	{CLOSE_NO_TLS, 1},
	{CLOSE_TLS_FAILED, 1},
	{CLOSE_TOO_SLOW, 1},
	{CLOSE_CLIENT_BAD_PDU, 2},
	{CLOSE_BAD_PROXY_HEADER, 1},
	{CLOSE_NO_TICKET, 1},
	{CLOSE_TICKET_SECRET, 3},
	{CLOSE_TICKET_SOURCE, 3},
	{CLOSE_TICKET_USED, 1},
	{CLOSE_TICKET_EXPIRED, 1},
	{CLOSE_DEVICE_REFUSED, 1},
};

uint32_t
penalty_units(enum close_reason reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].reason == reason)
			return classes[i].units;
	}
	return 0;
}

/* Clears all but the first `prefix` of 128 bits. */
static void
keep_bits(uint8_t bytes[16], uint32_t prefix)
{
	for (uint32_t i = 0; i < 16; i++) {
		if (prefix < 8 * (i + 1))
			bytes[i] &= prefix <= 8 * i ? 0 : (uint8_t)(0xff00 >> (prefix - 8 * i));
	}
}

static struct source_key
key_of(const struct penalties *penalties, const struct sockaddr *address)
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	uint32_t prefix = 96 + penalties->ipv4_prefix;
	struct source_key key;

	if (address->sa_family == AF_INET6) {
		memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
		if (!IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)bytes))
			prefix = penalties->ipv6_prefix;
	} else {
		memcpy(bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
			4);
	}
	keep_bits(bytes, prefix);
	memcpy(&key.high, bytes, 8);
	memcpy(&key.low, bytes + 8, 8);
	return key;
}

static uint32_t *
chain_of(const struct penalties *penalties, const struct source_key *key)
{
	uint64_t mixed = penalties->hash_key;

	mixed = (mixed ^ key->high) * 0x9e3779b97f4a7c15u;
	mixed = (mixed ^ mixed >> 29 ^ key->low) * 0xbf58476d1ce4e5b9u;
	mixed ^= mixed >> 32;
	return &penalties->chains[mixed % penalties->chain_count];
}

static struct source *
find(const struct penalties *penalties, const struct source_key *key)
{
	for (uint32_t at = *chain_of(penalties, key); at != 0;
		at = penalties->places[at - 1].next) {
		struct source *source = &penalties->places[at - 1];

		if (source->key.high == key->high && source->key.low == key->low)
			return source;
	}
	return NULL;
}

static void
unlink_source(struct penalties *penalties, struct source *source)
{
	uint32_t index = (uint32_t)(source - penalties->places) + 1;
	uint32_t *at = chain_of(penalties, &source->key);

	while (*at != index)
		at = &penalties->places[*at - 1].next;
	*at = source->next;
	*source = (struct source){0};
	penalties->used--;
}

/* A free place, or that of the idle source whose penalty ends first; NULL if all hold connections. */
static struct source *
make_room(struct penalties *penalties)
{
	struct source *best = NULL;

	for (uint32_t i = 0; i < penalties->place_count; i++) {
		struct source *source = &penalties->places[i];

		if (!source->used)
			return source;
		if (source->connections == 0 &&
			(best == NULL || source->penalty_until_ms < best->penalty_until_ms))
			best = source;
	}
	if (best != NULL)
		unlink_source(penalties, best);
	return best;
}

static struct source *
find_or_add(struct penalties *penalties, const struct source_key *key)
{
	struct source *source = find(penalties, key);
	uint32_t *chain;

	if (source != NULL)
		return source;
	source = make_room(penalties);
	if (source == NULL)
		return NULL;
	chain = chain_of(penalties, key);
	*source = (struct source){.key = *key, .next = *chain, .used = true};
	*chain = (uint32_t)(source - penalties->places) + 1;
	penalties->used++;
	return source;
}

struct penalties *
penalties_new(const struct penalty_limits *limits)
{
	struct penalties *penalties = calloc(1, sizeof(*penalties));

	if (penalties == NULL)
		return NULL;
	penalties->limits = *limits;
	penalties->ipv4_prefix = limits->ipv4_prefix;
	penalties->ipv6_prefix = limits->ipv6_prefix;
	penalties->place_count = limits->sources == 0 ? 1 : limits->sources;
	penalties->chain_count = penalties->place_count;
	penalties->places = calloc(penalties->place_count, sizeof(*penalties->places));
	penalties->chains = calloc(penalties->chain_count, sizeof(*penalties->chains));
	if (penalties->places == NULL || penalties->chains == NULL ||
		getrandom(&penalties->hash_key, sizeof(penalties->hash_key), 0) !=
			(ssize_t)sizeof(penalties->hash_key)) {
		penalties_free(penalties);
		return NULL;
	}
	return penalties;
}

void
penalties_free(struct penalties *penalties)
{
	if (penalties == NULL)
		return;
	free(penalties->chains);
	free(penalties->places);
	free(penalties);
}

void
penalties_set_limits(struct penalties *penalties, const struct penalty_limits *limits)
{
	penalties->limits = *limits;
}

static uint32_t
left_ms(const struct source *source, int64_t now_ms)
{
	return source == NULL || source->penalty_until_ms <= now_ms
		       ? 0
		       : (uint32_t)(source->penalty_until_ms - now_ms);
}

static int
check_all(const struct penalties *penalties)
{
	const struct penalty_limits *limits = &penalties->limits;

	return penalties->connections >= limits->connections ||
			       penalties->unfinished >= limits->unfinished
		       ? -ENOSPC
		       : 0;
}

static int
check_source(const struct penalties *penalties, const struct source *source, int64_t now_ms)
{
	const struct penalty_limits *limits = &penalties->limits;

	if (source == NULL)
		return 0;
	if (source->connections >= limits->connections_per_source ||
		source->unfinished >= limits->unfinished_per_source)
		return -EMFILE;
	return left_ms(source, now_ms) > limits->penalty_refuse_ms ? -EAGAIN : 0;
}

int
penalties_admit(struct penalties *penalties, const struct sockaddr *address, bool exempt,
	int64_t now_ms, uint32_t *ret_delay_ms)
{
	struct source_key key = key_of(penalties, address);
	struct source *source = find(penalties, &key);
	uint32_t delay_ms;
	int r;

	r = check_all(penalties);
	if (r == 0 && !exempt)
		r = check_source(penalties, source, now_ms);
	if (r < 0)
		return r;
	if (source == NULL)
		source = find_or_add(penalties, &key);
	if (source == NULL)
		return -ENOSPC;
	source->connections++;
	source->unfinished++;
	penalties->connections++;
	penalties->unfinished++;
	delay_ms = exempt ? 0 : left_ms(source, now_ms);
	*ret_delay_ms = delay_ms < penalties->limits.delay_most_ms
				? delay_ms
				: penalties->limits.delay_most_ms;
	return 0;
}

static struct source *
find_counted(const struct penalties *penalties, const struct sockaddr *address)
{
	struct source_key key = key_of(penalties, address);
	struct source *source = find(penalties, &key);

	/* A source with connections is never forgotten, so this is a connection nobody admitted. */
	assert(source != NULL && source->connections > 0);
	return source;
}

void
penalties_verdict(struct penalties *penalties, const struct sockaddr *address)
{
	struct source *source = find_counted(penalties, address);

	assert(source->unfinished > 0 && penalties->unfinished > 0);
	source->unfinished--;
	penalties->unfinished--;
}

static void
add(const struct penalties *penalties, struct source *source, uint32_t units, int64_t now_ms)
{
	int64_t penalty_ms = (int64_t)units * penalties->limits.penalty_ms;
	int64_t most_ms = now_ms + penalties->limits.penalty_most_ms;

	if (penalty_ms == 0)
		return;
	if (source->penalty_until_ms < now_ms)
		source->penalty_until_ms = now_ms;
	source->penalty_until_ms += penalty_ms;
	if (source->penalty_until_ms > most_ms)
		source->penalty_until_ms = most_ms;
}

void
penalties_add(
	struct penalties *penalties, const struct sockaddr *address, uint32_t units, int64_t now_ms)
{
	add(penalties, find_counted(penalties, address), units, now_ms);
}

uint32_t
penalties_wait_ms(const struct penalties *penalties, const struct sockaddr *address, int64_t now_ms)
{
	uint32_t left = penalties_left_ms(penalties, address, now_ms);
	uint32_t threshold = penalties->limits.penalty_refuse_ms;

	return left > threshold ? left - threshold : 0;
}

bool
penalties_same_source(
	const struct penalties *penalties, const struct sockaddr *one, const struct sockaddr *other)
{
	struct source_key first = key_of(penalties, one), second = key_of(penalties, other);

	return first.high == second.high && first.low == second.low;
}

void
penalties_end(struct penalties *penalties, const struct sockaddr *address, bool finished,
	enum close_reason reason, int64_t now_ms)
{
	struct source *source;

	if (!finished)
		penalties_verdict(penalties, address);
	source = find_counted(penalties, address);
	source->connections--;
	penalties->connections--;
	add(penalties, source, penalty_units(reason), now_ms);
}

uint32_t
penalties_left_ms(const struct penalties *penalties, const struct sockaddr *address, int64_t now_ms)
{
	struct source_key key = key_of(penalties, address);

	return left_ms(find(penalties, &key), now_ms);
}

static void
key_text(const struct source_key *key, char ret_text[PENALTY_SOURCE_SIZE])
{
	uint8_t bytes[16];

	memcpy(bytes, &key->high, 8);
	memcpy(bytes + 8, &key->low, 8);
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)bytes))
		(void)inet_ntop(AF_INET, bytes + 12, ret_text, PENALTY_SOURCE_SIZE);
	else
		(void)inet_ntop(AF_INET6, bytes, ret_text, PENALTY_SOURCE_SIZE);
}

/* Keeps the worst so far, the worst of them first. */
static size_t
keep_worst(struct penalised *worst, size_t count, size_t most, const struct source *source,
	uint32_t penalty_ms)
{
	size_t at = count;

	while (at > 0 && worst[at - 1].penalty_ms < penalty_ms)
		at--;
	if (at == most)
		return count;
	if (count < most)
		count++;
	memmove(&worst[at + 1], &worst[at], (count - at - 1) * sizeof(*worst));
	worst[at].penalty_ms = penalty_ms;
	key_text(&source->key, worst[at].source);
	return count;
}

size_t
penalties_worst(
	const struct penalties *penalties, int64_t now_ms, struct penalised *ret_worst, size_t most)
{
	size_t count = 0;

	for (uint32_t i = 0; i < penalties->place_count; i++) {
		const struct source *source = &penalties->places[i];
		uint32_t penalty_ms = source->used ? left_ms(source, now_ms) : 0;

		if (penalty_ms > 0)
			count = keep_worst(ret_worst, count, most, source, penalty_ms);
	}
	return count;
}

static uint32_t
count_penalised(const struct penalties *penalties, int64_t now_ms)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < penalties->place_count; i++)
		count += penalties->places[i].used && left_ms(&penalties->places[i], now_ms) > 0;
	return count;
}

struct penalty_numbers
penalties_numbers(const struct penalties *penalties, int64_t now_ms)
{
	return (struct penalty_numbers){.connections = penalties->connections,
		.unfinished = penalties->unfinished,
		.sources = penalties->used,
		.penalised = count_penalised(penalties, now_ms)};
}
