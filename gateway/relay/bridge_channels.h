/* The bridge's static channels that are filtered: which frames are collected, and what filters have to say. Between bridge.c
 * and channel_filter.c. */
#ifndef RELAY_BRIDGE_CHANNELS_H
#define RELAY_BRIDGE_CHANNELS_H

#include "rdp/share.h"
#include "relay/bridge.h"
#include "relay/channel_filter.h"

/* The channel at a place of the bridge, `asked` for in CS_NET, gets its filter, if its name has one. rights:
 * session_rights_at_host. Returns 0 or -ENOMEM. */
int bridge_filter_channel(
	struct bridge *bridge, uint8_t at, const struct gcc_channel *asked, uint32_t rights);

/* All ids are known. */
void bridge_filters_ready(struct bridge *bridge);

/* The session ends: filters say what they still know. */
void bridge_filters_finish(struct bridge *bridge);

/* Bytes of a frame that is being collected; way->left are still to come. Returns whether they pass. */
bool bridge_collect(struct bridge *bridge, enum side from, uint8_t *bytes, size_t len,
	struct bridge_result *result);

/* A share PDU that passes begins payload_at bytes behind where the way is: of Demand and Confirm Active the capabilities are
 * changed so that nobody compresses what filters read. */
void bridge_scan_capabilities(struct bridge_way *way, enum share_type type, size_t payload_at);

/* After bytes of a side: sets result->stopped, or its reason. */
void bridge_check_queues(struct bridge *bridge, enum side from, struct bridge_result *result);

enum close_reason bridge_bad_channel(enum side from);

/* Frees what the channels hold. */
void bridge_channels_done(struct bridge *bridge);

#endif
