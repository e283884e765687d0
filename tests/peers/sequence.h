/* The PDUs of the connection sequence that only end points need, not the gateway: made by the test
 * peers with the builders of gateway/rdp. MS-RDPBCGR 2.2.1.13 to 2.2.1.22, 2.2.8, 2.2.9. */
#ifndef TESTS_PEERS_SEQUENCE_H
#define TESTS_PEERS_SEQUENCE_H

#include "rdp/client_info.h"
#include "rdp/gcc.h"
#include "rdp/mcs.h"
#include "rdp/share.h"

enum {
	SEQUENCE_WIDTH = 1024,
	SEQUENCE_HEIGHT = 768,
	SEQUENCE_SHARE_ID = 0x000103ea,
	SEQUENCE_ROOM = 4096, /* enough for any PDU made here but updates */
	FAST_PATH_MAX = 0x7fff,
	FAST_PATH_PING_LEN = 9,
};

/* Where a PDU for the I/O channel goes. */
struct sequence_address {
	enum mcs_kind kind; /* MCS_SEND_DATA_REQUEST from a client, _INDICATION from a host */
	uint16_t user;
	uint16_t channel;
	uint32_t share_id;
};

/* A client's Connect-Initial, a whole frame: 1024×768 at 16 bits; rdpsnd, cliprdr and drdynvc;
 * a message channel if with_message_channel. */
void sequence_initial_write(
	struct bytes_writer *writer, uint32_t selected_protocol, bool with_message_channel);

/* A client's Client Info, a whole frame. Texts are UTF-8. */
int sequence_info_write(struct bytes_writer *writer, const struct sequence_address *address,
	const char *user, const char *password);

/* Whole frames. */
void sequence_demand_active_write(
	struct bytes_writer *writer, const struct sequence_address *address);
void sequence_confirm_active_write(
	struct bytes_writer *writer, const struct sequence_address *address);
void sequence_synchronize_write(
	struct bytes_writer *writer, const struct sequence_address *address);
/* action: SHARE_CONTROL_...; grant_id: the user that control is granted to, or 0. */
void sequence_control_write(struct bytes_writer *writer, const struct sequence_address *address,
	uint16_t action, uint16_t grant_id);
/* data_type: SHARE_DATA_FONT_LIST or SHARE_DATA_FONT_MAP. */
void sequence_font_write(
	struct bytes_writer *writer, const struct sequence_address *address, uint8_t data_type);
void sequence_licence_write(struct bytes_writer *writer, const struct sequence_address *address);
void sequence_error_info_write(
	struct bytes_writer *writer, const struct sequence_address *address, uint32_t code);

/* A fast-path bitmap update of at most size bytes (and at least 156): one uncompressed rectangle
 * that every client can draw. number changes its place and colours. Returns its length. */
size_t sequence_update_write(uint8_t *ret_bytes, size_t size, uint32_t number);

/* A mouse event that carries 30 bits of number, and the host's answer to it: a pointer position. */
void sequence_ping_write(struct bytes_writer *writer, uint32_t number);
bool sequence_ping_parse(const uint8_t *frame, size_t len, uint32_t *ret_number);
void sequence_pong_write(struct bytes_writer *writer, uint32_t number);
bool sequence_pong_parse(const uint8_t *frame, size_t len, uint32_t *ret_number);

#endif
