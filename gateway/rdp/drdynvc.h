/* Dynamic virtual channels (MS-RDPEDYC): which channel a PDU of drdynvc is about, and the name of a new one. */
#ifndef RDP_DRDYNVC_H
#define RDP_DRDYNVC_H

#include "rdp/pdu.h"

enum {
	DRDYNVC_HEAD_MAX = 5,   /* command and channel id */
	DRDYNVC_NAME_MAX = 255, /* longer ones are nobody's */
	DRDYNVC_CREATE_MAX = 1600,
	DRDYNVC_CREATE_RESPONSE_MAX = DRDYNVC_HEAD_MAX + 4,
};

#define DRDYNVC_REFUSED \
	UINT32_C(0xc0000001) /* STATUS_UNSUCCESSFUL, as clients answer for what they do not have */

enum drdynvc_command {
	DRDYNVC_CREATE = 1,
	DRDYNVC_DATA_FIRST = 2,
	DRDYNVC_DATA = 3,
	DRDYNVC_CLOSE = 4,
	DRDYNVC_CAPABILITY = 5,
	DRDYNVC_DATA_FIRST_COMPRESSED = 6,
	DRDYNVC_DATA_COMPRESSED = 7,
	DRDYNVC_SOFT_SYNC_REQUEST = 8,
	DRDYNVC_SOFT_SYNC_RESPONSE = 9,
};

struct drdynvc_head {
	enum drdynvc_command command;
	uint32_t channel; /* 0 for CAPABILITY and SOFT_SYNC, which have none */
	uint8_t len;      /* bytes of command and id */
};

/* From the first bytes of a PDU: DRDYNVC_HEAD_MAX, or all. */
enum parse_result drdynvc_head_parse(
	const uint8_t *pdu, size_t have, struct drdynvc_head *ret_head, const char **ret_why);

/* The rest of a CREATE of a host: its channel's name, with its NUL inside the PDU. */
enum parse_result drdynvc_create_parse(const uint8_t *pdu, size_t len,
	const struct drdynvc_head *head, const char **ret_name, const char **ret_why);

/* The rest of a CREATE of a client: below 0x80000000 the channel is open. */
enum parse_result drdynvc_status_parse(const uint8_t *pdu, size_t len,
	const struct drdynvc_head *head, uint32_t *ret_status, const char **ret_why);

/* A client's answer to a CREATE. */
void drdynvc_create_response_write(struct bytes_writer *writer, uint32_t channel, uint32_t status);

#endif
