/* The filter of the client's devices (MS-RDPEFS): what the rights do not open is taken out of the list that the host is told,
 * and what the host asks of a device that it was not told of is refused in the client's stead. On drives, what writes and
 * what reads is judged request by request.
 *
 * Files are told by drive_files.c.
 */
#include "relay/channel_filter.h"

#include "base/cleanup.h"
#include "relay/drive_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANNOUNCE_MAX (256 * 1024) /* printers bring their settings along */
#define DEVICES_MOST 64

struct device {
	uint32_t id;
	uint32_t type;
	char name[9];
};

struct devices {
	size_t device_count;
	struct device devices[DEVICES_MOST];
	struct drive_files *files; /* NULL until a drive is asked something */
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

/* What a host may ask of each kind (MS-RDPEFS, MS-RDPEPC 2.2.2.1, MS-RDPESC 1.4), with all of `rights`; what is not here is
 * refused. */
static const struct {
	uint32_t type;
	uint32_t function;
	uint32_t rights;
} functions[] = {
	{RDPDR_DRIVE, RDPDR_CREATE, 0}, /* see settle_create */
	{RDPDR_DRIVE, RDPDR_CLOSE, 0},
	{RDPDR_DRIVE, RDPDR_READ, SESSION_RIGHT_DRIVES_IN},
	{RDPDR_DRIVE, RDPDR_WRITE, SESSION_RIGHT_DRIVES_OUT},
	{RDPDR_DRIVE, RDPDR_QUERY_INFORMATION, 0},
	{RDPDR_DRIVE, RDPDR_SET_INFORMATION, SESSION_RIGHT_DRIVES_OUT},
	{RDPDR_DRIVE, RDPDR_QUERY_VOLUME, 0},
	{RDPDR_DRIVE, RDPDR_SET_VOLUME, SESSION_RIGHT_DRIVES_OUT},
	{RDPDR_DRIVE, RDPDR_DIRECTORY, 0},
	{RDPDR_DRIVE, RDPDR_CONTROL, SESSION_RIGHTS_DRIVES},
	{RDPDR_DRIVE, RDPDR_LOCK, 0},
	{RDPDR_PRINTER, RDPDR_CREATE, 0},
	{RDPDR_PRINTER, RDPDR_WRITE, 0},
	{RDPDR_PRINTER, RDPDR_CLOSE, 0},
	{RDPDR_SMARTCARD, RDPDR_CONTROL, 0},
};

static void
finish(struct channel_filter *filter)
{
	struct devices *all = filter->state;

	if (all != NULL && all->files != NULL)
		drive_files_finish(all->files);
}

static void
free_state(void *state)
{
	drive_files_free(((struct devices *)state)->files);
	free(state);
}

static struct device *
find_device(struct devices *all, uint32_t id)
{
	for (size_t i = 0; i < all->device_count; i++)
		if (all->devices[i].id == id)
			return &all->devices[i];
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

static void
forget_device(struct devices *all, uint32_t id)
{
	struct device *device = find_device(all, id);

	if (device == NULL)
		return;
	if (all->files != NULL)
		drive_files_close_device(all->files, id);
	*device = all->devices[--all->device_count];
}

/* An id that is announced again is another device from now on. */
static bool
know_device(struct channel_filter *filter, const struct rdpdr_device *announced)
{
	struct devices *all = filter->state;
	struct device *device;

	forget_device(all, announced->id);
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
function_may(const struct channel_filter *filter, uint32_t type, uint32_t function)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].type == type && functions[i].function == function)
			return (functions[i].rights & ~filter->rights) == 0;
	return false;
}

/* A request to a drive goes on, unless it could move what nobody would tell. path: of CREATE, or NULL. */
static enum filter_verdict
ask_drive(struct channel_filter *filter, const struct rdpdr_request *request, const char *path)
{
	struct devices *all = filter->state;

	if (all->files == NULL)
		all->files = calloc(1, sizeof(*all->files));
	if (all->files == NULL)
		return deny(filter, request);
	all->files->news = filter->news;
	return drive_files_ask(all->files, request, path) ? FILTER_PASS : deny(filter, request);
}

static enum filter_verdict
judge_request(struct channel_filter *filter, struct filter_pdu *pdu)
{
	const struct device *device;
	struct rdpdr_request request;

	if (rdpdr_request_parse(pdu->bytes, pdu->have, &request, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	device = find_device(filter->state, request.device);
	if (device == NULL || !function_may(filter, device->type, request.function))
		return deny(filter, &request);
	if (device->type != RDPDR_DRIVE)
		return FILTER_PASS;
	return request.function == RDPDR_CREATE ? FILTER_WHOLE : ask_drive(filter, &request, NULL);
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
	return ask_drive(filter, &request, path);
}

/* What the client says */

/* Of a drive, what was asked; of the others, what it likes. */
static enum filter_verdict
judge_completion(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct devices *all = filter->state;
	const struct device *device;
	struct rdpdr_completion done;

	if (rdpdr_completion_parse(pdu->bytes, pdu->have, &done, &pdu->why) != PARSE_OK)
		return FILTER_BAD;
	if (all->files != NULL && drive_files_answer(all->files, &done))
		return FILTER_PASS;
	device = find_device(all, done.device);
	return device != NULL && device->type != RDPDR_DRIVE ? FILTER_PASS : FILTER_DROP;
}

static enum filter_verdict
settle_remove(struct channel_filter *filter, struct filter_pdu *pdu)
{
	struct rdpdr_list list;
	uint32_t id;

	rdpdr_removed_begin(&list, pdu->bytes, pdu->total);
	while (rdpdr_removed_next(&list, &id))
		forget_device(filter->state, id);
	if (!list.reader.failed)
		return FILTER_PASS;
	pdu->why = "a list of removed devices that is cut off";
	return FILTER_BAD;
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
	case RDPDR_DEVICES_REMOVE:
		return FILTER_WHOLE;
	case RDPDR_IO_COMPLETION:
		return judge_completion(filter, pdu);
	case RDPDR_CLIENTID_CONFIRM:
	case RDPDR_CLIENT_NAME:
	case RDPDR_CLIENT_CAPABILITY:
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
	if (pdu->from == SIDE_HOST)
		return settle_create(filter, pdu);
	return rdpdr_kind_of(pdu->bytes, pdu->total) == RDPDR_DEVICES_REMOVE
		       ? settle_remove(filter, pdu)
		       : settle_announce(filter, pdu);
}

const struct channel_filter_ops filter_rdpdr = {
	.head_len = RDPDR_REQUEST_LEN + 4, /* with the length of READ and WRITE */
	.whole_max = ANNOUNCE_MAX,
	.judge = judge,
	.settle = settle,
	.finish = finish,
	.free_state = free_state,
};
