/* The bridge's way through a stream of slow-path and fast-path PDUs: rdp/pdu.h, mcs.h, share.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/mcs.h"
#include "rdp/share.h"
#include "tests/unit/rdp/samples.h"

/* All share PDUs of a payload. */
static void
walk_shares(const uint8_t *payload, size_t len)
{
	struct share_pdu pdu;

	while (len > 0 && share_parse(payload, len, len, &pdu, NULL) == PARSE_OK) {
		fuzz_expect(pdu.total_len >= 4 && pdu.total_len <= len);
		payload += pdu.total_len;
		len -= pdu.total_len;
	}
}

static void
look_into(const uint8_t *frame, uint16_t len)
{
	size_t head = len < PDU_HEAD_MAX ? len : PDU_HEAD_MAX;
	struct mcs_send_data whole, from_head;
	enum parse_result result = mcs_send_data_parse(frame, len, len, &whole, NULL);

	fuzz_expect(mcs_send_data_parse(frame, head, len, &from_head, NULL) == result);
	if (result != PARSE_OK)
		return;
	fuzz_expect(whole.payload_at + whole.payload_len == len);
	fuzz_expect(whole.payload_at == from_head.payload_at && whole.channel == from_head.channel);
	walk_shares(frame + whole.payload_at, whole.payload_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct frame frame;

	while (frame_parse(bytes, len, &frame) == PARSE_OK && frame.len <= len) {
		fuzz_expect(frame.len > frame.header_len);
		if (frame.kind == FRAME_TPKT)
			look_into(bytes, frame.len);
		bytes += frame.len;
		len -= frame.len;
	}
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t fast_path[] = {0x00, 0x06, 1, 2, 3, 4, 0x00, 0x80, 0x05, 1, 2};
	uint8_t room[256];
	struct bytes_writer writer;

	fuzz_seed(seeds, fast_path, sizeof(fast_path));
	fuzz_seed(seeds, sample_send_data, sizeof(sample_send_data));
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, 1002, 1003, sample_control,
		sizeof(sample_control));
	bytes_write(&writer, fast_path, sizeof(fast_path));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, 1002, 1003, sample_demand,
		sizeof(sample_demand));
	mcs_disconnect_write(&writer, MCS_PROVIDER_INITIATED);
	fuzz_seed(seeds, room, writer.len);
}
