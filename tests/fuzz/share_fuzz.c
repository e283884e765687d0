/* Payloads of the I/O and message channels: rdp/share.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/share.h"
#include "tests/unit/rdp/samples.h"

/* What xfreerdp, which looks at less than it could, would take for a redirection or for a request to
 * open a second transport. Whatever it is, it must not be called harmless. */
static void
expect_no_hidden_danger(const uint8_t *payload, size_t len, enum share_kind kind)
{
	uint16_t first = bytes_get_u16le(payload);
	uint16_t type = bytes_get_u16le(payload + 2);

	if ((type & 0xf) == SHARE_REDIRECTION && first >= 6 && first <= len)
		fuzz_expect(kind != SHARE_KIND_SHARE);
	if ((first & (SEC_TRANSPORT_REQ | SEC_REDIRECTION_PKT)) != 0)
		fuzz_expect(kind == SHARE_KIND_TRANSPORT_REQ || kind == SHARE_KIND_REDIRECTION ||
			    kind == SHARE_KIND_SHARE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t head = len < SHARE_HEAD_MAX ? len : SHARE_HEAD_MAX;
	enum share_kind kind = share_kind_of(bytes, len, len);
	struct share_pdu pdu, from_head;
	size_t at;

	fuzz_expect(kind == share_kind_of(bytes, head, len));
	if (len >= 4)
		expect_no_hidden_danger(bytes, len, kind);
	if (share_parse(bytes, len, len, &pdu, NULL) != PARSE_OK)
		return 0;
	fuzz_expect(kind == SHARE_KIND_SHARE || kind == SHARE_KIND_REDIRECTION);
	fuzz_expect(share_parse(bytes, head, len, &from_head, NULL) == PARSE_OK);
	fuzz_expect(pdu.total_len == from_head.total_len && pdu.share_id == from_head.share_id);
	at = share_user_id_at(bytes, &pdu);
	fuzz_expect(at == 0 || at + 2 <= pdu.total_len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t transport_request[28] = {SEC_TRANSPORT_REQ, 0, 0, 0, 1, 0, 0, 0, 1};
	static const uint8_t redirection[] = {12, 0, 0x1a, 0, 0xea, 3, 0, 0, 0, 4, 6, 0};
	uint8_t room[128];
	struct bytes_writer writer;

	fuzz_seed(seeds, sample_demand, sizeof(sample_demand));
	fuzz_seed(seeds, sample_control, sizeof(sample_control));
	fuzz_seed(seeds, sample_synchronize, sizeof(sample_synchronize));
	fuzz_seed(seeds, transport_request, sizeof(transport_request));
	fuzz_seed(seeds, redirection, sizeof(redirection));
	bytes_writer_init(&writer, room, sizeof(room));
	share_licence_valid_write(&writer);
	fuzz_seed(seeds, room, writer.len);
	bytes_writer_init(&writer, room, sizeof(room));
	share_error_info_write(&writer, 0x103ea, 1002, 1);
	bytes_write(&writer, sample_synchronize, sizeof(sample_synchronize));
	fuzz_seed(seeds, room, writer.len);
}
