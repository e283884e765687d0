/* See reel.h. In sekisho-player, sandboxed. */
#include "player/reel.h"

#include "base/cleanup.h"
#include "base/sentence.h"

#include <errno.h>

/* A third of a processor at most: player_step waits in between. */
#define TURN_US 10000

static int
source_next(void *owner, struct recording_record *ret_record)
{
	return recording_reader_next(owner, ret_record);
}

static int
source_rewind(void *owner)
{
	return recording_reader_rewind(owner);
}

static const char *
source_why(void *owner)
{
	return recording_reader_why(owner);
}

int
reel_open(struct reel *reel, int fd, const uint8_t *key, const char **ret_why)
{
	struct playback_source source = {source_next, source_rewind, source_why, NULL};
	int r = recording_reader_new(fd, key, &reel->reader, ret_why);

	if (r < 0)
		return r;
	source.owner = reel->reader;
	r = playback_new(&source, &reel->playback);
	if (r < 0) {
		*ret_why = N_("there is no memory for it");
		reel_close(reel);
	}
	return r;
}

void
reel_close(struct reel *reel)
{
	playback_free(take_pointer(&reel->playback));
	recording_reader_free(take_pointer(&reel->reader));
}

/* What is known of segments is needed for beginning with the right one. */
static int
rewind_trail(struct trail *trail, const struct reel *first)
{
	playback_learn(trail->reel.playback, first->playback);
	return playback_rewind(trail->reel.playback, trail->to_ms);
}

void
trail_work(struct trail *trail, const struct reel *first)
{
	uint32_t now_ms = playback_now_ms(first->playback);
	bool ahead;

	if (trail->reel.playback == NULL)
		return;
	ahead = playback_now_ms(trail->reel.playback) > now_ms;
	if (ahead || trail->to_ms > now_ms || now_ms - trail->to_ms >= REEL_BEHIND_MOST_MS) {
		trail->to_ms = now_ms > REEL_BEHIND_LEAST_MS ? now_ms - REEL_BEHIND_LEAST_MS : 0;
		trail->works = true;
	}
	if (ahead && rewind_trail(trail, first) < 0) {
		reel_close(&trail->reel);
		trail->works = false;
	}
	if (trail->works)
		trail->works = playback_advance(trail->reel.playback, trail->to_ms, TURN_US) ==
			       PLAYBACK_MORE;
}

int
trail_go_back(struct trail *trail, struct reel *first, uint32_t to_ms)
{
	struct reel other = trail->reel;

	if (other.playback == NULL || !playback_is_before(other.playback, to_ms))
		return playback_rewind(first->playback, to_ms);
	playback_learn(other.playback, first->playback);
	trail->reel = *first;
	*first = other;
	return 0;
}
