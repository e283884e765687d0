/* What is played when; see player.h. In sekisho-player, sandboxed: the recording is what a jump host sent. */
#include "player/player_private.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/sentence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TURN_US 30000
#define LENGTH_ASKED_US 1000000
#define TOLD_US 5000000
#define GROWS_MS 100 /* a file that grows is looked at so often */
#define TRAIL_WORKS_MS 20
#define IDLE_MS 5000     /* longer pauses are shortened... */
#define IDLE_LEFT_MS 500 /* ...to this */
#define BAR_MS 200
#define SENT_MOST_US \
	10000000 /* what was drawn has not left us for so long: his client does not read */

int64_t
player_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* The recording */

static void
go(struct player *player, enum play_state state)
{
	if (player->state == state)
		return;
	/* What was passed over on the way has not been noted. */
	if (player->state == PLAY_SEEKING && player->drawable)
		tiles_damage_all(&player->tiles);
	player->state = state;
	player->behind = false;
	player_damage_bar(player);
	if (player->drawable && (state == PLAY_BROKEN || state == PLAY_WAITING))
		tiles_damage_all(&player->tiles);
}

static void
break_off(struct player *player, const char *why)
{
	snprintf(player->why, sizeof(player->why), "%s", why);
	go(player, PLAY_BROKEN);
	if (player->drawable)
		tiles_damage_all(&player->tiles);
}

/* A running session's may not have its header yet. */
static void
open_recording(struct player *player)
{
	const char *why = "";
	int r = reel_open(&player->reel, player->fd, player->key, &why);

	if (r == -EAGAIN && player->live)
		return;
	if (r < 0) {
		break_off(player, why);
		return;
	}
	/* Without a trail going back takes longer. */
	(void)reel_open(&player->trail.reel, player->fd, player->key, &why);
	tempo_begin(&player->tempo, player_now_us());
	if (player->live)
		player_seek_end(player);
	else if (player->begin_ms > 0)
		player_seek(player, player->begin_ms);
	else
		go(player, PLAY_PLAYING);
}

static void
ask_length(struct player *player)
{
	int64_t now_us = player_now_us();
	uint32_t length;

	if (player->length_asked_us != 0 && now_us - player->length_asked_us < LENGTH_ASKED_US)
		return;
	player->length_asked_us = now_us;
	length = recording_reader_length_ms(player->reel.reader);
	if (length < playback_seen_ms(player->reel.playback))
		length = playback_seen_ms(player->reel.playback);
	if (length == player->length_ms)
		return;
	player_damage_bar(player);
	player->length_ms = length;
	player->length_us = now_us;
}

/* What the watcher asks for */

uint32_t
player_at_ms(const struct player *player)
{
	if (player->reel.playback == NULL)
		return 0;
	if (player->state == PLAY_PLAYING || player->state == PLAY_PAUSED)
		return tempo_ms(&player->tempo, player_now_us());
	if (player->state == PLAY_LIVE)
		return player->length_ms;
	return playback_now_ms(player->reel.playback);
}

static bool
can_play(const struct player *player)
{
	return player->reel.playback != NULL && player->state != PLAY_BROKEN;
}

static void
begin_search(struct player *player, uint32_t to_ms)
{
	int r = 0;

	if (player->state != PLAY_SEEKING)
		player->held = player->state == PLAY_PAUSED;
	if (!playback_is_before(player->reel.playback, to_ms))
		r = trail_go_back(&player->trail, &player->reel, to_ms);
	if (r < 0) {
		break_off(player, N_("it cannot be read from its beginning again"));
		return;
	}
	player->seek_to = to_ms;
	go(player, PLAY_SEEKING);
	player_damage_bar(player);
}

void
player_seek(struct player *player, uint32_t to_ms)
{
	if (!can_play(player))
		return;
	player->seek_to_end = false;
	begin_search(player, to_ms);
}

/* What is known to be there now; what comes meanwhile is caught up with as well. */
void
player_seek_end(struct player *player)
{
	if (!can_play(player))
		return;
	ask_length(player);
	player->seek_to_end = true;
	begin_search(player, player->length_ms);
	player->held = false;
}

void
player_toggle(struct player *player)
{
	int64_t now_us = player_now_us();

	switch (player->state) {
	case PLAY_PLAYING:
		tempo_pause(&player->tempo, true, now_us);
		go(player, PLAY_PAUSED);
		break;
	case PLAY_PAUSED:
		tempo_pause(&player->tempo, false, now_us);
		go(player, PLAY_PLAYING);
		break;
	case PLAY_LIVE:
		tempo_set(&player->tempo, playback_now_ms(player->reel.playback), now_us);
		tempo_pause(&player->tempo, true, now_us);
		go(player, PLAY_PAUSED);
		break;
	case PLAY_SEEKING:
		player->held = !player->held;
		break;
	case PLAY_ENDED:
		player_seek(player, 0);
		break;
	case PLAY_WAITING:
	case PLAY_BROKEN:
	case PLAY_STATE_COUNT:
		break;
	}
	player_damage_bar(player);
}

void
player_change_speed(struct player *player, int rows)
{
	tempo_change(&player->tempo, rows, player_now_us());
	player_damage_bar(player);
}

/* Playing */

/* All that there is has been played. */
static void
reach_end(struct player *player, enum playback_result result)
{
	tempo_set(&player->tempo, playback_now_ms(player->reel.playback), player_now_us());
	if (result == PLAYBACK_WAITS && player->live)
		go(player, PLAY_LIVE);
	else
		go(player, PLAY_ENDED);
}

static void
end_search(struct player *player)
{
	int64_t now_us = player_now_us();

	tempo_set(&player->tempo, player->seek_to, now_us);
	tempo_pause(&player->tempo, player->held, now_us);
	go(player, player->held ? PLAY_PAUSED : PLAY_PLAYING);
	player->told_us = 0; /* of a short search nothing else would tell */
}

static void
search(struct player *player)
{
	uint32_t to_ms = player->seek_to_end ? UINT32_MAX : player->seek_to;
	enum playback_result result = playback_advance(player->reel.playback, to_ms, TURN_US);

	player->behind = result == PLAYBACK_MORE;
	switch (result) {
	case PLAYBACK_MORE:
		break;
	case PLAYBACK_REACHED:
		end_search(player);
		break;
	case PLAYBACK_WAITS:
	case PLAYBACK_ENDED:
		/* A search for its last second is not one for its end. */
		if (player->seek_to_end || !player->held)
			reach_end(player, result);
		else
			end_search(player);
		break;
	case PLAYBACK_BROKEN:
		break_off(player, playback_why(player->reel.playback));
		break;
	}
}

/* A pause that is long is not sat through. */
static void
shorten(struct player *player, uint32_t at_ms)
{
	uint32_t next_ms;

	if (player->shortens && playback_next_ms(player->reel.playback, &next_ms) == 1 &&
		next_ms > at_ms && next_ms - at_ms > IDLE_MS)
		tempo_set(&player->tempo, next_ms - IDLE_LEFT_MS, player_now_us());
}

static void
play(struct player *player)
{
	uint32_t at_ms = tempo_ms(&player->tempo, player_now_us());
	enum playback_result result = playback_advance(player->reel.playback, at_ms, TURN_US);

	player->behind = result == PLAYBACK_MORE;
	switch (result) {
	case PLAYBACK_MORE: /* slower than asked for: time waits */
		tempo_set(&player->tempo, playback_now_ms(player->reel.playback), player_now_us());
		break;
	case PLAYBACK_REACHED:
		shorten(player, at_ms);
		break;
	case PLAYBACK_WAITS:
	case PLAYBACK_ENDED:
		if (at_ms >= playback_now_ms(player->reel.playback))
			reach_end(player, result);
		break;
	case PLAYBACK_BROKEN:
		break_off(player, playback_why(player->reel.playback));
		break;
	}
}

static void
follow(struct player *player)
{
	enum playback_result result = playback_advance(player->reel.playback, UINT32_MAX, TURN_US);

	player->behind = result == PLAYBACK_MORE;
	if (result == PLAYBACK_ENDED)
		reach_end(player, result);
	else if (result == PLAYBACK_BROKEN)
		break_off(player, playback_why(player->reel.playback));
}

/* What has changed on the picture; another size is another layout. */
static void
note_changes(struct player *player)
{
	struct decoder_picture picture;
	struct picture_rectangle change;

	if (!player->drawable || !playback_look(player->reel.playback, &picture))
		return;
	if (picture.width != player->view.picture_width ||
		picture.height != player->view.picture_height) {
		player->view.picture_width = picture.width;
		player->view.picture_height = picture.height;
		(void)playback_take_change(player->reel.playback, &change);
		tiles_damage_all(&player->tiles);
	} else if (playback_take_change(player->reel.playback, &change)) {
		player_damage_picture(player, &change);
	}
}

/* Nobody sees anything before his desktop has been sent something, while his client's window is minimised, or when it does not read. */
static enum play_state
seen_state(struct player *player)
{
	bool shows = player->state == PLAY_PLAYING || player->state == PLAY_LIVE;

	if (desk_is_hidden(player->desk) || player_now_us() - player->sent_us > SENT_MOST_US)
		player->on_desktop = false;
	return shows && !player->on_desktop ? PLAY_WAITING : player->state;
}

static void
tell(struct player *player)
{
	int64_t now_us = player_now_us();
	enum play_state seen = seen_state(player);
	struct msg_play_state state = {.state = (uint8_t)seen,
		.at_ms = player_at_ms(player),
		.length_ms = player->length_ms};
	bool moves = seen == PLAY_PLAYING || seen == PLAY_LIVE;

	if (player->told == seen && player->told_us != 0 &&
		(!moves || now_us - player->told_us < TOLD_US))
		return;
	if (seen == PLAY_LIVE && player->behind)
		state.at_ms = playback_now_ms(player->reel.playback);
	player->told = seen;
	player->told_us = now_us;
	if (player->state == PLAY_BROKEN)
		snprintf(state.why, sizeof(state.why), "%s", player->why);
	player->setup.told(player->setup.owner, &state);
}

static int
wait_ms(struct player *player)
{
	int64_t now_us = player_now_us();
	int most = player->trail.works ? TRAIL_WORKS_MS : BAR_MS;
	uint32_t next_ms;

	if (player->state == PLAY_SEEKING || player->behind)
		return 0;
	if (player->state == PLAY_LIVE || player->state == PLAY_WAITING)
		return most < GROWS_MS ? most : GROWS_MS;
	if (player->state == PLAY_PLAYING && playback_next_ms(player->reel.playback, &next_ms) == 1)
		return tempo_wait_ms(&player->tempo, next_ms, now_us, most);
	return most;
}

int
player_step(struct player *player)
{
	int64_t now_us = player_now_us();

	/* Time that nobody sees is not played. */
	if (player->reel.reader == NULL && player->state == PLAY_WAITING &&
		(player->live || player->drawable))
		open_recording(player);
	if (player->reel.playback != NULL) {
		ask_length(player);
		if (player->state == PLAY_SEEKING)
			search(player);
		else if (player->state == PLAY_PLAYING)
			play(player);
		else if (player->state == PLAY_LIVE)
			follow(player);
		/* On the way to another place nothing is drawn and sent: that would be the most of its work. */
		if (player->state != PLAY_SEEKING)
			note_changes(player);
		if (player->state != PLAY_SEEKING && player->state != PLAY_BROKEN &&
			!player->behind)
			trail_work(&player->trail, &player->reel);
	}
	if (now_us - player->painted_us >= BAR_MS * 1000) {
		player->painted_us = now_us;
		player_damage_bar(player);
	}
	tell(player);
	return wait_ms(player);
}

/* Who is behind the desk */

static int
on_begin(void *owner, const struct desk_size *size)
{
	struct player *player = owner;
	int r = tiles_init(&player->tiles, size->width, size->height);

	player->scale = size->scale_percent;
	if (player->scale > size->height / 4u)
		player->scale = size->height /
				4u; /* of a very low desktop the bar takes no more than it must */
	player->letters = type_context(player->scale);
	if (r < 0 || player->letters == NULL)
		return -ENOMEM;
	player->drawable = true;
	player_lay_out(player);
	return 0;
}

static size_t
on_draw(void *owner, struct picture_rectangle *ret_tiles, size_t most)
{
	struct player *player = owner;

	return tiles_draw(&player->tiles, player_paint, player, ret_tiles, most);
}

static void
on_redraw(void *owner)
{
	tiles_redraw(&((struct player *)owner)->tiles);
}

static const uint8_t *
on_pixels(void *owner, size_t *ret_stride)
{
	const struct player *player = owner;

	*ret_stride = player->tiles.stride;
	return player->tiles.pixels;
}

static void
on_sent(void *owner)
{
	struct player *player = owner;

	player->on_desktop = !desk_is_hidden(player->desk);
	player->sent_us = player_now_us();
	if (player->began_us == 0 && player->view.picture_width > 0)
		player->began_us = player_now_us();
}

/* player_step is asked by whoever serves the desk. */
static int
on_tick(void *owner)
{
	(void)owner;
	return -1;
}

static const struct desk_user player_user = {
	.begin = on_begin,
	.key = player_key,
	.text = player_text,
	.modifiers = player_modifiers,
	.pointer = player_pointer,
	.draw = on_draw,
	.redraw = on_redraw,
	.pixels = on_pixels,
	.sent = on_sent,
	.tick = on_tick,
};

/* Life */

int
player_warm_up(const char *catalogue, const char **ret_why)
{
	int r;

	*ret_why = "the Japanese messages";
	r = player_warm_words(catalogue);
	if (r < 0)
		return r;
	*ret_why = "fonts with Japanese and other letters";
	r = type_warm_up(TYPES_ALL);
	if (r < 0)
		return r;
	*ret_why = "libfreerdp";
	r = desk_warm_up();
	return r < 0 ? r : playback_warm_up();
}

int
player_new(struct player **ret_player)
{
	struct player *player = calloc(1, sizeof(*player));
	int r = player != NULL ? desk_new(&player_user, player, &player->desk) : -ENOMEM;

	if (r < 0) {
		free(player);
		return r;
	}
	player->fd = -1;
	player->told = PLAY_STATE_COUNT;
	*ret_player = player;
	return 0;
}

void
player_free(struct player *player)
{
	if (player == NULL)
		return;
	desk_free(player->desk);
	reel_close(&player->trail.reel);
	reel_close(&player->reel);
	tiles_done(&player->tiles);
	if (player->letters != NULL)
		g_object_unref(player->letters);
	if (player->fd >= 0)
		(void)close(player->fd);
	secret_wipe(player->key, sizeof(player->key));
	free(player);
}

void
player_take_file(struct player *player, int *fd, const uint8_t *key, bool live, uint32_t at_ms)
{
	if (player->fd >= 0)
		(void)close(player->fd);
	player->fd = take_fd(fd);
	memcpy(player->key, key, sizeof(player->key));
	player->live = live;
	player->begin_ms = at_ms;
}

int
player_begin(struct player *player, const struct player_setup *setup, int *fd)
{
	player->setup = *setup;
	snprintf(player->title, sizeof(player->title), "%s", setup->title);
	snprintf(player->language, sizeof(player->language), "%s", setup->language);
	player->setup.title = player->title;
	player->setup.language = player->language;
	return desk_begin(player->desk, setup->keyboard, fd);
}

struct desk *
player_desk(struct player *player)
{
	return player->desk;
}

uint64_t
player_watched_ms(const struct player *player)
{
	return player->began_us == 0 ? 0 : (uint64_t)(player_now_us() - player->began_us) / 1000;
}
