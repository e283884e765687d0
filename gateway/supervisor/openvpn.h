/* OpenVPN: which device holds which address of the tunnel, as bytes in memory.
 *
 * OpenVPN's status file says who is connected and with which addresses, but names no MAC address. A client with
 * `push-peer-info` tells its own (IV_HWADDR), and the server hands it to the client-connect script alone. So two files
 * belong together (openvpn(8), --status, --push-peer-info, --client-connect):
 *
 *	STATUS          written by OpenVPN, `status STATUS 60`, `status-version 2` or 3
 *	STATUS.devices  written by conf/openvpn/client-connect, a line for each client that connects:
 *	                "time_unix ifconfig_pool_remote_ip IV_HWADDR"
 *
 * A client of STATUS and a line of STATUS.devices are the same connection when both the second of the connection and
 * the address in the tunnel are equal. Two lines with different MAC addresses for one connection are a contradiction.
 */
#ifndef SUPERVISOR_OPENVPN_H
#define SUPERVISOR_OPENVPN_H

#include "supervisor/evidence_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct openvpn_client {
	uint8_t ipv4[ADDRESS_SIZE]; /* in the tunnel, as ::ffff:a.b.c.d */
	uint8_t ipv6[ADDRESS_SIZE];
	bool has_ipv6;
	int64_t since_s; /* seconds since 1970 */
};

enum openvpn_problem {
	OPENVPN_GOOD,
	OPENVPN_UNFINISHED, /* no END line: it is being written just now */
	OPENVPN_VERSION_1,  /* its times are local text that no program can trust */
	OPENVPN_UNKNOWN,    /* no status file */
};

enum openvpn_column { OPENVPN_IPV4, OPENVPN_IPV6, OPENVPN_SINCE, OPENVPN_COLUMNS };

/* `init` looks at the whole file: its problem, and when it was written. */
struct openvpn_status {
	struct slice rest;
	uint8_t places[OPENVPN_COLUMNS]; /* which field of a client's line; private */
	size_t columns;
	char separator;
	int64_t written_s;
	enum openvpn_problem problem;
	size_t skipped;
};

void openvpn_status_init(struct openvpn_status *reader, const char *text, size_t len);

/* Gives the clients that have an IPv4 address in the tunnel. */
bool openvpn_status_next(struct openvpn_status *reader, struct openvpn_client *ret_client);

struct openvpn_device {
	int64_t since_s;
	uint8_t ipv4[ADDRESS_SIZE];
	uint8_t mac[MAC_SIZE];
};

struct openvpn_devices {
	struct slice rest;
	size_t skipped;
};

void openvpn_devices_init(struct openvpn_devices *reader, const char *text, size_t len);
bool openvpn_devices_next(struct openvpn_devices *reader, struct openvpn_device *ret_device);

#endif
