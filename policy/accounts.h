/* Accounts (A1-A9): what their fields may hold, and how people write them. Pure.
 *
 * The parse functions check one value. They return 0, or -EINVAL with the error filled in.
 */
#ifndef POLICY_ACCOUNTS_H
#define POLICY_ACCOUNTS_H

#include "policy/civil.h"
#include "policy/field_error.h"
#include "policy/protection.h"
#include "policy/vendors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNT_ID_MAX 60 /* the typed part */
#define ACCOUNT_ID_SIZE (ACCOUNT_ID_MAX + 1)
#define FACILITY_PREFIX_SIZE 33
#define FACILITY_DOMAIN_SIZE 256
#define ACCOUNT_FULL_ID_SIZE (FACILITY_PREFIX_SIZE + ACCOUNT_ID_SIZE + FACILITY_DOMAIN_SIZE)
#define ACCOUNT_NAMES_MAX 64 /* characters, both names together */
#define ACCOUNT_NAME_SIZE (ACCOUNT_NAMES_MAX * 4 + 1)
#define ACCOUNT_EMAIL_MAX 64
#define ACCOUNT_EMAIL_SIZE (ACCOUNT_EMAIL_MAX * 4 + 1)
#define ACCOUNT_MACS_MAX 20
#define ACCOUNT_VALIDITY_YEARS 2
#define ACCOUNT_SESSIONS_MAX 1000
#define LINKED_SERVICES_MOST 16
#define HOLDER_SIZE (2 * ACCOUNT_NAME_SIZE) /* an account, a person's name or a vendor */
#define LINKED_SERVICE_MAX 64               /* characters */
#define LINKED_SERVICE_SIZE (LINKED_SERVICE_MAX * 4 + 1)
#define ACCOUNT_PRIORITY_MAX 9
#define ACCOUNT_HOURS_STEP 30 /* minutes */
#define ACCOUNT_HOURS_SIZE 12 /* "08:30-17:30" */
#define MAC_TEXT_SIZE 18

/* What stands before and after the typed part: "998-" and "example.jp" make 998-taro@example.jp. */
struct facility {
	char prefix[FACILITY_PREFIX_SIZE]; /* digits and '-', or empty */
	char domain[FACILITY_DOMAIN_SIZE]; /* without '@', or empty */
};

enum account_kind {
	ACCOUNT_ENGINEER,
	ACCOUNT_ADMIN,
	ACCOUNT_AUDITOR,
	ACCOUNT_ATTENDANT,
	ACCOUNT_KIND_COUNT
};

enum file_sharing {
	FILE_SHARING_DENY,
	FILE_SHARING_AFTER_APPROVAL,
	FILE_SHARING_ALWAYS,
	FILE_SHARING_COUNT
};

/* Not always: from <= now < until, over midnight where until is not after from. */
struct account_hours {
	bool always;
	uint16_t from;  /* minute of the day, a multiple of ACCOUNT_HOURS_STEP */
	uint16_t until; /* never equal to from */
};

struct mac_address {
	uint8_t octets[6];
};

struct account {
	int64_t number;           /* in the store; never shown, never used twice */
	char id[ACCOUNT_ID_SIZE]; /* the typed part, as first written */
	char family_name[ACCOUNT_NAME_SIZE];
	char given_name[ACCOUNT_NAME_SIZE];
	char email[ACCOUNT_EMAIL_SIZE];
	enum account_kind kind;
	struct civil_date valid_from;
	struct civil_date valid_until;
	struct account_hours hours;
	bool allowlist_enforced;
	struct mac_address macs[ACCOUNT_MACS_MAX];
	size_t mac_count;
	enum file_sharing file_sharing;
	bool locked;
	int64_t vendor;                           /* in the store; 0: none */
	char vendor_name[VENDOR_NAME_SIZE];       /* "": none */
	uint32_t max_sessions;                    /* at once; 0: no limit (A20) */
	uint32_t denied_rights;                   /* closed to it whatever a terminal grants (B8) */
	char protected_note[PROTECTED_NOTE_SIZE]; /* "": not protected (A18) */
	int64_t version;                          /* counts the changes */
	char changed_by[ACTOR_SIZE];              /* who made the last one; "": nobody knows */
	int64_t last_session_us;                  /* start of the newest one; 0: none yet */
	int64_t created_us;
	int64_t updated_us;
};

const char *account_kind_name(enum account_kind kind);  /* "engineer" */
const char *file_sharing_name(enum file_sharing right); /* "after-approval" */

/* "active", "not-yet", "expired" or "locked" on that day. */
const char *account_state(const struct account *account, struct civil_date today);

/* Past its last day (失効), locked or not. */
bool account_expired(const struct account *account, struct civil_date today);

/* Reads the typed part or the full form; ret_id gets the typed part as written. */
int account_id_parse(
	const struct facility *facility, const char *text, char *ret_id, struct field_error *error);

/* ret_full has room for ACCOUNT_FULL_ID_SIZE characters. */
void account_id_full(const struct facility *facility, const char *id, char *ret_full);

/* Both names at once, since their length is limited together; blanks around them are dropped. */
int account_names_parse(
	const char *family, const char *given, struct account *account, struct field_error *error);
int account_email_parse(const char *text, char *ret_email, struct field_error *error);
int account_kind_parse(const char *text, enum account_kind *ret_kind, struct field_error *error);
int account_max_sessions_parse(int64_t value, uint32_t *ret_most, struct field_error *error);
int file_sharing_parse(const char *text, enum file_sharing *ret_right, struct field_error *error);

/* NULL texts take A3's defaults: today, and two years less a day. */
int account_validity_parse(const char *from, const char *until, struct civil_date today,
	struct account *account, struct field_error *error);

/* "always" or "HH:MM-HH:MM". */
int account_hours_parse(
	const char *text, struct account_hours *ret_hours, struct field_error *error);
void account_hours_format(const struct account_hours *hours, char *ret_text);
bool account_hours_contain(const struct account_hours *hours, uint16_t minute);

/* The three forms of A4; group addresses and zero are nobody's device. */
int mac_parse(const char *text, struct mac_address *ret_mac, struct field_error *error);

/* "AA:BB:CC:DD:EE:FF"; ret_text has room for MAC_TEXT_SIZE characters. */
void mac_format(const struct mac_address *mac, char *ret_text);
bool mac_equal(const struct mac_address *one, const struct mac_address *other);

/* Adds one; one that is there already changes nothing; the 21st is refused. */
int account_mac_add(struct account *account, const char *text, struct field_error *error);

/* Takes one away; one that is not there is refused. */
int account_mac_remove(struct account *account, const char *text, struct field_error *error);

#endif
