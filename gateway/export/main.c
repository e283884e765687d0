/* sekisho-export: makes a video, pictures and a contact sheet of one recording; on the auditor's own machine, started by sekisho-admin.
 *
 *	fd 0 the recording   1 how far it is   2 why not   3 the recording's key, 32 bytes   4 the video   5 the sheet   6 … pictures
 *
 *	sekisho-export [--video matroska|mp4|webm] [--sheet] [--png MILLISECONDS]… [--skip-idle]
 *
 * Whoever made the recording may attack the decoders: the sandbox is closed before a byte of it is read, and is that of
 * sekisho-player. It opens nothing, and knows neither the gateway nor the auditor's private key. On fd 1 a line "progress DONE OF"
 * (milliseconds of the session) now and then, and "broken MILLISECONDS" where it cannot be read any further. Exits with 0 when all that was
 * asked for is written.
 */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/sentence.h"
#include "export/movie.h"
#include "export/sheet.h"
#include "playback/playback.h"
#include "recording/keys.h"
#include "recording/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FD_RECORDING 0
#define FD_PROGRESS 1
#define FD_KEY 3
#define FD_VIDEO 4
#define FD_SHEET 5
#define FD_PNG 6
#define PNG_MOST 32

#define FRAME_MS 100        /* ten a second, where it changes so often */
#define IDLE_MS 2000        /* --skip-idle: a picture at rest for longer … */
#define IDLE_SHOWN_MS 1000  /* … is shown for so long */
#define SHEET_LEAST_MS 1000 /* between two pictures of the sheet */
#define TURN_US 200000
#define PROGRESS_EVERY_MS 1000

static struct export
{
	const char *format; /* NULL: no video */
	bool wants_sheet;
	bool skip_idle;
	uint32_t png_ms[PNG_MOST]; /* as they were given */
	bool png_done[PNG_MOST];
	size_t png_count;

	struct recording_reader *reader;
	struct playback *playback;
	struct movie *movie; /* from the first picture on */
	struct sheet *sheet;
	uint16_t width, height; /* of the largest desktop that a connection began with */
	uint32_t length_ms;
	uint32_t sheet_ms;    /* of its newest picture … */
	bool has_sheet;       /* … if there is one … */
	bool sheet_is_behind; /* … and whether the picture has changed since */
	int64_t skipped_ms;
	uint32_t frame_ms; /* of the newest frame */
	uint32_t told_ms;
}
export;

static int
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return -1;
}

/* Something that was asked for could not be written: r is why. */
static int
fail_write(const char *what, int r)
{
	fprintf(stderr, "%s%s\n", what, r == -ENOSPC || r == -EDQUOT ? ": the disk is full" : "");
	return -1;
}

/* Records of the reader. */

static int
next_record(void *owner, struct recording_record *ret_record)
{
	return recording_reader_next(owner, ret_record);
}

static int
rewind_records(void *owner)
{
	return recording_reader_rewind(owner);
}

static const char *
why_of_records(void *owner)
{
	return recording_reader_why(owner);
}

/* The largest desktop, and the length: heads of records alone, nothing is decoded. */
static void
look_ahead(void)
{
	struct recording_segment segment;
	struct recording_record record;

	export.length_ms = recording_reader_length_ms(export.reader);
	while (recording_reader_next(export.reader, &record) == 1) {
		if (record.kind != RECORDING_SEGMENT ||
			recording_segment_get(&record, &segment) < 0)
			continue;
		if (segment.width > export.width)
			export.width = segment.width;
		if (segment.height > export.height)
			export.height = segment.height;
	}
	if (recording_reader_rewind(export.reader) < 0)
		export.length_ms = 0;
}

static int
open_recording(void)
{
	struct playback_source source = {next_record, rewind_records, why_of_records, NULL};
	uint8_t key[RECORDING_KEY_BYTES];
	const char *why = "";
	int r;

	if (read(FD_KEY, key, sizeof(key)) != (ssize_t)sizeof(key))
		return fail("the key of the recording is missing");
	(void)close(FD_KEY);
	r = recording_reader_new(FD_RECORDING, key, &export.reader, &why);
	secret_wipe(key, sizeof(key));
	if (r < 0)
		return fail(why);
	look_ahead();
	source.owner = export.reader;
	return playback_new(&source, &export.playback) < 0 ? fail("out of memory") : 0;
}

/* What is made of it. */

static int
add_frame(const struct decoder_picture *picture, uint32_t at_ms)
{
	const char *why = "";
	int r;

	if (export.format == NULL)
		return 0;
	if (export.movie == NULL) {
		uint16_t width = picture->width > export.width ? picture->width : export.width;
		uint16_t height = picture->height > export.height ? picture->height : export.height;

		r = movie_new(FD_VIDEO, export.format, width, height, &export.movie, &why);
		if (r < 0)
			return fail_write(why, r);
		export.frame_ms = at_ms;
		export.skipped_ms = at_ms; /* nothing is shown before the first picture */
	}
	if (export.skip_idle && at_ms - export.frame_ms > IDLE_MS)
		export.skipped_ms += at_ms - export.frame_ms - IDLE_SHOWN_MS;
	export.frame_ms = at_ms;
	r = movie_add(export.movie, picture, (int64_t)at_ms - export.skipped_ms);
	return r < 0 ? fail_write(N_("the video cannot be written"), r) : 0;
}

/* At most SHEET_MOST, however long it is, and none that looks like the one before. */
static int
add_to_sheet(const struct decoder_picture *picture, uint32_t at_ms)
{
	uint32_t step_ms = export.length_ms / SHEET_MOST + SHEET_LEAST_MS;

	if (!export.wants_sheet || !export.sheet_is_behind ||
		(export.has_sheet && at_ms - export.sheet_ms < step_ms))
		return 0;
	export.has_sheet = true;
	export.sheet_is_behind = false;
	export.sheet_ms = at_ms;
	return sheet_add(export.sheet, picture, at_ms) == -ENOMEM ? fail("out of memory") : 0;
}

static int
write_pngs(const struct decoder_picture *picture, uint32_t before_ms)
{
	int r;

	for (size_t i = 0; i < export.png_count; i++) {
		if (export.png_done[i] || export.png_ms[i] >= before_ms)
			continue;
		export.png_done[i] = true;
		r = picture_write(picture, FD_PNG + (int)i);
		if (r < 0)
			return fail_write(N_("a picture cannot be written"), r);
	}
	return 0;
}

static void
tell_progress(uint32_t now_ms)
{
	if (now_ms - export.told_ms < PROGRESS_EVERY_MS)
		return;
	export.told_ms = now_ms;
	printf("progress %" PRIu32 " %" PRIu32 "\n", now_ms, export.length_ms);
	(void)fflush(stdout);
}

/* The next picture that is asked for at a time of its own, behind this one; UINT32_MAX: none. What was asked for of a time when
 * nothing was drawn yet is the first picture. */
static uint32_t
next_png_ms(uint32_t behind_ms)
{
	uint32_t next = UINT32_MAX;

	for (size_t i = 0; i < export.png_count; i++)
		if (!export.png_done[i] && export.png_ms[i] > behind_ms && export.png_ms[i] < next)
			next = export.png_ms[i];
	return next;
}

static enum playback_result
play_to(uint32_t to_ms)
{
	enum playback_result result;

	do {
		result = playback_advance(export.playback, to_ms, TURN_US);
		tell_progress(playback_now_ms(export.playback));
	} while (result == PLAYBACK_MORE);
	return result;
}

static int
take_picture(uint32_t at_ms)
{
	struct picture_rectangle changed;
	struct decoder_picture picture;
	int r = 0;

	if (!playback_look(export.playback, &picture))
		return 0;
	if (playback_take_change(export.playback, &changed)) {
		export.sheet_is_behind = true;
		r = add_frame(&picture, at_ms);
	}
	if (r == 0)
		r = add_to_sheet(&picture, at_ms);
	return r < 0 ? r : write_pngs(&picture, at_ms + 1);
}

/* A picture is evidence of its time: behind the last second there is none. */
static int
check_times(uint32_t last_second, const char *why)
{
	for (size_t i = 0; i < export.png_count; i++)
		if (export.png_ms[i] / 1000 > last_second)
			return fail(why);
	return 0;
}

/* What cannot be read any further ends there, with the frame that is there already. */
static int
break_off(void)
{
	uint32_t now_ms = playback_now_ms(export.playback);

	printf("broken %" PRIu32 "\n", now_ms);
	export.length_ms = now_ms > export.frame_ms ? now_ms : export.frame_ms;
	return check_times(now_ms / 1000,
		N_("the recording cannot be read as far as a time of which a picture is wanted"));
}

/* From change to change, on the grid of frames, and where a picture was asked for. */
static int
play(void)
{
	uint32_t next_ms = 0, at_ms = 0, png_ms;
	int r = 0;

	while (r == 0) {
		int known = playback_next_ms(export.playback, &next_ms);
		enum playback_result result;

		png_ms = next_png_ms(at_ms);
		at_ms = known == 1 ? next_ms - next_ms % FRAME_MS + FRAME_MS : UINT32_MAX;
		if (png_ms < at_ms && png_ms < export.length_ms)
			at_ms = png_ms;
		if (known != 1 && at_ms == UINT32_MAX)
			at_ms = export.length_ms;
		result = play_to(at_ms);
		if (result == PLAYBACK_BROKEN)
			r = break_off();
		if (at_ms > export.length_ms)
			at_ms = export.length_ms;
		if (r == 0)
			r = take_picture(at_ms);
		if (result == PLAYBACK_BROKEN || result == PLAYBACK_ENDED || known != 1)
			break;
	}
	return r;
}

/* What was asked for of the last second is the last picture. */
static int
finish(void)
{
	struct decoder_picture picture;
	int64_t end_ms = (int64_t) export.length_ms - export.skipped_ms;
	bool drawn = playback_look(export.playback, &picture);
	int r = 0;

	if (!drawn)
		return fail(N_("nothing has been drawn in this recording"));
	if (write_pngs(&picture, UINT32_MAX) < 0)
		return -1;
	export.sheet_is_behind = export.sheet_is_behind || !export.has_sheet;
	if (export.wants_sheet && export.sheet_is_behind &&
		sheet_add(export.sheet, &picture, export.length_ms) == -ENOMEM)
		return fail("out of memory");
	if (export.wants_sheet)
		r = sheet_write(export.sheet, FD_SHEET);
	if (r < 0)
		return fail_write(N_("the contact sheet cannot be written"), r);
	if (export.skip_idle && export.length_ms - export.frame_ms > IDLE_MS)
		end_ms = (int64_t) export.frame_ms - export.skipped_ms + IDLE_SHOWN_MS;
	if (export.movie != NULL)
		r = movie_finish(export.movie, end_ms);
	return r < 0 ? fail_write(N_("the video cannot be written"), r) : 0;
}

static int
make(void)
{
	int r = open_recording();

	/* People read the length in whole seconds. */
	if (r == 0)
		r = check_times((export.length_ms + 999) / 1000,
			N_("the recording ends before a time of which a picture is wanted: "
			   "recording show says how long it is"));
	if (r == 0 && export.wants_sheet && sheet_new(&export.sheet) < 0)
		r = fail("out of memory");
	if (r == 0)
		r = play();
	return r == 0 ? finish() : r;
}

static int
read_arguments(int count, char **words)
{
	for (int i = 1; i < count; i++) {
		if (strcmp(words[i], "--sheet") == 0)
			export.wants_sheet = true;
		else if (strcmp(words[i], "--skip-idle") == 0)
			export.skip_idle = true;
		else if (strcmp(words[i], "--video") == 0 && i + 1 < count)
			export.format = words[++i];
		else if (strcmp(words[i], "--png") == 0 && i + 1 < count &&
			 export.png_count < PNG_MOST)
			export.png_ms[export.png_count++] = (uint32_t)strtoul(words[++i], NULL, 10);
		else
			return fail("sekisho-export is started by sekisho-admin recording export");
	}
	return 0;
}

static int
prepare(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (lock_down_early() < 0 || lock_down_before_threads() < 0)
		return fail("the sandbox cannot be prepared");
	movie_warm_up();
	if (recording_keys_ready() < 0 || playback_warm_up() < 0)
		return fail("libfreerdp or libsodium cannot be used");
	return lock_down(LOCK_DOWN_PLAYER) < 0 ? fail("the sandbox cannot be closed") : 0;
}

int
main(int count, char **words)
{
	int r;

	log_init("sekisho-export");
	r = read_arguments(count, words);
	if (r == 0)
		r = prepare();
	if (r == 0)
		r = make();
	movie_free(export.movie);
	sheet_free(export.sheet);
	playback_free(export.playback);
	recording_reader_free(export.reader);
	return r == 0 ? 0 : 1;
}
