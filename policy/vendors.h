/* Vendors (A19): the companies that engineers work for, and what their fields may hold. Pure. As
 * accounts.h: the parse functions return 0, or -EINVAL and the error.
 */
#ifndef POLICY_VENDORS_H
#define POLICY_VENDORS_H

#include "policy/field_error.h"
#include "policy/protection.h"

#include <stdint.h>

#define VENDOR_NAME_MAX 64 /* characters */
#define VENDOR_NAME_SIZE (VENDOR_NAME_MAX * 4 + 1)
#define VENDOR_NOTE_MAX 1000 /* characters */
#define VENDOR_NOTE_SIZE (VENDOR_NOTE_MAX * 4 + 1)

enum vendor_kind {
	VENDOR_GENERAL,
	VENDOR_SERVER, /* keeps servers: its accounts reach further */
	VENDOR_KIND_COUNT,
};

/* None of a suspended vendor's engineers may connect (rules.def: vendor-active). */
enum vendor_state {
	VENDOR_ACTIVE,
	VENDOR_SUSPENDED,
	VENDOR_STATE_COUNT,
};

struct vendor {
	int64_t number; /* in the store; never shown, never used twice */
	char name[VENDOR_NAME_SIZE];
	enum vendor_kind kind;
	enum vendor_state state;
	char note[VENDOR_NOTE_SIZE];
	int64_t created_us;
	int64_t updated_us;
	int64_t version; /* counts its changes */
	char changed_by[ACTOR_SIZE];
};

const char *vendor_kind_name(enum vendor_kind kind);    /* "server" */
const char *vendor_state_name(enum vendor_state state); /* "suspended" */

/* Blanks around it are dropped. */
int vendor_name_parse(const char *text, char *ret_name, struct field_error *error);
int vendor_kind_parse(const char *text, enum vendor_kind *ret_kind, struct field_error *error);
int vendor_state_parse(const char *text, enum vendor_state *ret_state, struct field_error *error);
int vendor_note_parse(const char *text, char *ret_note, struct field_error *error);

#endif
