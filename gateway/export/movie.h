/* A video file of pictures with their times: H.264 where libavcodec has it, else VP9. In sekisho-export, inside its sandbox.
 */
#ifndef EXPORT_MOVIE_H
#define EXPORT_MOVIE_H

#include "playback/decoder.h"

#include <stdint.h>

struct movie;

/* Warms up what opens files: once, before the sandbox closes. */
void movie_warm_up(void);

/* format: "matroska", "mp4" or "webm". fd: borrowed, a new file. Every picture is fitted into width × height. Returns 0 or a negative
 * errno; *ret_why is a literal on every failure. */
int movie_new(int fd, const char *format, uint16_t width, uint16_t height, struct movie **ret_movie,
	const char **ret_why);

/* The picture is on the screen from this time on; times rise. 0 or a negative errno. */
int movie_add(struct movie *movie, const struct decoder_picture *picture, int64_t at_ms);

/* The last picture stays until then; the file is whole. 0 or a negative errno. */
int movie_finish(struct movie *movie, int64_t at_ms);

/* Accepts NULL. */
void movie_free(struct movie *movie);

#endif
