/* Reads the files of evidence when they have changed; see evidence_files.h. Supervisor, a thread of libuv's pool.
 *
 * The owners of these files write while we read: dnsmasq and OpenVPN rewrite them in place, Kea appends, renames and
 * cleans up. So the marks (inode, size, time of change) of all files of a source are taken before and after reading,
 * and reading is repeated if they differ; a last line without its end is left for the next time.
 */
#include "supervisor/evidence_files.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/whole.h"
#include "settings/settings.h"
#include "supervisor/accounting.h"
#include "supervisor/lease.h"
#include "supervisor/openvpn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READ_TRIES 4
/* A file that changed less than this before it was read may change again without a new time (a clock tick). */
#define SETTLE_MS 100
/* How far another machine's clock may be ahead of ours. */
#define FUTURE_S 60

struct text {
	char *bytes; /* NULL: the file does not exist */
	size_t len;
};

/* How a kind of source is read. `suffixes`: companions, in the order in which they are read; the settings' path is
 * where the suffix is "". `load` makes a new table out of all texts; NULL for detail, which is read on and on. */
struct evidence_format {
	enum evidence_told told;
	const char *suffixes[EVIDENCE_PATHS_MAX];
	size_t count;
	int (*load)(struct evidence_source *source, const struct text *texts,
		struct lease_table *table, int64_t now_s);
};

/* dnsmasq writes each lease once: two rows of an address contradict each other. */
static int
load_dnsmasq(struct evidence_source *source, const struct text *texts, struct lease_table *table,
	int64_t now_s)
{
	struct lease_dnsmasq reader;
	struct lease_row row;
	int r = 0;

	(void)source;
	lease_dnsmasq_init(&reader, texts[0].bytes, texts[0].len);
	while (r == 0 && lease_dnsmasq_next(&reader, &row))
		r = lease_table_add(table, &row, now_s);
	return r;
}

/* While Kea cleans its lease file up, what stands in it is spread over up to three files: .completed, or else .2 and
 * .1, then the file itself (Kea ARM, "Why Is Lease File Cleanup Necessary?"). Later rows replace earlier ones. */
static int
load_kea(struct evidence_source *source, const struct text *texts, struct lease_table *table,
	int64_t now_s)
{
	bool completed = texts[0].bytes != NULL;
	struct lease_kea reader;
	struct lease_row row;
	int r = 0;

	(void)now_s;
	for (size_t i = 0; i < source->format->count && r == 0; i++) {
		if (texts[i].bytes == NULL || (completed && (i == 1 || i == 2)))
			continue;
		lease_kea_init(&reader, texts[i].bytes, texts[i].len);
		while (r == 0 && lease_kea_next(&reader, &row))
			r = lease_table_replace(table, &row);
		if (!reader.has_header && texts[i].len > 0)
			return -EBADMSG;
	}
	return r;
}

/* The MAC address of a client of the status file; several different ones, or none: no MAC address. */
static void
find_device(const struct text *devices, const struct openvpn_client *client, struct lease_row *row)
{
	struct openvpn_devices reader;
	struct openvpn_device device;

	openvpn_devices_init(&reader, devices->bytes, devices->len);
	while (openvpn_devices_next(&reader, &device)) {
		if (device.since_s != client->since_s ||
			memcmp(device.ipv4, client->ipv4, ADDRESS_SIZE) != 0)
			continue;
		if (row->has_mac && memcmp(row->mac, device.mac, MAC_SIZE) != 0) {
			row->has_mac = false;
			return;
		}
		memcpy(row->mac, device.mac, MAC_SIZE);
		row->has_mac = true;
	}
}

static int
load_openvpn(struct evidence_source *source, const struct text *texts, struct lease_table *table,
	int64_t now_s)
{
	struct openvpn_status reader;
	struct openvpn_client client;
	int r = 0;

	openvpn_status_init(&reader, texts[0].bytes, texts[0].len);
	if (reader.problem == OPENVPN_UNFINISHED)
		return -EAGAIN;
	if (reader.problem != OPENVPN_GOOD)
		return -EBADMSG;
	while (r == 0 && openvpn_status_next(&reader, &client)) {
		struct lease_row row = {.assigned = true, .until_s = INT64_MAX};

		find_device(&texts[1], &client, &row);
		memcpy(row.address, client.ipv4, ADDRESS_SIZE);
		r = lease_table_add(table, &row, now_s);
		if (r == 0 && client.has_ipv6) {
			memcpy(row.address, client.ipv6, ADDRESS_SIZE);
			r = lease_table_add(table, &row, now_s);
		}
	}
	source->written_s = reader.written_s;
	return r;
}

static const struct evidence_format dnsmasq = {EVIDENCE_TOLD_LEASES, {""}, 1, load_dnsmasq};
static const struct evidence_format kea = {
	EVIDENCE_TOLD_LEASES, {".completed", ".2", ".1", ""}, 4, load_kea};
static const struct evidence_format openvpn = {
	EVIDENCE_TOLD_OPENVPN, {"", ".devices"}, 2, load_openvpn};
static const struct evidence_format detail = {EVIDENCE_TOLD_SESSIONS, {""}, 1, NULL};

enum evidence_told
evidence_source_told(const struct evidence_source *source)
{
	return source->format->told;
}

static struct file_mark
mark_of(const struct stat *status)
{
	return (struct file_mark){
		true, status->st_dev, status->st_ino, status->st_size, status->st_mtim};
}

static bool
marks_equal(const struct file_mark *one, const struct file_mark *other, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (one[i].exists != other[i].exists || one[i].device != other[i].device ||
			one[i].inode != other[i].inode || one[i].size != other[i].size ||
			one[i].changed.tv_sec != other[i].changed.tv_sec ||
			one[i].changed.tv_nsec != other[i].changed.tv_nsec)
			return false;
	}
	return true;
}

static int
take_marks(const struct evidence_source *source, struct file_mark *ret_marks)
{
	struct stat status;

	memset(ret_marks, 0, EVIDENCE_PATHS_MAX * sizeof(*ret_marks));
	for (size_t i = 0; i < source->format->count; i++) {
		if (stat(source->paths[i], &status) == 0)
			ret_marks[i] = mark_of(&status);
		else if (errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Opens without hanging at a FIFO that stands in a file's place. */
static int
open_file(const char *path, struct stat *ret_status)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret_status) < 0)
		return -errno;
	if (!S_ISREG(ret_status->st_mode))
		return -EINVAL;
	return take_fd(&fd);
}

/* Reads up to `most` bytes from `offset` on. Returns 0 or a negative errno. */
static int
read_bytes(int fd, off_t offset, size_t most, struct text *ret_text)
{
	auto_free char *bytes = malloc(most + 1);
	ssize_t len;

	if (bytes == NULL)
		return -ENOMEM;
	len = read_at(fd, (uint64_t)offset, bytes, most);
	if (len < 0)
		return (int)len;
	ret_text->bytes = take_pointer(&bytes);
	ret_text->len = (size_t)len;
	return 0;
}

static int
read_whole(const char *path, struct text *ret_text)
{
	struct stat status;
	auto_fd int fd = open_file(path, &status);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (status.st_size > (off_t)EVIDENCE_FILE_MAX)
		return -EFBIG;
	return read_bytes(fd, 0, (size_t)status.st_size, ret_text);
}

static void
texts_done(struct text *texts)
{
	for (size_t i = 0; i < EVIDENCE_PATHS_MAX; i++)
		free(texts[i].bytes);
}

/* One try at making a new table. */
static int
load_once(struct evidence_source *source, int64_t now_s)
{
	struct text texts[EVIDENCE_PATHS_MAX] = {0};
	struct lease_table *table = lease_table_new();
	int r = table == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < source->format->count && r == 0; i++)
		r = read_whole(source->paths[i], &texts[i]);
	if (r == 0)
		r = source->format->load(source, texts, table, now_s);
	texts_done(texts);
	if (r < 0) {
		lease_table_free(table);
		return r;
	}
	lease_table_free(source->table);
	source->table = table;
	return 0;
}

static void
keep_marks(struct evidence_source *source, const struct file_mark *marks)
{
	int64_t latest_ms = 0, now_ms = clock_now() / 1000;

	source->changed_s = 0;
	for (size_t i = 0; i < source->format->count; i++) {
		int64_t ms = marks[i].changed.tv_sec * 1000 + marks[i].changed.tv_nsec / 1000000;

		if (marks[i].exists && ms > latest_ms)
			latest_ms = ms;
	}
	source->changed_s = latest_ms / 1000;
	source->settled = now_ms - latest_ms > SETTLE_MS;
	memcpy(source->marks, marks, EVIDENCE_PATHS_MAX * sizeof(*marks));
}

static bool
exists_at_all(const struct evidence_source *source, const struct file_mark *marks)
{
	for (size_t i = 0; i < source->format->count; i++) {
		if (marks[i].exists && source->format->suffixes[i][0] == '\0')
			return true;
	}
	return false;
}

/* Leases and OpenVPN: everything anew. A file that is being written all the time is taken as it was read last. */
static int
refresh_table(struct evidence_source *source, int64_t now_s)
{
	struct file_mark before[EVIDENCE_PATHS_MAX], after[EVIDENCE_PATHS_MAX];
	int r = take_marks(source, before);

	if (r < 0)
		return r;
	if (source->table != NULL && source->settled &&
		marks_equal(before, source->marks, EVIDENCE_PATHS_MAX))
		return 0;
	for (int tries = 0; tries < READ_TRIES; tries++) {
		r = exists_at_all(source, before) ? load_once(source, now_s) : -ENOENT;
		if (r < 0 && r != -EAGAIN)
			return r;
		if (take_marks(source, after) < 0)
			return -EIO;
		if (r == 0 && marks_equal(before, after, EVIDENCE_PATHS_MAX))
			break;
		memcpy(before, after, sizeof(before));
	}
	if (r == 0)
		keep_marks(source, before);
	/* Unfinished at every try: what was read before stands until it is too old. */
	return r == -EAGAIN && source->table != NULL ? 0 : r;
}

/* FreeRADIUS writes the time into each record; one from the future is a mistake or a trick. Returns how many bytes
 * are done with. */
static size_t
apply_detail(struct evidence_source *source, const struct text *text, int64_t now_s)
{
	static const uint8_t sender[ADDRESS_SIZE];
	struct radius_detail reader;
	struct accounting_record record;

	radius_detail_init(&reader, text->bytes, text->len);
	while (radius_detail_next(&reader, &record)) {
		if (record.event_s <= now_s + FUTURE_S)
			(void)accounting_sessions_apply(
				source->sessions, &record, sender, record.event_s);
	}
	return text->len - reader.rest.len;
}

/* A large file is begun in its middle: what comes before the first empty line is half a record. */
static void
skip_half_record(struct text *text)
{
	char *end = memmem(text->bytes, text->len, "\n\n", 2);

	if (end == NULL)
		return;
	text->len -= (size_t)(end + 1 - text->bytes);
	memmove(text->bytes, end + 1, text->len);
}

static int
read_detail(struct evidence_source *source, int fd, off_t size, int64_t now_s)
{
	bool half = source->offset < 0;

	if (half)
		source->offset = size - (off_t)EVIDENCE_DETAIL_MAX;
	while (source->offset < size) {
		struct text text = {0};
		off_t left = size - source->offset;
		size_t read_len, used;
		int r;

		r = read_bytes(fd, source->offset,
			left > (off_t)EVIDENCE_DETAIL_MAX ? EVIDENCE_DETAIL_MAX : (size_t)left,
			&text);
		if (r < 0)
			return r;
		read_len = text.len;
		if (half)
			skip_half_record(&text);
		half = false;
		used = read_len - text.len + apply_detail(source, &text, now_s);
		free(text.bytes);
		/* The rest is a record still being written; none is as long as our room. */
		if (used == 0 && read_len == EVIDENCE_DETAIL_MAX)
			used = read_len;
		if (used == 0)
			break;
		source->offset += (off_t)used;
	}
	return 0;
}

/* Detail: what was added since the last time; of a file seen for the first time the last EVIDENCE_DETAIL_MAX bytes. A
 * rotated file begins anew; what its predecessor told is kept. */
static int
refresh_detail(struct evidence_source *source, int64_t now_s)
{
	struct file_mark mark;
	struct stat status;
	auto_fd int fd = open_file(source->paths[0], &status);

	if (fd < 0)
		return fd;
	if (source->sessions == NULL)
		source->sessions = accounting_sessions_new();
	if (source->sessions == NULL)
		return -ENOMEM;
	mark = mark_of(&status);
	if (mark.device != source->marks[0].device || mark.inode != source->marks[0].inode ||
		mark.size < source->offset)
		source->offset = mark.size > (off_t)EVIDENCE_DETAIL_MAX ? -1 : 0;
	source->marks[0] = mark;
	source->changed_s = mark.changed.tv_sec;
	return read_detail(source, fd, mark.size, now_s);
}

static const char *
describe(int r)
{
	if (r == -EBADMSG)
		return "its contents are not in the format that the settings name";
	if (r == -EFBIG || r == -ENOSPC)
		return "it holds more than the gateway reads";
	if (r == -EINVAL)
		return "it is not a regular file";
	if (r == -EAGAIN)
		return "it was never found complete";
	return strerror(-r);
}

static void
refresh_source(struct evidence_source *source, int64_t now_s)
{
	int r = source->format->load != NULL ? refresh_table(source, now_s)
					     : refresh_detail(source, now_s);

	/* What can no longer be read is no evidence any more. */
	if (r < 0) {
		lease_table_free(source->table);
		source->table = NULL;
	}
	(void)snprintf(source->problem, sizeof(source->problem), "%s", r < 0 ? describe(r) : "");
}

void
evidence_files_refresh(struct evidence_files *files, int64_t now_s)
{
	for (size_t i = 0; i < files->count; i++)
		refresh_source(&files->items[i], now_s);
}

static int
add_source(struct evidence_files *files, const struct evidence_format *format, const char *path)
{
	struct evidence_source *source = &files->items[files->count++];

	source->format = format;
	for (size_t i = 0; i < format->count; i++) {
		if (asprintf(&source->paths[i], "%s%s", path, format->suffixes[i]) < 0) {
			source->paths[i] = NULL;
			return -ENOMEM;
		}
		if (format->suffixes[i][0] == '\0')
			source->path = source->paths[i];
	}
	return 0;
}

int
evidence_files_init(struct evidence_files *files, const struct settings *settings)
{
	const struct settings_lease_files *leases = &settings->evidence.lease_files;
	const struct settings_names *details = &settings->evidence.detail_files;
	const struct settings_names *statuses = &settings->evidence.openvpn_status_files;
	int r = 0;

	*files = (struct evidence_files){0};
	files->items =
		calloc(leases->count + details->count + statuses->count + 1, sizeof(*files->items));
	if (files->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < leases->count && r == 0; i++)
		r = add_source(files,
			leases->items[i].format == SETTINGS_LEASE_KEA ? &kea : &dnsmasq,
			leases->items[i].path);
	for (size_t i = 0; i < details->count && r == 0; i++)
		r = add_source(files, &detail, details->items[i]);
	for (size_t i = 0; i < statuses->count && r == 0; i++)
		r = add_source(files, &openvpn, statuses->items[i]);
	return r;
}

void
evidence_files_done(struct evidence_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct evidence_source *source = &files->items[i];

		for (size_t k = 0; k < EVIDENCE_PATHS_MAX; k++)
			free(source->paths[k]);
		lease_table_free(source->table);
		accounting_sessions_free(source->sessions);
	}
	free(files->items);
	*files = (struct evidence_files){0};
}
