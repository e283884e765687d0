/* See back_end.h. */
#include "relay/back_end.h"

#include "rdp/x224.h"
#include "relay/attach.h"
#include "relay/connection_io.h"
#include "relay/phase_attach.h"

void
back_end_request(struct connection *conn, enum side side, uint32_t protocols)
{
	uint8_t room[X224_CONFIRM_MAX];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	x224_request_write(&writer, protocols);
	if (conn_expect(conn, !writer.failed))
		leg_send(conn, side, room, writer.len);
}

void
back_end_on_pdu(struct connection *conn, uint8_t *pdu, size_t len,
	void (*on_confirm)(struct connection *conn, const uint8_t *pdu, size_t len))
{
	if (conn->attachment->step == ATTACH_CONFIRM)
		on_confirm(conn, pdu, len);
	else
		attach_on_pdu(conn, pdu, len);
}

const char *
back_end_bad_frame(bool too_long)
{
	return too_long ? "a PDU of the connection sequence is too long"
			: "bytes that are no TPKT frame";
}
