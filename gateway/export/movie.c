/* A video file; see movie.h. Times are milliseconds and frames come when the picture changes: no frame is invented, and a desktop at
 * rest costs nothing. */
#include "export/movie.h"

#include "base/sentence.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IO_BYTES (1 << 16)
/* Frames between two from which a player can begin; a still picture is repeated every REST_MS, so that there are some. */
#define KEYFRAME_EVERY 120
#define REST_MS 10000

struct movie {
	int fd;
	AVFormatContext *format;
	AVIOContext *io;
	AVCodecContext *codec;
	AVStream *stream;
	AVFrame *frame;
	AVPacket *packet;
	struct SwsContext *scaler;
	uint16_t from_width, from_height; /* what the scaler takes … */
	uint16_t to_width, to_height;     /* … what it makes of it */
	uint16_t left, top;               /* … and where that lies */
	int64_t last_ms;                  /* of the last frame; -1: none yet */
	bool header_written;
};

/* What libavformat calls back with. */
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t io_byte;
#else
typedef uint8_t io_byte;
#endif

static int
on_write(void *opaque, io_byte *bytes, int len)
{
	const struct movie *movie = opaque;
	int done = 0;

	while (done < len) {
		ssize_t written = write(movie->fd, bytes + done, (size_t)(len - done));

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return AVERROR(errno);
		done += (int)written;
	}
	return len;
}

static int64_t
on_seek(void *opaque, int64_t offset, int whence)
{
	const struct movie *movie = opaque;
	off_t at;

	if ((whence & AVSEEK_SIZE) != 0)
		return AVERROR(ENOSYS);
	at = lseek(movie->fd, (off_t)offset, whence & ~AVSEEK_FORCE);
	return at < 0 ? AVERROR(errno) : at;
}

void
movie_warm_up(void)
{
	av_log_set_level(AV_LOG_QUIET);
	(void)avcodec_find_encoder_by_name("libx264");
}

static const AVCodec *
choose_codec(const char *format)
{
	const AVCodec *codec = NULL;

	if (strcmp(format, "webm") != 0)
		codec = avcodec_find_encoder_by_name("libx264");
	return codec != NULL ? codec : avcodec_find_encoder_by_name("libvpx-vp9");
}

static int
open_codec(struct movie *movie, const AVCodec *codec, uint16_t width, uint16_t height)
{
	AVCodecContext *context = avcodec_alloc_context3(codec);

	movie->codec = context;
	if (context == NULL)
		return -ENOMEM;
	/* Even: colours are at half the size. */
	context->width = (width + 1) & ~1;
	context->height = (height + 1) & ~1;
	context->pix_fmt = AV_PIX_FMT_YUV420P;
	context->color_range = AVCOL_RANGE_MPEG;
	context->colorspace = AVCOL_SPC_BT709;
	context->color_primaries = AVCOL_PRI_BT709;
	context->color_trc = AVCOL_TRC_BT709;
	context->time_base = (AVRational){1, 1000};
	context->framerate = (AVRational){10, 1};
	context->gop_size = KEYFRAME_EVERY;
	context->thread_count = 1; /* the sandbox lets nothing be started */
	if ((movie->format->oformat->flags & AVFMT_GLOBALHEADER) != 0)
		context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	if (codec->id == AV_CODEC_ID_H264) {
		(void)av_opt_set(context->priv_data, "preset", "veryfast", 0);
		(void)av_opt_set(context->priv_data, "crf", "23", 0);
	} else {
		(void)av_opt_set(context->priv_data, "deadline", "realtime", 0);
		(void)av_opt_set_int(context->priv_data, "cpu-used", 7, 0);
		(void)av_opt_set(context->priv_data, "crf", "30", 0);
		context->bit_rate = 0;
	}
	return avcodec_open2(context, codec, NULL) < 0 ? -EINVAL : 0;
}

static int
open_format(struct movie *movie, const char *format)
{
	uint8_t *room;

	if (avformat_alloc_output_context2(&movie->format, NULL, format, NULL) < 0)
		return -EINVAL;
	room = av_malloc(IO_BYTES);
	movie->io = room == NULL
			    ? NULL
			    : avio_alloc_context(room, IO_BYTES, 1, movie, NULL, on_write, on_seek);
	if (movie->io == NULL) {
		av_free(room);
		return -ENOMEM;
	}
	movie->format->pb = movie->io;
	movie->format->flags |=
		AVFMT_FLAG_BITEXACT; /* nothing of this machine stands in the file */
	movie->stream = avformat_new_stream(movie->format, NULL);
	return movie->stream == NULL ? -ENOMEM : 0;
}

/* What the file said. */
static int
write_error(const struct movie *movie)
{
	return movie->io->error < 0 ? -AVUNERROR(movie->io->error) : -EIO;
}

static int
begin(struct movie *movie)
{
	if (avcodec_parameters_from_context(movie->stream->codecpar, movie->codec) < 0)
		return -EINVAL;
	movie->stream->time_base = movie->codec->time_base;
	if (avformat_write_header(movie->format, NULL) < 0)
		return write_error(movie);
	movie->header_written = true;
	movie->packet = av_packet_alloc();
	movie->frame = av_frame_alloc();
	if (movie->packet == NULL || movie->frame == NULL)
		return -ENOMEM;
	movie->frame->format = movie->codec->pix_fmt;
	movie->frame->width = movie->codec->width;
	movie->frame->height = movie->codec->height;
	return av_frame_get_buffer(movie->frame, 0) < 0 ? -ENOMEM : 0;
}

int
movie_new(int fd, const char *format, uint16_t width, uint16_t height, struct movie **ret_movie,
	const char **ret_why)
{
	const AVCodec *codec = choose_codec(format);
	struct movie *movie = calloc(1, sizeof(*movie));
	int r = movie == NULL ? -ENOMEM : 0;

	*ret_why = "out of memory";
	if (r == 0 && codec == NULL) {
		*ret_why = "this libavcodec makes neither H.264 nor VP9";
		r = -ENOSYS;
	}
	if (r == 0) {
		movie->fd = fd;
		movie->last_ms = -1;
		r = open_format(movie, format);
	}
	if (r == 0) {
		*ret_why = "the encoder cannot be opened";
		r = open_codec(movie, codec, width, height);
	}
	if (r == 0) {
		*ret_why = N_("the video cannot be written");
		r = begin(movie);
	}
	if (r < 0) {
		movie_free(movie);
		return r;
	}
	*ret_movie = movie;
	return 0;
}

void
movie_free(struct movie *movie)
{
	if (movie == NULL)
		return;
	sws_freeContext(movie->scaler);
	av_frame_free(&movie->frame);
	av_packet_free(&movie->packet);
	avcodec_free_context(&movie->codec);
	if (movie->io != NULL)
		av_freep(&movie->io->buffer);
	avio_context_free(&movie->io);
	avformat_free_context(movie->format);
	free(movie);
}

static void
paint_black(AVFrame *frame)
{
	for (int y = 0; y < frame->height; y++)
		memset(frame->data[0] + y * frame->linesize[0], 16, (size_t)frame->width);
	for (int plane = 1; plane < 3; plane++)
		for (int y = 0; y < frame->height / 2; y++)
			memset(frame->data[plane] + y * frame->linesize[plane], 128,
				(size_t)frame->width / 2);
}

/* As large as it fits, never larger than it is, in the middle; all even. */
static void
fit(struct movie *movie, uint16_t width, uint16_t height)
{
	uint32_t room_w = (uint32_t)movie->codec->width, room_h = (uint32_t)movie->codec->height;
	uint32_t to_w = width, to_h = height;

	if (to_w > room_w) {
		to_h = to_h * room_w / to_w;
		to_w = room_w;
	}
	if (to_h > room_h) {
		to_w = to_w * room_h / to_h;
		to_h = room_h;
	}
	movie->from_width = width;
	movie->from_height = height;
	movie->to_width = (uint16_t)(to_w < 2 ? 2 : to_w & ~1u);
	movie->to_height = (uint16_t)(to_h < 2 ? 2 : to_h & ~1u);
	movie->left = (uint16_t)(((room_w - movie->to_width) / 2) & ~1u);
	movie->top = (uint16_t)(((room_h - movie->to_height) / 2) & ~1u);
}

static int
take_size(struct movie *movie, uint16_t width, uint16_t height)
{
	if (movie->scaler != NULL && movie->from_width == width && movie->from_height == height)
		return 0;
	sws_freeContext(movie->scaler);
	fit(movie, width, height);
	movie->scaler =
		sws_getContext(width, height, AV_PIX_FMT_BGR0, movie->to_width, movie->to_height,
			movie->codec->pix_fmt, SWS_AREA | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (movie->scaler == NULL)
		return -ENOMEM;
	(void)sws_setColorspaceDetails(movie->scaler, sws_getCoefficients(SWS_CS_DEFAULT), 1,
		sws_getCoefficients(SWS_CS_ITU709), 0, 0, 1 << 16, 1 << 16);
	return 0;
}

static int
drain(struct movie *movie, const AVFrame *frame)
{
	int r = avcodec_send_frame(movie->codec, frame);

	if (r < 0)
		return -EIO;
	while ((r = avcodec_receive_packet(movie->codec, movie->packet)) >= 0) {
		av_packet_rescale_ts(
			movie->packet, movie->codec->time_base, movie->stream->time_base);
		movie->packet->stream_index = 0;
		if (av_interleaved_write_frame(movie->format, movie->packet) < 0)
			return write_error(movie);
	}
	return r == AVERROR(EAGAIN) || r == AVERROR_EOF ? 0 : -EIO;
}

static int
put(struct movie *movie, int64_t at_ms)
{
	movie->frame->pts = at_ms;
	movie->last_ms = at_ms;
	return drain(movie, movie->frame);
}

/* The picture before this one stays on the screen: for a player that begins in the middle of its time. */
static int
rest(struct movie *movie, int64_t until_ms)
{
	int r = 0;

	while (r == 0 && movie->last_ms >= 0 && until_ms - movie->last_ms > REST_MS)
		r = put(movie, movie->last_ms + REST_MS);
	return r;
}

int
movie_add(struct movie *movie, const struct decoder_picture *picture, int64_t at_ms)
{
	const uint8_t *const from[4] = {picture->pixels};
	const int from_stride[4] = {(int)picture->stride};
	uint8_t *to[4] = {0};
	int r;

	if (at_ms <= movie->last_ms)
		return 0;
	r = rest(movie, at_ms);
	if (r == 0)
		r = take_size(movie, picture->width, picture->height);
	if (r == 0 && av_frame_make_writable(movie->frame) < 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (movie->to_width != movie->codec->width || movie->to_height != movie->codec->height)
		paint_black(movie->frame);
	to[0] = movie->frame->data[0] + movie->top * movie->frame->linesize[0] + movie->left;
	for (int plane = 1; plane < 3; plane++)
		to[plane] = movie->frame->data[plane] +
			    movie->top / 2 * movie->frame->linesize[plane] + movie->left / 2;
	sws_scale(movie->scaler, from, from_stride, 0, picture->height, to, movie->frame->linesize);
	return put(movie, at_ms);
}

int
movie_finish(struct movie *movie, int64_t at_ms)
{
	int r = rest(movie, at_ms);

	if (r == 0 && movie->last_ms >= 0 && at_ms > movie->last_ms)
		r = put(movie, at_ms);
	if (r == 0)
		r = drain(movie, NULL);
	if (r == 0 && av_write_trailer(movie->format) < 0)
		r = write_error(movie);
	avio_flush(movie->io);
	return r == 0 && movie->io->error < 0 ? write_error(movie) : r;
}
