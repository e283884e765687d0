/* GCC Conference Create Request and Response (T.124 8.7, PER) and the blocks of settings in them
 * (MS-RDPBCGR 2.2.1.3.2 to 2.2.1.3.11 and 2.2.1.4.2 to 2.2.1.4.6), inside the MCS Connect PDUs.
 *
 * The worker reads the client's Connect-Initial, answers with a Connect-Response of its own, and
 * later sends the client's Connect-Initial, with changes, to a back end and reads that one's
 * answer. */
#ifndef RDP_GCC_H
#define RDP_GCC_H

#include <stdbool.h>

#include "rdp/mcs.h"

enum {
	GCC_CHANNELS_MAX = 31,          /* 2.2.1.3.4 channelCount */
	GCC_CHANNEL_NAME_LEN = 8,       /* seven characters and a NUL */
	GCC_BLOCKS_MAX = 16,            /* user data blocks in one PDU */
	GCC_MONITORS_MAX = 16,          /* 2.2.1.3.6 monitorCount */
	GCC_CLIENT_NAME_MAX = 48,       /* UTF-8 of 15 UTF-16 units, and a NUL */
	GCC_CONNECT_RESPONSE_MAX = 512, /* more than ours can have */
	GCC_REENCODE_MORE =
		16, /* a re-encoded Connect-Initial is never longer than the original by more */
};

/* Block types, 2.2.1.3.1. */
enum {
	GCC_CS_CORE = 0xc001,
	GCC_CS_SECURITY = 0xc002,
	GCC_CS_NET = 0xc003,
	GCC_CS_CLUSTER = 0xc004,
	GCC_CS_MONITOR = 0xc005,
	GCC_CS_MCS_MSGCHANNEL = 0xc006,
	GCC_CS_MONITOR_EX = 0xc008,
	GCC_CS_MULTITRANSPORT = 0xc00a,
	GCC_SC_CORE = 0x0c01,
	GCC_SC_SECURITY = 0x0c02,
	GCC_SC_NET = 0x0c03,
	GCC_SC_MCS_MSGCHANNEL = 0x0c04,
	GCC_SC_MULTITRANSPORT = 0x0c08,
};

/* CS_CORE earlyCapabilityFlags, 2.2.1.3.2. */
enum {
	GCC_CLIENT_ERROR_INFO = 0x0001, /* shows Set Error Info texts */
	GCC_CLIENT_WANT_32BPP = 0x0002,
	GCC_CLIENT_STATUS_INFO = 0x0004,
	GCC_CLIENT_STRONG_ASYMMETRIC_KEYS = 0x0008,
	GCC_CLIENT_VALID_CONNECTION_TYPE = 0x0020,
	GCC_CLIENT_MONITOR_LAYOUT = 0x0040,
	GCC_CLIENT_NETWORK_AUTODETECT = 0x0080,
	GCC_CLIENT_DYNVC_GFX = 0x0100,
	GCC_CLIENT_DYNAMIC_TIME_ZONE = 0x0200,
	GCC_CLIENT_HEARTBEAT = 0x0400,
	GCC_CLIENT_SKIP_CHANNEL_JOIN = 0x0800,
};

/* CS_CLUSTER Flags, 2.2.1.3.5. */
enum {
	GCC_CLUSTER_REDIRECTION_SUPPORTED = 0x01,
	GCC_CLUSTER_SESSION_ID_VALID = 0x02,
	GCC_CLUSTER_VERSION_SHIFT = 2, /* 4 bits; 3 = version 4, 4 = version 5, 5 = version 6 */
	GCC_CLUSTER_SMARTCARD = 0x40,
};

/* Channel options, 2.2.1.3.4.1. */
enum {
	GCC_CHANNEL_INITIALIZED = 0x80000000,
	GCC_CHANNEL_COMPRESS_RDP = 0x00800000,
	GCC_CHANNEL_SHOW_PROTOCOL = 0x00200000,
};

struct gcc_channel {
	/* Up to its first NUL; bytes that are no printable ASCII are '?'. Names compare without
	 * case. */
	char name[GCC_CHANNEL_NAME_LEN + 1];
	uint32_t options;
};

/* What the client said in its Connect-Initial. */
struct gcc_client {
	/* CS_CORE */
	uint32_t version;
	uint16_t desktop_width;
	uint16_t desktop_height;
	uint32_t keyboard_layout; /* Windows input locale, e.g. 0x411 */
	uint32_t client_build;
	char client_name[GCC_CLIENT_NAME_MAX]; /* UTF-8; from the network: quote it */
	uint16_t color_depth;    /* bits, 4..32: highColorDepth, or the older fields */
	uint16_t early_flags;    /* GCC_CLIENT_..., 0 if absent */
	uint8_t connection_type; /* 0 if absent */
	bool has_server_selected_protocol;
	uint32_t server_selected_protocol;
	/* CS_SECURITY */
	uint32_t encryption_methods;
	/* CS_NET */
	uint16_t channel_count;
	struct gcc_channel channels[GCC_CHANNELS_MAX];
	/* CS_CLUSTER */
	bool has_cluster;
	uint32_t cluster_flags;
	uint32_t redirected_session_id; /* meaningful with GCC_CLUSTER_SESSION_ID_VALID */
	/* the others: present or not */
	bool has_monitors;
	uint32_t monitor_count;
	bool has_message_channel;
	bool has_multitransport;
};

/* Reads a whole Connect-Initial frame, MCS and GCC. CS_CORE is required, the others are
 * optional; a block type twice, or one that is too short for its fields, is bad; unknown types
 * are stepped over. */
enum parse_result gcc_connect_initial_parse(
	const uint8_t *frame, size_t len, struct gcc_client *ret_client, const char **ret_why);

/* Whether it says that it follows a Server Redirection of version 4 or later, with a routing token (2.2.1.3.5). */
bool gcc_client_follows_redirection(const struct gcc_client *client);

/* What must differ when a back end is shown the client's Connect-Initial. */
struct gcc_client_changes {
	/* What this back end selected; set where the client's CS_CORE has the field. */
	uint32_t server_selected_protocol;
	uint16_t clear_early_flags; /* GCC_CLIENT_... */
	bool drop_message_channel;  /* CS_MCS_MSGCHANNEL */
	bool drop_monitors; /* CS_MONITOR, CS_MONITOR_EX: for hosts without EXTENDED_CLIENT_DATA */
	uint32_t rename_channels; /* bit i: channel i gets the inert name "skoffNN" and options 0 */
};

/* Writes the client's Connect-Initial frame for a back end. CS_MULTITRANSPORT is always dropped and
 * CS_CLUSTER's RedirectedSessionID always cleared; all lengths are mended; everything else stays as
 * the client sent it, unknown blocks included.
 * Returns 0, -EBADMSG (frame is not one that gcc_connect_initial_parse accepts) or -ENOSPC. */
int gcc_connect_initial_rewrite(const uint8_t *frame, size_t len,
	const struct gcc_client_changes *changes, struct bytes_writer *writer);

/* What a server says in its Connect-Response. */
struct gcc_server {
	/* SC_CORE, 2.2.1.4.2 */
	uint32_t version;
	bool has_requested_protocols;
	uint32_t requested_protocols; /* must echo the Connection Request's */
	uint32_t early_flags;         /* 0 if absent */
	/* SC_SECURITY, 2.2.1.4.3: both 0 with TLS */
	uint32_t encryption_method;
	uint32_t encryption_level;
	/* SC_NET, 2.2.1.4.4 */
	uint16_t io_channel;
	uint16_t channel_count;
	uint16_t channels[GCC_CHANNELS_MAX]; /* 0 = a dead channel */
	/* SC_MCS_MSGCHANNEL, 2.2.1.4.5; 0 = none */
	uint16_t message_channel;
	bool has_multitransport; /* SC_MULTITRANSPORT was there; never written */
};

/* Writes our Connect-Response, a whole frame of at most GCC_CONNECT_RESPONSE_MAX bytes. All
 * fields of server are the caller's choice; SC_MCS_MSGCHANNEL only if message_channel is not 0. */
void gcc_connect_response_write(struct bytes_writer *writer, const struct gcc_server *server);

/* Reads a jump host's. Bad: result not successful, SC_CORE, SC_SECURITY or SC_NET missing, a
 * block twice or too short, more channels than GCC_CHANNELS_MAX. Two channels with one id, or
 * one with the I/O channel's, are bad too (0 excepted). */
enum parse_result gcc_connect_response_parse(
	const uint8_t *frame, size_t len, struct gcc_server *ret_server, const char **ret_why);

#endif
