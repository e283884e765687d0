/* What a leg reads goes to its phase: as whole PDUs, as a stream, or nowhere. In the relay worker; the bytes
 * come from clients and jump hosts, and are handed on unread.
 */
#include "relay/leg.h"

#include "base/secret.h"
#include "relay/connection_io.h"
#include "relay/record_link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEG_BUDGET (64 * 1024) /* bytes a leg moves in one turn */
#define PDUS_A_TURN 16         /* frames it may bring in one turn */

enum reading
leg_reading(const struct leg *leg)
{
	if (leg->ended || leg->state == LEG_SHAKING)
		return READ_NOTHING;
	return leg->conn->ops->reads[leg->side];
}

bool
leg_may_read(const struct leg *leg)
{
	switch (leg_reading(leg)) {
	case READ_NOTHING:
		return false;
	case READ_PDUS: /* each frame may have an answer */
		return leg->out_len == 0;
	case READ_STREAM:
		return !leg_is_waiting(leg->conn, connection_counterpart(leg->conn, leg->side)) &&
		       (leg->conn->record == NULL ||
			       !record_link_holds(leg->conn->record, leg->side));
	default:
		return true;
	}
}

void
leg_end(struct leg *leg, int error)
{
	bool waited = leg->waited || leg->out_len > 0;

	if (leg->ended)
		return;
	leg->ended = true;
	leg_update(leg);
	connection_on_end(leg->conn, leg->side, error == END_OF_STREAM ? 0 : error, waited);
}

static void
frame_failed(struct leg *leg, int error)
{
	struct connection *conn = leg->conn;

	if (error == -EBADMSG || error == -EMSGSIZE)
		connection_on_bad_frame(conn, leg->side, error == -EMSGSIZE);
	else if (error == -ENOMEM)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a PDU");
	else
		leg_end(leg, error);
}

static void
leg_serve_pdus(struct leg *leg)
{
	uint8_t *pdu;
	size_t len;
	int r;

	for (unsigned int i = 0; i < PDUS_A_TURN; i++) {
		if (leg_reading(leg) != READ_PDUS || !leg_may_read(leg))
			return;
		r = frame_collect(leg);
		if (r < 0)
			frame_failed(leg, r);
		if (r != 1)
			return;
		pdu = leg->frame;
		len = leg->need;
		leg->frame = NULL;
		frame_drop(leg);
		connection_on_pdu(leg->conn, leg->side, pdu, len);
		secret_wipe(pdu, len);
		free(pdu);
	}
}

/* Collects what OpenSSL holds until the buffer is full, so that many small records leave as one large
 * one. Returns what leg_read last said. */
static int
leg_fill(struct leg *leg, uint8_t *buffer, size_t *len)
{
	int n;

	do {
		n = leg_read(leg, buffer + *len, STREAM_BUFFER - *len);
		if (n <= 0)
			return n;
		*len += (size_t)n;
		leg->conn->bytes_from[leg->side] += (size_t)n;
	} while (*len < STREAM_BUFFER && leg_holds_bytes(leg));
	return n;
}

/* Hands len bytes to the phase and keeps the tail that it leaves. */
static void
leg_deliver(struct leg *leg, uint8_t *buffer, size_t len)
{
	size_t used;

	leg->tail_len = 0;
	used = connection_on_bytes(leg->conn, leg->side, buffer, len);
	if (leg_reading(leg) != READ_STREAM)
		return;
	assert(used <= len && len - used <= STREAM_TAIL_MAX);
	leg->tail_len = len - used;
	memcpy(leg->tail, buffer + used, leg->tail_len);
}

static void
leg_serve_stream(struct leg *leg)
{
	uint8_t *buffer = io_buffer(leg->io);
	size_t moved = 0, len, tail;
	int r;

	do {
		len = tail = leg->tail_len;
		memcpy(buffer, leg->tail, tail);
		r = leg_fill(leg, buffer, &len);
		if (len > tail)
			leg_deliver(leg, buffer, len);
		if (r < 0)
			leg_end(leg, r);
		moved += len - tail;
	} while (r > 0 && len == STREAM_BUFFER && moved < LEG_BUDGET &&
		 leg_reading(leg) == READ_STREAM && leg_may_read(leg));
}

static void
leg_serve_discard(struct leg *leg)
{
	size_t moved = 0;
	int r;

	do {
		r = leg_read(leg, io_buffer(leg->io), STREAM_BUFFER);
		if (r > 0)
			moved += (size_t)r;
	} while (r > 0 && moved < LEG_BUDGET);
	if (r < 0)
		leg_end(leg, r);
}

void
leg_serve_reading(struct leg *leg)
{
	switch (leg_reading(leg)) {
	case READ_PDUS:
		leg_serve_pdus(leg);
		break;
	case READ_STREAM:
		leg_serve_stream(leg);
		break;
	default:
		leg_serve_discard(leg);
		break;
	}
}
