/* The texts at the top of an event's payload, found without making a tree of it. Pure.
 *
 * Only for payloads as record_text() writes them: one object, no blanks, keys in ascending order, once each. Of
 * anything else the scan says so, and whoever asked reads it with jansson.
 */
#ifndef POLICY_PAYLOAD_SCAN_H
#define POLICY_PAYLOAD_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct payload_scan {
	const char *at;
	const char *key; /* the one before; NULL at the beginning */
	size_t key_len;
};

/* Points into the payload. */
struct payload_member {
	const char *key;
	size_t key_len;
	const char *text; /* between its quotes; NULL if the value is no text */
	size_t text_len;
};

/* payload ends with a NUL and outlives the scan. */
void payload_scan_init(struct payload_scan *scan, const char *payload);

/* 1: a member; 0: there are no more; -EBADMSG: not in the form above, or the value is a text with escapes. */
int payload_scan_next(struct payload_scan *scan, struct payload_member *ret_member);

#endif
