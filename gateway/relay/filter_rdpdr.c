/* The filter of the client's devices (MS-RDPEFS): what the rights do not open is taken out of the list that the host is told,
 * and what the host asks of a device that it was not told of is refused in the client's stead. On drives, what writes and
 * what reads is judged request by request.
 *
 * Files are told when they are closed (or the session ends), with the bytes that were read and written.
 */
#include "relay/channel_filter.h"

#include "base/cleanup.h"
#include "rdp/rdpdr.h"
#include "relay/file_news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANNOUNCE_MAX (256 * 1024) /* printers bring their settings along */
#define DEVICES_MOST 64
#define FILES_MOST 256
#define REQUESTS_MOST 256

struct device {
	uint32_t id;
	uint32_t type;
	char name[9];
};

struct open_file {
	uint32_t device;
	uint32_t id;
	char *path; /* owned */
	uint64_t read;
	uint64_t written;
};

/* What is asked of a drive, until its answer comes. */
struct request {
	uint32_t device;
	uint32_t completion;
	uint32_t function;
	uint32_t file;
	char *path; /* of CREATE; owned */
};

struct devices {
	size_t device_count, file_count, request_count;
	struct device devices[DEVICES_MOST];
	struct open_file files[FILES_MOST];
	struct request requests[REQUESTS_MOST];
};

/* Which rights let a device through. */
static const struct {
	uint32_t type;
	uint32_t rights;
} types[] = {
	{RDPDR_DRIVE, SESSION_RIGHTS_DRIVES},
	{RDPDR_PRINTER, SESSION_RIGHT_PRINTER},
	{RDPDR_SMARTCARD, SESSION_RIGHT_SMARTCARD},
};

/* Which of them let a drive be asked: all of `rights`; what is not here is refused. */
static const struct {
	uint32_t function;
	uint32_t rights;
} functions[] = {
	{RDPDR_CREATE, 0}, /* see settle_create */
	{RDPDR_CLOSE, 0},
	{RDPDR_READ, SESSION_RIGHT_DRIVES_IN},
	{RDPDR_WRITE, SESSION_RIGHT_DRIVES_OUT},
	{RDPDR_QUERY_INFORMATION, 0},
	{RDPDR_SET_INFORMATION, SESSION_RIGHT_DRIVES_OUT},
	{RDPDR_QUERY_VOLUME, 0},
	{RDPDR_SET_VOLUME, SESSION_RIGHT_DRIVES_OUT},
	{RDPDR_DIRECTORY, 0},
	{RDPDR_CONTROL, SESSION_RIGHTS_DRIVES},
	{RDPDR_LOCK, 0},
};

static void
tell_file(struct channel_filter *filter, struct open_file *file)
{
	if (filter->news != NULL && file->read > 0)
		file_news_add(filter->news, FILE_MOVE_IN, FILE_BY_DRIVE, file->path, file->read);
	if (filter->news != NULL && file->written > 0)
		file_news_add(
			filter->news, FILE_MOVE_OUT, FILE_BY_DRIVE, file->path, file->written);
}

static void
drop_file(struct devices *all, struct open_file *file)
{
	free(file->path);
	*file = all->files[--all->file_count];
}

static void
drop_request(struct devices *all, struct request *request)
{
	free(request->path);
	*request = all->requests[--all->request_count];
}

static void
finish(struct channel_filter *filter)
{
	struct devices *all = filter->state;

	for (size_t i = 0; all != NULL && i < all->file_count; i++)
		tell_file(filter, &all->files[i]);
}

static void
free_state(void *state)
{
	struct devices *all = state;

	if (all == NULL)
		return;
	while (all->file_count > 0)
		drop_file(all, &all->files[0]);
	while (all->request_count > 0)
		drop_request(all, &all->requests[0]);
	free(all);
}

static struct device *
find_device(struct devices *all, uint32_t id)
{
	for (size_t i = 0; i < all->device_count; i++)
		if (all->devices[i].id == id)
			return &all->devices[i];
	return NULL;
}

static struct open_file *
find_file(struct devices *all, uint32_t device, uint32_t id)
{
	for (size_t i = 0; i < all->file_count; i++)
		if (all->files[i].device == device && all->files[i].id == id)
			return &all->files[i];
	return NULL;
}

/* The list of devices */

static bool
type_may(const struct channel_filter *filter, uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return channel_filter_may(filter, types[i].rights);
	return false;
}

/* An id that is announced again is another device from now on. */
static bool
know_device(struct channel_filter *filter, const struct rdpdr_device *announced)
{
	struct devices *all = filter->state;
	struct device *device = find_device(all, announced->id);

	if (device != NULL)
		*device = all->devices[--all->device_count];
	if (!type_may(filter, announced->type) || all->device_count == DEVICES_MOST)
		return false;
	device = &all->devices[all->device_count++];
	*device = (struct device){.id = announced->id, .type = announced->type};
	memcpy(device->name, announced->name, sizeof(device->name));
	return true;
}

static enum filter_verdict
settle_announce(struct channel_filter *filter, struct filter_pdu *pdu)
{
	auto_free uint8_t *room = malloc(pdu->total);
	struct bytes_writer writer;
	struct rdpdr_device device;
	struct rdpdr_list list;
	uint32_t count = 0;

	if (room == NULL) {
		pdu->why = "no memory for a list of devices";
		return FILTER_BAD;
	}
	bytes_writer_init(&writer, room, pdu->total);
	bytes_write(&writer, pdu->bytes, RDPDR_HEAD_LEN);
	bytes_write_u32le(&writer, 0);
	rdpdr_list_begin(&list, pdu->bytes, pdu->total);
	while (rdpdr_list_next(&list, &device)) {
		if (!know_device(filter, &device))
			continue;
		bytes_write(&writer, device.entry.at, device.entry.len);
		count++;
	}
	if (list.reader.failed || writer.failed) {
		pdu->why = "a list of devices that is cut off";
		return FILTER_BAD;
	}
	bytes_put_u32le(room + RDPDR_HEAD_LEN, count);
	if (count > 0)
		channel_filter_send(filter, SIDE_HOST, room, writer.len);
	return FILTER_DROP;
}

/* What the host asks */

static enum filter_verdict
deny(struct channel_filter *filter, const struct rdpdr_request *request)
{
	uint8_t room[RDPDR_DENIED_LEN];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	rdpdr_denied_write(&writer, request);
	channel_filter_send(filter, SIDE_HOST, room, writer.len);
	return FILTER_DROP;
}

static bool
function_may(const struct channel_filter *filter, uint32_t function)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].function == function)
			return (functions[i].rights & ~filter->rights) == 0;
	return false;
}

/* What is asked and never answered gives its place to what comes later. */
static void
await(struct devices *all, const struct rdpdr_request *asked, char *path)
{
	if (all->request_count == REQUESTS_MOST)
		drop_request(all, &all->requests[0]);
	all->requests[all->request_count++] = (struct request){
		.device = asked->device,
		.completion = asked->completion,
		.function = asked->function,
		.file = asked->file,
		.path = path,
	};
}

static void
close_file(struct channel_filter *filter, const struct rdpdr_request *request)
{
	struct open_file *file = find_file(filter->state, request->device, request->file);

	if (file == NULL)
		return;
	tell_file(filter, file);
	drop_file(filter->state, file);
}

static enum filter_verdict
judge_request(struct channel_filter *filter, struct filter_pdu *pdu)
{
	const struct device *device;
	struct rdpdr_request request;

	if (rdpdr_request_parse(pdu->bytes, pdu->have, &request, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	device = find_device(filter->state, request.device);
	if (device == NULL)
		return deny(filter, &request);
	if (device->type != RDPDR_DRIVE)
		return FILTER_PASS;
	if (!function_may(filter, request.function))
		return deny(filter, &request);
	if (request.function == RDPDR_CREATE)
		return FILTER_WHOLE;
	if (request.function == RDPDR_CLOSE)
		close_file(filter, &request);
	else if (request.function == RDPDR_READ || request.function == RDPDR_WRITE)
		await(filter->state, &request, NULL);
	return FILTER_PASS;
}

/* The only request that is settled whole: on a drive, and now with the file's name. */
static enum filter_verdict
settle_create(struct channel_filter *filter, struct filter_pdu *pdu)
{
	char path[sizeof(((struct device *)0)->name) + 1 + RDPDR_PATH_SIZE];
	const struct device *device;
	struct rdpdr_request request;
	struct rdpdr_create create;

	if (rdpdr_request_parse(pdu->bytes, pdu->total, &request, &pdu->why) != PARSE_OK ||
		rdpdr_create_parse(pdu->bytes, pdu->total, &create, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	device = find_device(filter->state, request.device);
	if (device == NULL ||
		(create.writes && !channel_filter_may(filter, SESSION_RIGHT_DRIVES_OUT)))
		return deny(filter, &request);
	(void)snprintf(path, sizeof(path), "%s:%s", device->name, create.path);
	await(filter->state, &request, strdup(path));
	return FILTER_PASS;
}

/* What the client answers */

static void
open_file(struct devices *all, struct request *request, uint32_t id)
{
	struct open_file *file = find_file(all, request->device, id);

	if (file != NULL)
		drop_file(all, file);
	if (all->file_count == FILES_MOST || request->path == NULL)
		return;
	all->files[all->file_count++] =
		(struct open_file){.device = request->device, .id = id, .path = request->path};
	request->path = NULL;
}

static void
count_bytes(struct devices *all, const struct request *request, uint32_t bytes)
{
	struct open_file *file = find_file(all, request->device, request->file);

	if (file == NULL)
		return;
	if (request->function == RDPDR_READ)
		file->read += bytes;
	else
		file->written += bytes;
}

static enum filter_verdict
judge_completion(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct devices *all = filter->state;
	struct rdpdr_completion done;

	if (rdpdr_completion_parse(pdu->bytes, pdu->have, &done, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	for (size_t i = 0; i < all->request_count; i++) {
		struct request *request = &all->requests[i];

		if (request->device != done.device || request->completion != done.completion)
			continue;
		if (done.status == 0 && request->function == RDPDR_CREATE)
			open_file(all, request, done.value);
		else if (done.status == 0)
			count_bytes(all, request, done.value);
		drop_request(all, request);
		break;
	}
	return FILTER_PASS;
}

static enum filter_verdict
judge_from_host(struct channel_filter *filter, struct filter_pdu *pdu, uint32_t kind)
{
	switch (kind) {
	case RDPDR_IO_REQUEST:
		return judge_request(filter, pdu);
	case RDPDR_SERVER_ANNOUNCE:
	case RDPDR_CLIENTID_CONFIRM:
	case RDPDR_SERVER_CAPABILITY:
	case RDPDR_DEVICE_REPLY:
	case RDPDR_USER_LOGGED_ON:
		return FILTER_PASS;
	case RDPDR_PRINTER_CACHE:
	case RDPDR_PRINTER_XPS:
		return channel_filter_may(filter, SESSION_RIGHT_PRINTER) ? FILTER_PASS
									 : FILTER_DROP;
	default:
		return FILTER_DROP;
	}
}

static enum filter_verdict
judge_from_client(struct channel_filter *filter, struct filter_pdu *pdu, uint32_t kind)
{
	switch (kind) {
	case RDPDR_DEVICES_ANNOUNCE:
		return FILTER_WHOLE;
	case RDPDR_IO_COMPLETION:
		return judge_completion(filter, pdu);
	case RDPDR_CLIENTID_CONFIRM:
	case RDPDR_CLIENT_NAME:
	case RDPDR_CLIENT_CAPABILITY:
	case RDPDR_DEVICES_REMOVE:
		return FILTER_PASS;
	default:
		return FILTER_DROP;
	}
}

static enum filter_verdict
judge(struct channel_filter *filter, struct filter_pdu *pdu)
{
	uint32_t kind = rdpdr_kind_of(pdu->bytes, pdu->have);

	if (kind == 0) {
		pdu->why = "a PDU of the devices without header";
		return FILTER_BAD;
	}
	if (filter->state == NULL)
		filter->state = calloc(1, sizeof(struct devices));
	if (filter->state == NULL) {
		pdu->why = "no memory for devices";
		return FILTER_BAD;
	}
	return pdu->from == SIDE_HOST ? judge_from_host(filter, pdu, kind)
				      : judge_from_client(filter, pdu, kind);
}

static enum filter_verdict
settle(struct channel_filter *filter, struct filter_pdu *pdu)
{
	return pdu->from == SIDE_HOST ? settle_create(filter, pdu) : settle_announce(filter, pdu);
}

const struct channel_filter_ops filter_rdpdr = {
	.head_len = RDPDR_REQUEST_LEN,
	.whole_max = ANNOUNCE_MAX,
	.judge = judge,
	.settle = settle,
	.finish = finish,
	.free_state = free_state,
};
