/* A VPN's accounting: what one record says, three ways to read one, and the sessions that follow from them.
 *
 * A record comes as a RADIUS Accounting-Request (RFC 2866) or as a paragraph of FreeRADIUS's detail file; both give
 * the same struct. The readers are pure: no I/O, no allocation, no log.
 */
#ifndef SUPERVISOR_ACCOUNTING_H
#define SUPERVISOR_ACCOUNTING_H

#include "supervisor/evidence_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Acct-Status-Type (RFC 2866, 5.1); others are read and mean nothing here. */
enum accounting_status {
	ACCOUNTING_START = 1,
	ACCOUNTING_STOP = 2,
	ACCOUNTING_INTERIM = 3,
	ACCOUNTING_ON = 7,
	ACCOUNTING_OFF = 8,
};

#define ACCOUNTING_TEXT_MAX 253 /* RFC 2865, 5: an attribute's value */

struct accounting_text {
	uint8_t bytes[ACCOUNTING_TEXT_MAX];
	uint8_t len; /* 0: absent */
};

struct accounting_record {
	uint32_t status;
	struct accounting_text session; /* Acct-Session-Id */
	struct accounting_text
		nas; /* NAS-IP-Address, NAS-IPv6-Address and NAS-Identifier, one after another */
	uint8_t ipv4[ADDRESS_SIZE]; /* Framed-IP-Address, as ::ffff:a.b.c.d */
	uint8_t ipv6[ADDRESS_SIZE]; /* Framed-IPv6-Address (RFC 6911) */
	uint8_t mac[MAC_SIZE];      /* Calling-Station-Id, if it is a MAC address */
	bool has_ipv4;
	bool has_ipv6;
	bool has_mac;
	uint32_t timeout_s; /* Session-Timeout; 0: none */
	int64_t event_s;    /* Event-Timestamp, or the detail file's Timestamp; 0: none */
};

/* RADIUS, RFC 2866, 3 and RFC 2865, 3. */
#define RADIUS_PACKET_MIN 20
#define RADIUS_PACKET_MAX 4095

enum radius_verdict {
	RADIUS_GOOD,
	RADIUS_MALFORMED, /* lengths do not fit, or not an Accounting-Request */
	RADIUS_WRONG_SECRET, /* Request Authenticator or Message-Authenticator is not what the secret gives */
	RADIUS_NO_DIGEST, /* this machine's OpenSSL offers no MD5 */
};

/* Reads one datagram. Bytes past the packet's own length are padding and are ignored (RFC 2866, 3). */
enum radius_verdict radius_read(const uint8_t *packet, size_t len, const void *secret,
	size_t secret_len, struct accounting_record *ret_record);

/* The attributes alone, without any digest: radius_read's second half. */
enum radius_verdict radius_read_attributes(
	const uint8_t *packet, size_t len, struct accounting_record *ret_record);

/* Builds the Accounting-Response to a request that radius_read found good. Returns its length, 20, or 0 if there
 * is no MD5. ret_packet has room for RADIUS_PACKET_MIN bytes. */
size_t radius_answer(
	const uint8_t *request, const void *secret, size_t secret_len, uint8_t *ret_packet);

/* FreeRADIUS's detail file (rlm_detail): a line with the date, a line "\tName = value" for each attribute, an empty line
 * after the record. A record without its empty line is still being written: it is not given, and `rest`
 * begins with it. Records without Timestamp or status are skipped. */
struct radius_detail {
	struct slice rest;
	size_t skipped;
};

void radius_detail_init(struct radius_detail *reader, const char *text, size_t len);
bool radius_detail_next(struct radius_detail *reader, struct accounting_record *ret_record);

/* The sessions that records tell of. Times are seconds on a clock of the caller's choice. */
struct accounting_sessions;

#define ACCOUNTING_SESSIONS_MAX 16384

enum accounting_applied {
	ACCOUNTING_TAKEN,
	ACCOUNTING_MEANINGLESS, /* a status that says nothing about a session, or no Acct-Session-Id */
	ACCOUNTING_OUT_OF_ORDER, /* older than what is known of the session, or a Start of a session that has ended */
	ACCOUNTING_NO_MEMORY,
};

struct accounting_sessions *accounting_sessions_new(void);
void accounting_sessions_free(struct accounting_sessions *sessions);

/* `sender` (16 bytes) is the one who sent the record: NAS names of different senders are different. */
enum accounting_applied accounting_sessions_apply(struct accounting_sessions *sessions,
	const struct accounting_record *record, const uint8_t *sender, int64_t now_s);

struct accounting_known {
	uint32_t live; /* sessions that hold the address and were heard of recently */
	uint32_t
		silent; /* sessions that hold it but were not heard of for too long, or ran into their timeout */
	bool has_mac; /* every live one names a device, and all name the same */
	bool several; /* live ones name different devices, or some none */
	uint8_t mac[MAC_SIZE];
	int64_t heard_s; /* of the live one heard of last */
};

void accounting_sessions_find(const struct accounting_sessions *sessions, const uint8_t *address,
	int64_t now_s, int64_t max_age_s, struct accounting_known *ret_known);

/* How many are held, ended ones included. */
size_t accounting_sessions_count(const struct accounting_sessions *sessions);

#endif
