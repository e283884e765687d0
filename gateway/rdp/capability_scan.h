/* Demand Active and Confirm Active (MS-RDPBCGR 2.2.1.13) on their way through: in their capability sets, compression of
 * static channels is taken out (Virtual Channel Capability Set, 2.2.7.1.10), so that channel filters can read what
 * comes. Bytes are changed in place as they pass, in pieces of any size; no length changes. */
#ifndef RDP_CAPABILITY_SCAN_H
#define RDP_CAPABILITY_SCAN_H

#include "rdp/pdu.h"

struct capability_scan {
	uint8_t step;    /* of capability_scan.c; 0: nothing is being looked for */
	uint8_t have;    /* bytes of the field that is being read */
	uint32_t value;  /* so far */
	uint32_t skip;   /* bytes until the next field */
	uint16_t source; /* length of the source descriptor */
	uint16_t sets;   /* that are still to come */
	uint16_t type;   /* of this one */
	uint16_t left;   /* bytes of this one behind its header */
};

/* The next byte to be given is the first one of a share control header. */
void capability_scan_demand(struct capability_scan *scan);
void capability_scan_confirm(struct capability_scan *scan);

/* What follows is something else. */
void capability_scan_stop(struct capability_scan *scan);

/* Returns how many sets were changed. */
unsigned int capability_scan_bytes(struct capability_scan *scan, uint8_t *bytes, size_t len);

#endif
