/* Kerberos tickets of one logon (RFC 4120), by libkrb5, as a machine that does no I/O: what a KDC answered goes in, what it is
 * to be asked comes out. In sekisho-nla, after the jump host's certificate was found to be the right one and before the
 * host has said anything else.
 *
 *	AS    who are you: the ticket for tickets, with the password
 *	TGS   a ticket for TERMSRV/host, perhaps by way of another realm
 *
 * The tickets are then in TICKETS_CACHE, in the memory of this process, where WinPR's Kerberos looks for them.
 */
#ifndef NLA_TICKETS_H
#define NLA_TICKETS_H

#include "base/secret.h"
#include "rdp/pdu.h"

#include <stdint.h>

#define TICKETS_CACHE "MEMORY:sekisho"

struct tickets;

struct tickets_setup {
	const char *principal;         /* "tech@AD.SAKURA.EXAMPLE.JP" */
	const struct secret *password; /* UTF-8 */
	const char *host_name;
};

enum tickets_result {
	TICKETS_ASK,     /* the request is to be sent to a KDC of the realm */
	TICKETS_THERE,   /* they are in the cache */
	TICKETS_REFUSED, /* a KDC said no: its error number of RFC 4120 7.5.9 */
	TICKETS_BAD,     /* what it said is no answer to what was asked */
	TICKETS_NO_ROOM,
};

/* All is copied. Returns 0, -EINVAL (a name that is none), or -ENOMEM. */
int tickets_new(const struct tickets_setup *setup, struct tickets **ret_tickets);

/* The cache stays. Accepts NULL. */
void tickets_free(struct tickets *tickets);

enum tickets_result tickets_begin(struct tickets *tickets);
enum tickets_result tickets_on_reply(struct tickets *tickets, const uint8_t *bytes, size_t len);

/* After TICKETS_ASK. */
struct pdu_bytes tickets_request(const struct tickets *tickets);
const char *tickets_realm(const struct tickets *tickets);

/* After TICKETS_REFUSED, and libkrb5's own words after REFUSED and BAD: fixed texts. */
uint32_t tickets_error(const struct tickets *tickets);
const char *tickets_why(const struct tickets *tickets);

#endif
