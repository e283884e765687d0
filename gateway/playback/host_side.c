/* See host_side.h. In the player and in sekisho-admin; the PDUs come from a recording. */
#include "playback/host_side.h"

#include "rdp/gcc.h"
#include "rdp/mcs.h"
#include "rdp/share.h"
#include "rdp/x224.h"

#include <string.h>
#include <strings.h>

const struct recording_channel *
host_side_channel(const struct recording_segment *segment)
{
	for (size_t i = 0; i < segment->channel_count; i++) {
		const struct recording_channel *channel = &segment->channels[i];

		if (channel->recorded && channel->id != 0 &&
			strcasecmp(channel->name, HOST_SIDE_CHANNEL) == 0)
			return channel;
	}
	return NULL;
}

void
host_side_answer(const struct recording_segment *segment, struct bytes_writer *writer)
{
	const struct recording_channel *channel = host_side_channel(segment);
	struct gcc_server server = {
		.version = 0x00080004,
		.has_requested_protocols = true,
		.requested_protocols = RDP_PROTOCOL_SSL,
		.io_channel = segment->io,
	};
	uint8_t room[SHARE_LICENCE_LEN];
	struct bytes_writer licence;

	if (channel != NULL)
		server.channels[server.channel_count++] = channel->id;
	gcc_connect_response_write(writer, &server);
	mcs_attach_user_confirm_write(writer, segment->user);
	mcs_channel_join_confirm_write(writer, segment->user, segment->user);
	mcs_channel_join_confirm_write(writer, segment->user, segment->io);
	if (channel != NULL)
		mcs_channel_join_confirm_write(writer, segment->user, channel->id);
	bytes_writer_init(&licence, room, sizeof(room));
	share_licence_valid_write(&licence);
	mcs_send_data_write(
		writer, MCS_SEND_DATA_INDICATION, segment->server, segment->io, room, licence.len);
}

/* Some hosts put several into one payload: the verdict on the first that has one of its own. */
static enum host_side_use
judge_share(const uint8_t *payload, size_t len)
{
	struct share_pdu pdu;

	for (; len > 0; payload += pdu.total_len, len -= pdu.total_len) {
		if (share_parse(payload, len, len, &pdu, NULL) != PARSE_OK || pdu.total_len == 0)
			return HOST_SIDE_SHOW; /* the decoder's to refuse */
		if (pdu.type == SHARE_REDIRECTION)
			return HOST_SIDE_DROP;
		if (pdu.type == SHARE_DEMAND_ACTIVE)
			return HOST_SIDE_DEMAND;
		if (pdu.type != SHARE_DATA)
			continue;
		if (pdu.data_type == SHARE_DATA_SET_ERROR_INFO ||
			pdu.data_type == SHARE_DATA_SAVE_SESSION_INFO)
			return HOST_SIDE_DROP;
		if (pdu.data_type == SHARE_DATA_FONT_MAP)
			return HOST_SIDE_FONT_MAP;
	}
	return HOST_SIDE_SHOW;
}

static enum host_side_use
judge_slow(const struct recording_segment *segment, const uint8_t *pdu, size_t len)
{
	const struct recording_channel *channel = host_side_channel(segment);
	struct mcs_send_data data;

	if (mcs_kind_of(pdu, len) != MCS_SEND_DATA_INDICATION ||
		mcs_send_data_parse(pdu, len, (uint16_t)len, &data, NULL) != PARSE_OK)
		return HOST_SIDE_DROP;
	if (channel != NULL && data.channel == channel->id)
		return HOST_SIDE_SHOW;
	if (data.channel != segment->io || share_kind_of(pdu + data.payload_at, data.payload_len,
						   data.payload_len) != SHARE_KIND_SHARE)
		return HOST_SIDE_DROP;
	return judge_share(pdu + data.payload_at, data.payload_len);
}

enum host_side_use
host_side_judge(const struct recording_segment *segment, const uint8_t *pdu, size_t len)
{
	return (pdu[0] & 3) == 0 ? HOST_SIDE_SHOW : judge_slow(segment, pdu, len);
}
