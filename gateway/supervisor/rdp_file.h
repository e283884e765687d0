/* The text of a .rdp file that carries a ticket: UTF-8, CRLF, a byte order mark is not needed because
 * everything in it is ASCII. Pure.
 *
 * The handle goes into `loadbalanceinfo`, which clients send as routing token in the clear (MS-RDPBCGR
 * 3.2.5.3.1); the secret into `username`, which then stays inside TLS. Everything a client can redirect
 * is switched off but what the terminal's rights grant.
 */
#ifndef SUPERVISOR_RDP_FILE_H
#define SUPERVISOR_RDP_FILE_H

#include <stddef.h>
#include <stdint.h>

struct rdp_file {
	const char *host; /* name or numeric address, IPv6 without brackets */
	uint16_t port;
	const char *handle;
	const char *secret;
	uint32_t rights; /* bits of enum session_right */
};

#define RDP_FILE_SIZE 4096

/* Writes the text with its NUL into room. Returns its length, -EMSGSIZE if it does not fit, -EINVAL if a
 * field holds what would begin another line. */
int rdp_file_write(const struct rdp_file *file, char *room, size_t size);

#endif
