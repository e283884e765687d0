/* How much a source may still do: connections at once, connections without a verdict, and a penalty
 * that grows with every failure, first as a delay, then as a refusal, and fades with time.
 *
 * A source is the addresses alike in the first bits (IPv4 /32, IPv6 /64 by default). Memory is bounded: the table has a fixed number of
 * places, and when it is full the source whose penalty ends first, and which holds no connection,
 * makes room. No I/O, no clock: times are milliseconds of one monotonic clock, given by the caller.
 */
#ifndef SUPERVISOR_PENALTIES_H
#define SUPERVISOR_PENALTIES_H

#include "relay/close_reasons.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct penalty_limits {
	uint32_t sources;     /* places in the table, at least 1 */
	uint32_t connections; /* at once, from all sources together */
	uint32_t connections_per_source;
	uint32_t unfinished; /* without a verdict, from all sources together */
	uint32_t unfinished_per_source;
	uint32_t penalty_ms;        /* one unit; 0 = penalties are off */
	uint32_t penalty_refuse_ms; /* a penalty above this refuses; below it delays */
	uint32_t penalty_most_ms;   /* a penalty never grows beyond this */
	uint32_t delay_most_ms;     /* no connection is delayed for longer */
	uint32_t ipv4_prefix;       /* bits, 0-32 */
	uint32_t ipv6_prefix;       /* bits, 0-128 */
};

struct penalties;

/* Returns NULL when there is no memory. */
struct penalties *penalties_new(const struct penalty_limits *limits);
void penalties_free(struct penalties *penalties);

/* The limits may change at any time (settings reloaded); `sources` and the prefixes stay
 * what they were. */
void penalties_set_limits(struct penalties *penalties, const struct penalty_limits *limits);

/* One more connection from this source? `exempt`: only the limits of all sources together count. Returns 0, has counted it (as unfinished) and sets
 * *ret_delay_ms to the time it has to wait; or -EMFILE (a limit of this source), -EAGAIN (its penalty
 * is too high) or -ENOSPC (a limit of the whole gateway), and has counted nothing. */
int penalties_admit(struct penalties *penalties, const struct sockaddr *source, bool exempt,
	int64_t now_ms, uint32_t *ret_delay_ms);

/* A connection admitted earlier has got its verdict. Once per connection. */
void penalties_verdict(struct penalties *penalties, const struct sockaddr *source);

/* A connection admitted earlier is over. `finished`: penalties_verdict was called for it. The reason
 * decides what is added to the penalty of its source. */
void penalties_end(struct penalties *penalties, const struct sockaddr *source, bool finished,
	enum close_reason reason, int64_t now_ms);

/* The penalty that a source has left, 0 … penalty_most_ms. */
uint32_t penalties_left_ms(
	const struct penalties *penalties, const struct sockaddr *source, int64_t now_ms);

/* Added while a connection that was admitted goes on: a wrong password on a sign-in screen that stays. */
void penalties_add(
	struct penalties *penalties, const struct sockaddr *source, uint32_t units, int64_t now_ms);

/* How long until this source is no longer refused; 0: it is not. */
uint32_t penalties_wait_ms(
	const struct penalties *penalties, const struct sockaddr *source, int64_t now_ms);

/* Whether two addresses are one source. */
bool penalties_same_source(const struct penalties *penalties, const struct sockaddr *one,
	const struct sockaddr *other);

struct penalty_numbers {
	uint32_t connections;
	uint32_t unfinished;
	uint32_t sources;   /* that are remembered */
	uint32_t penalised; /* … with a penalty left */
};
struct penalty_numbers penalties_numbers(const struct penalties *penalties, int64_t now_ms);

#define PENALTY_SOURCE_SIZE 46

struct penalised {
	char source[PENALTY_SOURCE_SIZE]; /* its first address */
	uint32_t penalty_ms;              /* left */
};

/* The highest penalties, highest first. Returns how many there are, at most `most`. */
size_t penalties_worst(const struct penalties *penalties, int64_t now_ms,
	struct penalised *ret_worst, size_t most);

/* How many units an ending of this kind adds to the penalty of its source, 0-3. */
uint32_t penalty_units(enum close_reason reason);

#endif
