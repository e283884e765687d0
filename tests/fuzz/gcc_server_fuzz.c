/* A jump host's Connect-Response: rdp/gcc.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/gcc.h"
#include "tests/unit/rdp/samples.h"

static void
expect_same(const struct gcc_server *one, const struct gcc_server *other)
{
	fuzz_expect(one->version == other->version);
	fuzz_expect(one->requested_protocols == other->requested_protocols);
	fuzz_expect(one->early_flags == other->early_flags);
	fuzz_expect(one->encryption_method == other->encryption_method);
	fuzz_expect(one->encryption_level == other->encryption_level);
	fuzz_expect(one->io_channel == other->io_channel && one->io_channel != 0);
	fuzz_expect(one->channel_count == other->channel_count);
	fuzz_expect(memcmp(one->channels, other->channels, sizeof(one->channels)) == 0);
	fuzz_expect(one->message_channel == other->message_channel);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	struct bytes_writer writer;
	struct gcc_server server, again;
	const char *why = NULL;

	if (gcc_connect_response_parse(bytes, len, &server, &why) != PARSE_OK) {
		fuzz_expect(why != NULL);
		return 0;
	}
	fuzz_expect(server.channel_count <= GCC_CHANNELS_MAX);
	bytes_writer_init(&writer, room, sizeof(room));
	gcc_connect_response_write(&writer, &server);
	fuzz_expect(!writer.failed);
	fuzz_expect(gcc_connect_response_parse(room, writer.len, &again, NULL) == PARSE_OK);
	expect_same(&server, &again);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	struct gcc_server server = {.version = 0x00080004,
		.io_channel = MCS_IO_CHANNEL,
		.channel_count = GCC_CHANNELS_MAX};
	uint8_t room[GCC_CONNECT_RESPONSE_MAX];
	struct bytes_writer writer;

	fuzz_seed(seeds, sample_response, sizeof(sample_response));
	for (uint16_t i = 0; i < GCC_CHANNELS_MAX; i++)
		server.channels[i] = (uint16_t)(MCS_FIRST_CHANNEL + i);
	bytes_writer_init(&writer, room, sizeof(room));
	gcc_connect_response_write(&writer, &server);
	fuzz_seed(seeds, room, writer.len);
}
