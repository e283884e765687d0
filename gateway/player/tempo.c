/* See tempo.h. */
#include "player/tempo.h"

#include "base/cleanup.h"

static const unsigned int speeds[] = {50, 100, 200, 400, 800, 1600};
#define SPEED_OWN 1

void
tempo_begin(struct tempo *tempo, int64_t now_us)
{
	*tempo = (struct tempo){.speed = SPEED_OWN, .since_us = now_us};
}

unsigned int
tempo_percent(const struct tempo *tempo)
{
	return speeds[tempo->speed];
}

uint32_t
tempo_ms(const struct tempo *tempo, int64_t now_us)
{
	int64_t run_us = tempo->paused || now_us < tempo->since_us ? 0 : now_us - tempo->since_us;
	int64_t ms = tempo->base_ms + run_us / 1000 * tempo_percent(tempo) / 100;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void
tempo_set(struct tempo *tempo, uint32_t ms, int64_t now_us)
{
	tempo->base_ms = ms;
	tempo->since_us = now_us;
}

void
tempo_pause(struct tempo *tempo, bool paused, int64_t now_us)
{
	tempo_set(tempo, tempo_ms(tempo, now_us), now_us);
	tempo->paused = paused;
}

void
tempo_change(struct tempo *tempo, int rows, int64_t now_us)
{
	tempo_set(tempo, tempo_ms(tempo, now_us), now_us);
	if (rows > 0 && tempo->speed + 1 < ARRAY_SIZE(speeds))
		tempo->speed++;
	if (rows < 0 && tempo->speed > 0)
		tempo->speed--;
}

int
tempo_wait_ms(const struct tempo *tempo, uint32_t ms, int64_t now_us, int most)
{
	uint32_t at = tempo_ms(tempo, now_us);
	uint64_t wait;

	if (at >= ms)
		return 0;
	if (tempo->paused)
		return most;
	wait = (uint64_t)(ms - at) * 100 / tempo_percent(tempo) + 1;
	return wait > (uint64_t)most ? most : (int)wait;
}

uint32_t
tempo_moved(uint32_t from_ms, int64_t by_ms, uint32_t length_ms)
{
	int64_t to = (int64_t)from_ms + by_ms;

	return to < 0 ? 0 : to > length_ms ? length_ms : (uint32_t)to;
}
