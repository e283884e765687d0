/* A jump host behind the sign-in screen, up to its Demand Active, and what screen and client say around the switch:
 * relay/take_over.h, relay/bridge.h. The first byte says how much of the rest is the host's frame; the next one how the screen's
 * bytes are cut.
 */
#include "fuzz.h"

#include <string.h>

#include "fakes.h"
#include "rdp/mcs.h"
#include "rdp/share.h"
#include "relay/bridge.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/take_over.h"

enum {
	HOST_IO = 1003,
	HOST_MESSAGE = 1060,
	INPUT_MAX = 16384,
};

static void
start(void)
{
	struct bridge *bridge;

	if (fakes.conn.attachment != NULL)
		bridge_free(fakes.conn.attachment->bridge);
	fakes_reset(PHASE_ATTACH, NULL);
	bridge = fakes.conn.bridge = bridge_new(SIDE_GREETER);
	bridge->io[SIDE_CLIENT] = bridge->io[SIDE_HOST] = MCS_IO_CHANNEL;
	bridge->stage = BRIDGE_ACTIVE;
	fakes.conn.attachment = attachment_new(SIDE_HOST);
	bridge = fakes.conn.attachment->bridge = bridge_new(SIDE_HOST);
	bridge->user[SIDE_HOST] = 1044;
	bridge->io[SIDE_CLIENT] = MCS_IO_CHANNEL;
	bridge->io[SIDE_HOST] = HOST_IO;
	bridge->message[SIDE_HOST] = HOST_MESSAGE;
}

/* Bytes of one side in two reads. Returns whether the connection still lives. */
static bool
stream(enum side from, const uint8_t *bytes, size_t len, size_t cut)
{
	uint8_t copy[INPUT_MAX];
	size_t used = 0, have = cut < len ? cut : len;

	for (int i = 0; i < 2 && fakes.closed == CLOSE_NONE && !fakes.went; i++) {
		have = i == 0 ? have : len;
		memcpy(copy, bytes + used, have - used);
		used += fakes.conn.ops->on_bytes(&fakes.conn, from, copy, have - used);
		fuzz_expect(used <= have);
		fuzz_expect(
			have - used <= STREAM_TAIL_MAX || fakes.closed != CLOSE_NONE || fakes.went);
	}
	return fakes.closed == CLOSE_NONE;
}

/* What the client has been sent ends with Deactivate All, and only a whole Demand Active follows. */
static void
expect_a_clean_switch(void)
{
	fuzz_expect(fakes.went_to == PHASE_BRIDGE && fakes.dropped[SIDE_GREETER]);
	fuzz_expect(fakes.conn.bridge->back_end == SIDE_HOST);
	fuzz_expect(fakes.conn.bridge->stage == BRIDGE_REACTIVATING);
	fuzz_expect(fakes.sent_len[SIDE_CLIENT] >= SHARE_DEACTIVATE_ALL_LEN && fakes.bridged > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t frame[INPUT_MAX];
	size_t host_len, cut;
	struct frame head;

	if (len < 2 || len > INPUT_MAX)
		return 0;
	host_len = bytes[0];
	cut = bytes[1];
	bytes += 2;
	len -= 2;
	host_len = host_len < len ? host_len : len;
	/* As READ_PDUS hands them over: whole frames. */
	if (frame_parse(bytes, host_len, &head) != PARSE_OK || head.kind != FRAME_TPKT ||
		head.len > host_len)
		return 0;
	start();
	fakes.conn.bridge->ways[SIDE_HOST].in_fragments = (cut & 1) != 0;
	memcpy(frame, bytes, head.len);
	take_over_on_pdu(&fakes.conn, frame, head.len);
	if (fakes.closed == CLOSE_NONE && !fakes.went && fakes.conn.ops != NULL &&
		stream(SIDE_GREETER, bytes + head.len, len - head.len, cut) && !fakes.went)
		(void)stream(SIDE_CLIENT, bytes + head.len, len - head.len, cut);
	if (fakes.went)
		expect_a_clean_switch();
	return 0;
}

static size_t
share(uint8_t *room, size_t size, enum share_type type, uint8_t data_type)
{
	struct bytes_writer writer;
	size_t frame, begin;

	bytes_writer_init(&writer, room, size);
	frame = mcs_send_data_begin(&writer, MCS_SEND_DATA_INDICATION, 1002, HOST_IO);
	begin = share_begin(&writer, type, 1002, 0x103ea, data_type);
	bytes_write_zeros(&writer, 20);
	share_end(&writer, begin);
	mcs_send_data_end(&writer, frame);
	return writer.len;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t last_fragment[] = {0, 8, 0x11, 3, 0, 1, 2, 3};
	static const enum share_type types[] = {
		SHARE_DEMAND_ACTIVE, SHARE_DATA, SHARE_REDIRECTION, SHARE_CONFIRM_ACTIVE};
	uint8_t seed[256];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t len = share(seed + 2, 128, types[i], SHARE_DATA_FONT_MAP);

		seed[0] = (uint8_t)len;
		seed[1] = (uint8_t)(i + 1);
		memcpy(seed + 2 + len, last_fragment, sizeof(last_fragment));
		len += 2 + sizeof(last_fragment);
		len += share(seed + len, 64, SHARE_DATA, 0x1c);
		fuzz_seed(seeds, seed, len);
	}
}
