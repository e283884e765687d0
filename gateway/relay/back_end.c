/* See back_end.h. */
#include "relay/back_end.h"

#include "rdp/x224.h"
#include "relay/connection_io.h"

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
