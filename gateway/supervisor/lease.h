/* DHCP leases: two pure readers of lease files, and a table of what stands in them.
 *
 * A reader gives the rows one by one, in the order of the file, and skips what it cannot read.
 */
#ifndef SUPERVISOR_LEASE_H
#define SUPERVISOR_LEASE_H

#include "supervisor/evidence_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lease_row {
	uint8_t address[ADDRESS_SIZE];
	uint8_t mac[MAC_SIZE];
	bool has_mac;    /* false: the row is about the address, but names no device */
	bool assigned;   /* false: declined, released or reclaimed; it voids what was said before */
	int64_t until_s; /* seconds since 1970; INT64_MAX: for ever */
};

/* dnsmasq(8), --dhcp-leasefile: "expiry MAC address name client-id", a line each. After a line "duid …" come
 * IPv6 rows, which name no MAC address (only an IAID and a DUID): they are not given. */
struct lease_dnsmasq {
	struct slice rest;
	bool ipv6;
	size_t skipped; /* lines that could not be read */
};

void lease_dnsmasq_init(struct lease_dnsmasq *reader, const char *text, size_t len);
bool lease_dnsmasq_next(struct lease_dnsmasq *reader, struct lease_row *ret_row);

/* Kea's memfile back end, DHCPv4 and DHCPv6: CSV with a header line whose names say the columns; a comma inside a
 * field is written &#x2c (Kea ARM, "Memfile"). A later row of the same address takes the place of the earlier. */
enum lease_kea_column {
	LEASE_KEA_ADDRESS,
	LEASE_KEA_HWADDR,
	LEASE_KEA_VALID_LIFETIME,
	LEASE_KEA_EXPIRE,
	LEASE_KEA_STATE,
	LEASE_KEA_LEASE_TYPE,
	LEASE_KEA_PREFIX_LEN,
	LEASE_KEA_COLUMNS
};

struct lease_kea {
	struct slice rest;
	uint8_t places[LEASE_KEA_COLUMNS]; /* which field of a line; LEASE_KEA_NOWHERE */
	bool has_header;
	size_t skipped;
};

#define LEASE_KEA_NOWHERE 255

void lease_kea_init(struct lease_kea *reader, const char *text, size_t len);
bool lease_kea_next(struct lease_kea *reader, struct lease_row *ret_row);

/* What is known of each address. */
struct lease_table;

struct lease_known {
	struct lease_row row;
	bool contradicted; /* two rows that both claim to hold name different devices */
};

#define LEASE_TABLE_MAX 131072

/* Returns NULL without memory. */
struct lease_table *lease_table_new(void);
void lease_table_free(struct lease_table *table);

/* Takes the place of what was known of the address. Returns 0, -ENOMEM or -ENOSPC (LEASE_TABLE_MAX). */
int lease_table_replace(struct lease_table *table, const struct lease_row *row);

/* Adds a row beside what is known: another device in a row that holds at now_s is a contradiction; of a row that has
 * ended and one that holds, the latter is kept. Returns as above. */
int lease_table_add(struct lease_table *table, const struct lease_row *row, int64_t now_s);

/* NULL if nothing is known. */
const struct lease_known *lease_table_find(const struct lease_table *table, const uint8_t *address);

size_t lease_table_count(const struct lease_table *table);

/* Whether the row is assigned and has not ended. */
bool lease_holds(const struct lease_row *row, int64_t now_s);

#endif
