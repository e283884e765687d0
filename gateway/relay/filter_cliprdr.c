/* The filter of the clipboard (MS-RDPECLIP): by direction, and text apart from everything else.
 *
 * Each side offers formats; the other asks for one of them, and for files in pieces. An offer goes through with those formats
 * alone that the rights open in its direction, and may be empty; what was not let through is not there for whoever asks for
 * it. An answer that nobody is waiting for is thrown away.
 *
 * Files are told as they are fetched (clipboard_files.c).
 */
#include "relay/channel_filter.h"

#include "base/cleanup.h"
#include "rdp/cliprdr.h"
#include "relay/clipboard_files.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX (64 * 1024) /* bytes in an offer; office programs offer some fifty formats */
#define FORMATS_MOST 128
#define REQUESTS_MOST 16 /* under way at once, for data */

/* The clipboard of one side: what the other may have of it. */
struct clipboard {
	bool long_names; /* it can */
	bool offered; /* its first offer has gone through: with that a host's initialization ends */
	size_t format_count;
	uint32_t formats[FORMATS_MOST]; /* let through */
	uint32_t files_format;          /* FileGroupDescriptorW among them; 0: none */
	/* What the other side waits for, oldest first: is it the list of files? */
	bool waiting[REQUESTS_MOST];
	size_t waiting_count;
	uint32_t contents_waiting;
	struct clipboard_files files;
};

struct clipboards {
	struct clipboard of[2]; /* SIDE_CLIENT, SIDE_HOST */
};

/* What leaves the clipboard of a side. */
static const struct {
	uint32_t text;
	uint32_t others;
	enum file_move move;
} ways[2] = {
	[SIDE_CLIENT] = {SESSION_RIGHT_CLIPBOARD_IN, SESSION_RIGHT_CLIPBOARD_FILES_IN,
		FILE_MOVE_IN},
	[SIDE_HOST] = {SESSION_RIGHT_CLIPBOARD_OUT, SESSION_RIGHT_CLIPBOARD_FILES_OUT,
		FILE_MOVE_OUT},
};

static void
free_state(void *state)
{
	struct clipboards *clipboards = state;

	clipboard_files_done(&clipboards->of[SIDE_CLIENT].files);
	clipboard_files_done(&clipboards->of[SIDE_HOST].files);
	free(clipboards);
}

static struct clipboard *
of(const struct channel_filter *filter, enum side side)
{
	return &((struct clipboards *)filter->state)->of[side];
}

static bool
may_files(const struct channel_filter *filter, enum side owner)
{
	return channel_filter_may(filter, ways[owner].others);
}

/* Judging by the head */

static enum filter_verdict
if_any_files(const struct channel_filter *filter)
{
	return may_files(filter, SIDE_CLIENT) || may_files(filter, SIDE_HOST) ? FILTER_PASS
									      : FILTER_DROP;
}

/* What comes for the oldest request that is waiting. */
static enum filter_verdict
judge_data(struct clipboard *clipboard, bool ok)
{
	bool files;

	if (clipboard->waiting_count == 0)
		return FILTER_DROP;
	files = clipboard->waiting[0];
	clipboard->waiting_count--;
	memmove(clipboard->waiting, clipboard->waiting + 1,
		clipboard->waiting_count * sizeof(clipboard->waiting[0]));
	if (!files || !ok)
		return FILTER_PASS;
	clipboard_files_begin(&clipboard->files);
	return FILTER_WATCH;
}

static enum filter_verdict
judge_contents(struct clipboard *clipboard)
{
	if (clipboard->contents_waiting == 0)
		return FILTER_DROP;
	clipboard->contents_waiting--;
	return FILTER_PASS;
}

static enum filter_verdict
judge(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct cliprdr_head head;

	if (filter->state == NULL)
		filter->state = calloc(1, sizeof(struct clipboards));
	if (filter->state == NULL) {
		pdu->why = "no memory for a clipboard";
		return FILTER_BAD;
	}
	if (cliprdr_head_parse(pdu->bytes, pdu->have, pdu->total, &head, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	switch (head.type) {
	case CLIPRDR_CAPS:
	case CLIPRDR_FORMAT_LIST:
	case CLIPRDR_DATA_REQUEST:
	case CLIPRDR_CONTENTS_REQUEST:
	case CLIPRDR_LOCK:
	case CLIPRDR_UNLOCK:
		return FILTER_WHOLE;
	case CLIPRDR_MONITOR_READY:
	case CLIPRDR_FORMAT_LIST_RESPONSE:
		return FILTER_PASS;
	case CLIPRDR_DATA_RESPONSE:
		return judge_data(of(filter, pdu->from), head.ok);
	case CLIPRDR_CONTENTS_RESPONSE:
		return judge_contents(of(filter, pdu->from));
	case CLIPRDR_TEMP_DIRECTORY:
		return if_any_files(filter);
	default:
		return FILTER_DROP;
	}
}

/* Settling what is whole */

static enum filter_verdict
settle_caps(struct channel_filter *filter, struct filter_pdu *pdu, const struct cliprdr_head *head)
{
	uint32_t clear = if_any_files(filter) == FILTER_PASS ? 0 : CLIPRDR_FILE_FLAGS;
	uint32_t flags;

	if (cliprdr_caps_parse(pdu->bytes, head, clear, &flags, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	of(filter, pdu->from)->long_names = (flags & CLIPRDR_LONG_NAMES) != 0;
	return FILTER_PASS;
}

/* Into the list that goes through, and into our own. */
static void
let_through(struct clipboard *clipboard, const struct cliprdr_format *format,
	struct bytes_writer *writer, bool long_names)
{
	if (clipboard->format_count == FORMATS_MOST)
		return;
	clipboard->formats[clipboard->format_count++] = format->id;
	if (format->files)
		clipboard->files_format = format->id;
	cliprdr_format_write(writer, format, long_names);
}

/* Where nothing may go that way: an offer that went through, even an empty one, would take from the other side's clipboard
 * what is in it. */
static enum filter_verdict
take_offer_in_stead(struct channel_filter *filter, enum side from)
{
	uint8_t room[CLIPRDR_HEAD_LEN];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	cliprdr_head_write(&writer, CLIPRDR_FORMAT_LIST_RESPONSE, true, false, 0);
	channel_filter_send(filter, from, room, writer.len);
	return FILTER_DROP;
}

static enum filter_verdict
settle_list(struct channel_filter *filter, struct filter_pdu *pdu, const struct cliprdr_head *head)
{
	struct clipboard *clipboard = of(filter, pdu->from);
	bool long_names = of(filter, SIDE_CLIENT)->long_names && of(filter, SIDE_HOST)->long_names;
	auto_free uint8_t *room = malloc(pdu->total);
	struct bytes_writer writer, whole;
	struct cliprdr_format format;
	struct cliprdr_list list;

	if (clipboard->offered &&
		!channel_filter_may(filter, ways[pdu->from].text | ways[pdu->from].others))
		return take_offer_in_stead(filter, pdu->from);
	if (room == NULL) {
		pdu->why = "no memory for a clipboard's formats";
		return FILTER_BAD;
	}
	clipboard->offered = true;
	clipboard->format_count = 0;
	clipboard->files_format = 0;
	clipboard_files_renew(&clipboard->files);
	/* Text is written without name, so that no list becomes longer than it was. */
	bytes_writer_init(&writer, room + CLIPRDR_HEAD_LEN, pdu->total - CLIPRDR_HEAD_LEN);
	cliprdr_list_begin(&list, pdu->bytes, head, long_names);
	while (cliprdr_list_next(&list, &format))
		if (channel_filter_may(
			    filter, format.text ? ways[pdu->from].text : ways[pdu->from].others))
			let_through(clipboard, &format, &writer, long_names);
	bytes_writer_init(&whole, room, CLIPRDR_HEAD_LEN);
	cliprdr_head_write(&whole, CLIPRDR_FORMAT_LIST, false, head->ascii, (uint32_t)writer.len);
	channel_filter_send(filter, other_side(pdu->from), room, CLIPRDR_HEAD_LEN + writer.len);
	return FILTER_DROP;
}

static bool
is_offered(const struct clipboard *clipboard, uint32_t format)
{
	for (size_t i = 0; i < clipboard->format_count; i++)
		if (clipboard->formats[i] == format)
			return true;
	return false;
}

static enum filter_verdict
settle_data_request(
	struct channel_filter *filter, struct filter_pdu *pdu, const struct cliprdr_head *head)
{
	struct clipboard *clipboard = of(filter, other_side(pdu->from));
	uint8_t room[CLIPRDR_FAIL_MAX];
	struct bytes_writer writer;
	uint32_t format;

	if (cliprdr_number_parse(pdu->bytes, head, &format, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	if (is_offered(clipboard, format) && clipboard->waiting_count < REQUESTS_MOST) {
		clipboard->waiting[clipboard->waiting_count++] =
			format != 0 && format == clipboard->files_format;
		return FILTER_PASS;
	}
	bytes_writer_init(&writer, room, sizeof(room));
	cliprdr_data_fail_write(&writer);
	channel_filter_send(filter, pdu->from, room, writer.len);
	return FILTER_DROP;
}

static enum filter_verdict
settle_contents_request(
	struct channel_filter *filter, struct filter_pdu *pdu, const struct cliprdr_head *head)
{
	enum side owner = other_side(pdu->from);
	struct cliprdr_contents_request request;
	uint8_t room[CLIPRDR_FAIL_MAX];
	struct bytes_writer writer;

	if (cliprdr_contents_request_parse(pdu->bytes, head, &request, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	if (may_files(filter, owner)) {
		of(filter, owner)->contents_waiting++;
		clipboard_files_fetch(
			&of(filter, owner)->files, &request, ways[owner].move, filter->news);
		return FILTER_PASS;
	}
	bytes_writer_init(&writer, room, sizeof(room));
	cliprdr_contents_fail_write(&writer, request.stream);
	channel_filter_send(filter, pdu->from, room, writer.len);
	return FILTER_DROP;
}

/* The other side's clipboard is to stay as it is until it has been fetched. */
static enum filter_verdict
settle_lock(struct channel_filter *filter, struct filter_pdu *pdu, const struct cliprdr_head *head)
{
	enum side owner = other_side(pdu->from);
	uint32_t lock;

	if (cliprdr_number_parse(pdu->bytes, head, &lock, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	if (!may_files(filter, owner))
		return FILTER_DROP;
	if (head->type == CLIPRDR_LOCK)
		clipboard_files_lock(&of(filter, owner)->files, lock);
	else
		clipboard_files_unlock(&of(filter, owner)->files, lock);
	return FILTER_PASS;
}

static enum filter_verdict
settle(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct cliprdr_head head;

	if (cliprdr_head_parse(pdu->bytes, pdu->total, pdu->total, &head, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	switch (head.type) {
	case CLIPRDR_CAPS:
		return settle_caps(filter, pdu, &head);
	case CLIPRDR_FORMAT_LIST:
		return settle_list(filter, pdu, &head);
	case CLIPRDR_DATA_REQUEST:
		return settle_data_request(filter, pdu, &head);
	case CLIPRDR_CONTENTS_REQUEST:
		return settle_contents_request(filter, pdu, &head);
	default: /* CLIPRDR_LOCK, CLIPRDR_UNLOCK */
		return settle_lock(filter, pdu, &head);
	}
}

/* Only lists of files are watched. */
static void
watch(struct channel_filter *filter, enum side from, const uint8_t *bytes, size_t len)
{
	clipboard_files_watch(&of(filter, from)->files, bytes, len);
}

const struct channel_filter_ops filter_cliprdr = {
	.head_len = CLIPRDR_HEAD_LEN,
	.whole_max = LIST_MAX,
	.judge = judge,
	.settle = settle,
	.watch = watch,
	.free_state = free_state,
};
