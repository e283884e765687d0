/* The RADIUS accounting listener (RFC 2866): a UDP socket of the supervisor's loop.
 *
 * Datagrams are read only from the NAS addresses in the settings, and believed only with the shared secret's digest.
 * A good one is answered after it has been taken into the table, since the answer tells the NAS to forget it.
 * A packet recorded on the network can be sent again: accounting_sessions.c keeps it from bringing an ended session back.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/accounting.h"
#include "supervisor/evidence_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECRET_MAX 128

static void
on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room)
{
	struct evidence *evidence = handle->data;

	(void)wanted;
	*ret_room = uv_buf_init(evidence->radius_room, sizeof(evidence->radius_room));
}

static void
log_refused(struct evidence *evidence, const uint8_t *sender, const char *reason)
{
	char text[INET6_ADDRSTRLEN];
	unsigned unsaid;

	if (evidence_may_log(&evidence->radius_refused, &unsaid))
		log_event(EV_EVIDENCE_RADIUS_REFUSED, "nas=%s reason='%s' unsaid=%u",
			evidence_address_text(sender, text), reason, unsaid);
}

static void
log_stranger(struct evidence *evidence, const uint8_t *sender)
{
	char text[INET6_ADDRSTRLEN];
	unsigned unsaid;

	if (evidence_may_log(&evidence->radius_strangers, &unsaid))
		log_event(EV_EVIDENCE_RADIUS_STRANGER, "source=%s unsaid=%u",
			evidence_address_text(sender, text), unsaid);
}

/* Whether the record may be answered: it is in the table, or there is nothing in it for the table. */
static bool
take_record(
	struct evidence *evidence, const struct accounting_record *record, const uint8_t *sender)
{
	unsigned unsaid;

	switch (accounting_sessions_apply(
		evidence->radius_sessions, record, sender, clock_boottime_ms() / 1000)) {
	case ACCOUNTING_TAKEN:
	case ACCOUNTING_MEANINGLESS:
	case ACCOUNTING_OUT_OF_ORDER:
		return true;
	case ACCOUNTING_NO_MEMORY:
		break;
	}
	if (evidence_may_log(&evidence->radius_lost, &unsaid))
		log_event(EV_EVIDENCE_RADIUS_LOST, "unsaid=%u", unsaid);
	return false;
}

static void
answer(struct evidence *evidence, const uint8_t *request, const struct sockaddr *to)
{
	uint8_t packet[RADIUS_PACKET_MIN];
	uv_buf_t buffer = uv_buf_init((char *)packet, sizeof(packet));

	if (radius_answer(request, evidence->radius_secret.bytes, evidence->radius_secret.len,
		    packet) == 0)
		return;
	/* Lost or not sent at all: the NAS sends its record again. */
	(void)uv_udp_try_send(&evidence->radius, &buffer, 1, to);
}

static void
take_packet(struct evidence *evidence, const uint8_t *packet, size_t len,
	const struct sockaddr *from, const uint8_t *sender)
{
	struct accounting_record record;

	switch (radius_read(
		packet, len, evidence->radius_secret.bytes, evidence->radius_secret.len, &record)) {
	case RADIUS_GOOD:
		if (take_record(evidence, &record, sender))
			answer(evidence, packet, from);
		return;
	case RADIUS_MALFORMED:
		log_refused(evidence, sender, "not an Accounting-Request");
		return;
	case RADIUS_WRONG_SECRET:
		log_refused(evidence, sender, "its digest does not fit the shared secret");
		return;
	case RADIUS_NO_DIGEST:
		log_refused(evidence, sender, "this machine offers no MD5");
		return;
	}
}

static void
on_packet(uv_udp_t *socket, ssize_t len, const uv_buf_t *room, const struct sockaddr *from,
	unsigned flags)
{
	struct evidence *evidence = socket->data;
	struct settings_networks nas = {evidence->radius_nas, evidence->radius_nas_count};
	uint8_t sender[ADDRESS_SIZE];

	if (len < 0 || from == NULL || address_from_sockaddr(from, sender) < 0)
		return;
	if (!settings_networks_contain(&nas, from))
		log_stranger(evidence, sender);
	else if ((flags & UV_UDP_PARTIAL) != 0)
		log_refused(evidence, sender, "longer than a RADIUS packet");
	else
		take_packet(evidence, (const uint8_t *)room->base, (size_t)len, from, sender);
}

/* One line; the file is nobody else's to read. */
static int
read_secret(const char *path, struct secret *ret_secret, const char **ret_why)
{
	char bytes[SECRET_MAX + 2];
	struct stat status;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t len;
	int r;

	*ret_why = "the file with the RADIUS secret cannot be read";
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	*ret_why = "the file with the RADIUS secret must be a regular file that others cannot read";
	if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0)
		return -EPERM;
	*ret_why = "the file with the RADIUS secret must hold one line of 1 to 128 bytes";
	len = read(fd, bytes, sizeof(bytes));
	if (len < 0)
		return -errno;
	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	if (len < 1 || len > SECRET_MAX || memchr(bytes, '\n', (size_t)len) != NULL)
		r = -EINVAL;
	else
		r = secret_set(ret_secret, bytes, (size_t)len);
	secret_wipe(bytes, sizeof(bytes));
	return r;
}

static int
copy_nas(struct evidence *evidence, const struct settings_networks *nas)
{
	evidence->radius_nas = calloc(nas->count + 1, sizeof(*evidence->radius_nas));
	if (evidence->radius_nas == NULL)
		return -ENOMEM;
	if (nas->count > 0)
		memcpy(evidence->radius_nas, nas->items, nas->count * sizeof(*nas->items));
	evidence->radius_nas_count = nas->count;
	return 0;
}

static int
listen_at(struct evidence *evidence, const struct settings_endpoint *endpoint, const char **ret_why)
{
	const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
	int r;

	*ret_why = "the address for RADIUS accounting cannot be used";
	r = uv_udp_init(evidence->loop, &evidence->radius);
	if (r < 0)
		return r;
	evidence->radius.data = evidence;
	evidence->radius_on = true;
	evidence->open_handles++;
	r = uv_udp_bind(&evidence->radius, address, 0);
	if (r < 0)
		return r;
	return uv_udp_recv_start(&evidence->radius, on_room, on_packet);
}

int
evidence_radius_open(
	struct evidence *evidence, const struct settings *settings, const char **ret_why)
{
	int r;

	if (settings->evidence.radius.address.address.ss_family == AF_UNSPEC)
		return 0;
	*ret_why = "evidence.radius.address needs evidence.radius.secret";
	if (settings->evidence.radius.secret == NULL)
		return -EINVAL;
	r = read_secret(settings->evidence.radius.secret, &evidence->radius_secret, ret_why);
	if (r < 0)
		return r;
	*ret_why = "no memory for RADIUS accounting";
	evidence->radius_sessions = accounting_sessions_new();
	if (evidence->radius_sessions == NULL)
		return -ENOMEM;
	r = copy_nas(evidence, &settings->evidence.radius.nas);
	if (r < 0)
		return r;
	return listen_at(evidence, &settings->evidence.radius.address, ret_why);
}

void
evidence_radius_close(struct evidence *evidence)
{
	if (evidence->radius_on)
		uv_close((uv_handle_t *)&evidence->radius, evidence_handle_closed);
}

void
evidence_radius_done(struct evidence *evidence)
{
	accounting_sessions_free(evidence->radius_sessions);
	free(evidence->radius_nas);
	secret_done(&evidence->radius_secret);
}
