/* Where a recording that plays has got to: a clock that runs at a speed, stands still, or is set. Pure: time comes from the caller, in
 * microseconds of a clock that never goes back.
 */
#ifndef PLAYER_TEMPO_H
#define PLAYER_TEMPO_H

#include <stdbool.h>
#include <stdint.h>

struct tempo {
	bool paused;
	unsigned int speed; /* a row of the speeds */
	uint32_t base_ms;   /* of the recording, at since_us */
	int64_t since_us;
};

/* At the beginning, playing, at its own speed. */
void tempo_begin(struct tempo *tempo, int64_t now_us);

uint32_t tempo_ms(const struct tempo *tempo, int64_t now_us);
void tempo_set(struct tempo *tempo, uint32_t ms, int64_t now_us);
void tempo_pause(struct tempo *tempo, bool paused, int64_t now_us);

/* One row faster (1) or slower (-1), as far as there is one. */
void tempo_change(struct tempo *tempo, int rows, int64_t now_us);
unsigned int tempo_percent(const struct tempo *tempo); /* 50-1600 */

/* Real milliseconds until the recording is at ms, at least 0; `most` if that is later, or it is paused. */
int tempo_wait_ms(const struct tempo *tempo, uint32_t ms, int64_t now_us, int most);

/* A place so far from another one, within the recording. */
uint32_t tempo_moved(uint32_t from_ms, int64_t by_ms, uint32_t length_ms);

#endif
