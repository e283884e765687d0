/* Save Session Info PDUs of a jump host: rdp/auto_reconnect.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/auto_reconnect.h"

static const struct auto_reconnect_cookie ours = {
	.logon_id = 0x11223344, .random = "0123456789abcde"};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct auto_reconnect_cookie cookie;
	struct share_pdu pdu;
	uint8_t room[1024];
	size_t at = 0;

	if (len > sizeof(room) || share_parse(bytes, len, len, &pdu, NULL) != PARSE_OK)
		return 0;
	/* What is further behind than a filter looks changes nothing. */
	fuzz_expect(
		auto_reconnect_find(bytes, len, &pdu, &at) ==
		auto_reconnect_find(bytes,
			len < AUTO_RECONNECT_HEAD_MAX ? len : AUTO_RECONNECT_HEAD_MAX, &pdu, &at));
	if (auto_reconnect_find(bytes, len, &pdu, &at) != AUTO_RECONNECT_FOUND)
		return 0;
	fuzz_expect(at + 4 + AUTO_RECONNECT_RANDOM_LEN <= pdu.total_len);
	fuzz_expect(at + 4 + AUTO_RECONNECT_RANDOM_LEN <= AUTO_RECONNECT_HEAD_MAX);
	memcpy(room, bytes, len);
	auto_reconnect_put(room + at, &ours);
	auto_reconnect_get(room + at, &cookie);
	fuzz_expect(memcmp(&cookie, &ours, sizeof(cookie)) == 0);
	fuzz_expect(auto_reconnect_find(room, len, &pdu, &at) == AUTO_RECONNECT_FOUND);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	uint8_t room[AUTO_RECONNECT_INFO_LEN];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	auto_reconnect_info_write(&writer, 0x103ea, 1002, &ours);
	fuzz_expect(!writer.failed);
	fuzz_seed(seeds, room, writer.len);
	room[15] = 0x21; /* compressed */
	fuzz_seed(seeds, room, writer.len);
	room[15] = 0;
	room[28] = 20; /* cbFieldData */
	fuzz_seed(seeds, room, writer.len);
}
