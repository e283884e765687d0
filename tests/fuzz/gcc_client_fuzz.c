/* A client's Connect-Initial, and what becomes of it for a back end: rdp/gcc.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/gcc.h"
#include "tests/unit/rdp/samples.h"

enum {
	ROOM = MCS_CONNECT_MAX + GCC_REENCODE_MORE,
};

static const struct gcc_client_changes changes[] = {
	{.server_selected_protocol = 1},
	{.server_selected_protocol = 2,
		.clear_early_flags = GCC_CLIENT_SKIP_CHANNEL_JOIN | GCC_CLIENT_DYNVC_GFX,
		.drop_message_channel = true},
	{.drop_monitors = true, .rename_channels = 0xaaaaaaaa},
};

/* What a back end must see of one channel. */
static void
expect_channel(const struct gcc_client *was, const struct gcc_client *is, unsigned i,
	const struct gcc_client_changes *by)
{
	if ((by->rename_channels >> i & 1) != 0) {
		fuzz_expect(strncmp(is->channels[i].name, "skoff", 5) == 0);
		fuzz_expect(is->channels[i].options == 0);
		return;
	}
	fuzz_expect(strcmp(is->channels[i].name, was->channels[i].name) == 0);
	fuzz_expect(is->channels[i].options == was->channels[i].options);
}

/* All fields the same, but for the changes. */
static void
expect_changed(const struct gcc_client *was, const struct gcc_client *is,
	const struct gcc_client_changes *by)
{
	fuzz_expect(is->version == was->version && is->desktop_width == was->desktop_width &&
		    is->desktop_height == was->desktop_height &&
		    is->keyboard_layout == was->keyboard_layout &&
		    is->client_build == was->client_build &&
		    is->connection_type == was->connection_type);
	fuzz_expect(strcmp(is->client_name, was->client_name) == 0);
	fuzz_expect(is->early_flags == (was->early_flags & ~by->clear_early_flags));
	fuzz_expect(is->has_server_selected_protocol == was->has_server_selected_protocol);
	fuzz_expect(is->server_selected_protocol ==
		    (was->has_server_selected_protocol ? by->server_selected_protocol : 0));
	fuzz_expect(is->encryption_methods == was->encryption_methods);
	fuzz_expect(is->has_cluster == was->has_cluster && is->redirected_session_id == 0);
	fuzz_expect((is->cluster_flags & GCC_CLUSTER_SESSION_ID_VALID) == 0);
	fuzz_expect(!is->has_multitransport);
	fuzz_expect(is->has_monitors == (was->has_monitors && !by->drop_monitors));
	fuzz_expect(
		is->has_message_channel == (was->has_message_channel && !by->drop_message_channel));
	fuzz_expect(is->channel_count == was->channel_count);
	for (unsigned i = 0; i < is->channel_count; i++)
		expect_channel(was, is, i, by);
}

static void
try_change(const uint8_t *bytes, size_t len, const struct gcc_client *was,
	const struct gcc_client_changes *by)
{
	static uint8_t once[ROOM], twice[ROOM];
	struct bytes_writer first, second;
	struct gcc_client is;

	bytes_writer_init(&first, once, sizeof(once));
	if (gcc_connect_initial_rewrite(bytes, len, by, &first) != 0) {
		fuzz_expect(len > MCS_CONNECT_MAX - GCC_REENCODE_MORE);
		return;
	}
	fuzz_expect(first.len <= len + GCC_REENCODE_MORE);
	if (first.len > MCS_CONNECT_MAX)
		return;
	fuzz_expect(gcc_connect_initial_parse(once, first.len, &is, NULL) == PARSE_OK);
	expect_changed(was, &is, by);
	bytes_writer_init(&second, twice, sizeof(twice));
	fuzz_expect(gcc_connect_initial_rewrite(once, first.len, by, &second) == 0);
	fuzz_expect(second.len == first.len && memcmp(once, twice, first.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct gcc_client client;
	const char *why = NULL;

	if (gcc_connect_initial_parse(bytes, len, &client, &why) != PARSE_OK) {
		fuzz_expect(why != NULL);
		return 0;
	}
	fuzz_expect(client.channel_count <= GCC_CHANNELS_MAX);
	fuzz_expect(client.monitor_count <= GCC_MONITORS_MAX);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		try_change(bytes, len, &client, &changes[i]);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	uint8_t room[1024];
	struct bytes_writer writer;

	fuzz_seed(seeds, sample_initial, sizeof(sample_initial));
	bytes_writer_init(&writer, room, sizeof(room));
	fuzz_expect(gcc_connect_initial_rewrite(
			    sample_initial, sizeof(sample_initial), &changes[2], &writer) == 0);
	fuzz_seed(seeds, room, writer.len);
}
