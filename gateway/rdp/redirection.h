/* Server Redirection (MS-RDPBCGR 2.2.13.3.1, the form used with TLS) back to the gateway that sends it, and the Monitor Layout
 * PDU (2.2.12.1) that some clients want to have seen before. Payloads for the I/O channel; wrap them with
 * mcs_send_data_write.
 */
#ifndef RDP_REDIRECTION_H
#define RDP_REDIRECTION_H

#include "rdp/pdu.h"

enum {
	REDIRECTION_TOKEN_MAX = 128,
	REDIRECTION_MAX = 6 + 2 + 12 + 4 + 16 + REDIRECTION_TOKEN_MAX + 1,
	MONITOR_LAYOUT_LEN = 18 + 4 + 20,
};

/* The client comes back to the same address with `token` as its routing token ("Cookie: msts=" and CRLF are put around it
 * here) and session_id as its RedirectedSessionID. Names no address, no user, no password. writer->failed if the token is
 * longer than REDIRECTION_TOKEN_MAX less those 15 bytes. */
void redirection_write(
	struct bytes_writer *writer, uint16_t source, const char *token, uint32_t session_id);

/* One primary monitor of this size. */
void monitor_layout_write(struct bytes_writer *writer, uint32_t share_id, uint16_t source,
	uint16_t width, uint16_t height);

#endif
