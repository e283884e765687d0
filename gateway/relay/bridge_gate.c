/* Input that pauses while nobody watches (four eyes): the PDUs that the host is sent in the client's stead. See bridge.h; what is
 * left out is bridge_rules.def's (PAUSED).
 */
#include "relay/bridge_look.h"
#include "relay/input_gate.h"

#include "rdp/mcs.h"

#include <errno.h>
#include <stdlib.h>

#define FAST_PATH_HEADER_LEN 2

_Static_assert(FAST_PATH_HEADER_LEN + INPUT_EVENTS_MOST * 7 < 0x80, "the length is one byte");

static void
put_fast(struct bridge *bridge, const struct bytes_writer *events, uint16_t count)
{
	uint8_t header[FAST_PATH_HEADER_LEN] = {
		(uint8_t)(count << 2), (uint8_t)(FAST_PATH_HEADER_LEN + events->len)};

	bridge_queue_put(&bridge->ways[SIDE_CLIENT].queue, header, sizeof(header));
	bridge_queue_put(&bridge->ways[SIDE_CLIENT].queue, events->start, events->len);
}

static void
put_slow(struct bridge *bridge, const struct bytes_writer *events, uint16_t count)
{
	uint8_t payload[SHARE_DATA_LEN + 4 + INPUT_EVENTS_MOST * INPUT_EVENT_MAX];
	uint8_t room[MCS_SEND_DATA_HEAD_MAX + sizeof(payload)];
	struct bytes_writer inner, writer;
	size_t begin;

	bytes_writer_init(&inner, payload, sizeof(payload));
	begin = share_begin(
		&inner, SHARE_DATA, bridge->user[SIDE_HOST], bridge->share_id, SHARE_DATA_INPUT);
	bytes_write_u16le(&inner, count);
	bytes_write_u16le(&inner, 0);
	bytes_write(&inner, events->start, events->len);
	share_end(&inner, begin);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_REQUEST, bridge->user[SIDE_HOST],
		bridge->io[SIDE_HOST], payload, inner.len);
	bridge_queue_put(&bridge->ways[SIDE_CLIENT].queue, room, writer.len);
}

static uint16_t
put_events(struct bridge *bridge, bool release)
{
	uint8_t room[INPUT_EVENTS_MOST * INPUT_EVENT_MAX];
	struct bytes_writer events;
	uint16_t count;

	bytes_writer_init(&events, room, sizeof(room));
	count = release ? input_gate_release(bridge->gate, &events)
			: input_gate_synchronise(bridge->gate, &events);
	if (count == 0)
		return 0;
	if (bridge->gate->form == INPUT_SLOW)
		put_slow(bridge, &events, count);
	else
		put_fast(bridge, &events, count);
	return count;
}

void
bridge_gate_settle(struct bridge *bridge)
{
	const struct bridge_way *way = &bridge->ways[SIDE_CLIENT];
	struct input_gate *gate = bridge->gate;

	/* A PDU in transit goes out whole: what it has pressed is let go behind it. */
	if (gate == NULL || !gate->due || bridge->stage != BRIDGE_ACTIVE ||
		(way->has_input && way->left > 0))
		return;
	gate->due = false;
	if (!gate->closed)
		(void)put_events(bridge, false);
	while (gate->closed && put_events(bridge, true) > 0)
		continue;
}

int
bridge_gate(struct bridge *bridge, bool open)
{
	if (bridge->gate == NULL) {
		bridge->gate = calloc(1, sizeof(*bridge->gate));
		if (bridge->gate == NULL)
			return -ENOMEM;
		bridge->gate->closed = !open;
		return 0;
	}
	if (bridge->gate->closed == !open)
		return 0;
	bridge->gate->closed = !open;
	bridge->gate->due = true;
	bridge_gate_settle(bridge);
	/* A key that cannot be let go must not stay down. */
	return bridge->ways[SIDE_CLIENT].queue.failed ? -ENOMEM : 0;
}
