/* A recording with its picture, and a second one that stays somewhat behind it: decoding goes one way only, so that ten seconds back would otherwise
 * mean all of the connection once more.
 */
#ifndef PLAYER_REEL_H
#define PLAYER_REEL_H

#include "playback/playback.h"
#include "recording/reader.h"

/* How far it is behind the first: at least so much after it was let work (keys.def goes back a minute), at most so much before it works again. */
#define REEL_BEHIND_LEAST_MS 65000
#define REEL_BEHIND_MOST_MS 125000

/* Zeroed: closed. */
struct reel {
	struct recording_reader *reader;
	struct playback *playback;
};

/* fd is borrowed. 0 or what recording_reader_new returns, -ENOMEM; *ret_why then is a constant text. */
int reel_open(struct reel *reel, int fd, const uint8_t *key, const char **ret_why);
void reel_close(struct reel *reel);

/* Zeroed, with a reel that was opened or not: without one it does nothing. */
struct trail {
	struct reel reel;
	uint32_t to_ms; /* so far it is to be played */
	bool works;     /* and is not yet */
};

/* A little of its work: for those moments in which the first has none. */
void trail_work(struct trail *trail, const struct reel *first);

/* For a time that lies behind the first: from here on playback_advance leads there. It is the second that becomes the first, or, where the
 * second is no help, the first from the beginning of that connection on. 0 or a negative errno. */
int trail_go_back(struct trail *trail, struct reel *first, uint32_t to_ms);

#endif
