/* One filtered channel with both of its ends in a test's hands: PDUs in, and what comes out at either end. */
#ifndef TESTS_RELAY_FILTERED_H
#define TESTS_RELAY_FILTERED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/rights.h"
#include "relay/bridge_channels.h"

enum {
	FILTERED_CLIENT = 1004, /* the channel, as each side calls it */
	FILTERED_HOST = 1050,
	FILTERED_USER = 1021, /* at the host */
	FILTERED_GOT_MOST = 16,
};

/* A whole PDU that has come out at a side. */
struct filtered_pdu {
	uint8_t *bytes;
	size_t len;
	uint32_t flags; /* of its first chunk */
};

struct filtered {
	struct bridge *bridge;
	struct filtered_pdu got[BRIDGE_SIDES][FILTERED_GOT_MOST];
	size_t count[BRIDGE_SIDES];
	size_t heard[BRIDGE_SIDES]; /* bytes of chunks that have come out at a side, ever */
	bool deaf;                  /* … and nothing is kept of them */
	enum close_reason reason;   /* CLOSE_NONE: the session goes on */
};
extern struct filtered filtered;

/* A session with these rights. options: of the channel in CS_NET. */
void filtered_begin(const char *channel, uint32_t rights);
void filtered_begin_with(const char *channel, uint32_t rights, uint32_t options);
int filtered_end(void **state);

/* A side says a PDU; what came out before is forgotten. In one chunk; in chunks of so many bytes; or one chunk as it is. */
void filtered_say(enum side from, const void *bytes, size_t len);
void filtered_say_in_pieces(enum side from, const void *bytes, size_t len, size_t piece);
void filtered_say_chunk(
	enum side from, const void *bytes, size_t len, uint32_t total, uint32_t flags);

/* What is written by write(&writer, ...). */
#define SAY(from, write, ...)                                      \
	do {                                                       \
		uint8_t said_[4096];                               \
		struct bytes_writer writer_;                       \
                                                                   \
		bytes_writer_init(&writer_, said_, sizeof(said_)); \
		write(&writer_ __VA_OPT__(, ) __VA_ARGS__);        \
		assert_false(writer_.failed);                      \
		filtered_say(from, said_, writer_.len);            \
	} while (0)

/* The last thing that was said has passed as it was, and nothing was said to whoever said it. */
void filtered_expect_passed(void);
/* Nothing came of it. */
void filtered_expect_dropped(void);
/* It was answered in the other's stead; the other has heard nothing. Returns the answer. */
const struct filtered_pdu *filtered_expect_answer(void);

#endif
