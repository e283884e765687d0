/* The PROXY protocol header, version 2, in which a load balancer says who the client is
 * (haproxy's doc/proxy-protocol.txt, section 2.2). Pure: bytes in, struct out.
 *
 * Only the supervisor reads it, and only from addresses that the listener's proxy_from names.
 */
#ifndef SUPERVISOR_PROXY_H
#define SUPERVISOR_PROXY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The fixed part: signature, version and command, family, length of the rest. */
#define PROXY_FIXED_SIZE 16
/* The longest whole header that is accepted: addresses and some TLVs, which are skipped. */
#define PROXY_HEADER_MAX 1024

enum proxy_result {
	PROXY_NEED_MORE, /* so far it may become a header; ret_needed says how long it will be at least */
	PROXY_BAD,
	PROXY_LOCAL, /* the balancer speaks for itself (a health check): no client behind it */
	PROXY_OK,
};

/* Looks at the first len bytes of a connection. *ret_needed is always set but on PROXY_BAD: to the
 * header's whole length where it is known, to PROXY_FIXED_SIZE before. On PROXY_OK *ret_source is the
 * client (AF_INET or AF_INET6 with its port; IPv4 in IPv6 is turned into IPv4). */
enum proxy_result proxy_parse(
	const uint8_t *bytes, size_t len, size_t *ret_needed, struct sockaddr_storage *ret_source);

#endif
