/* Terminals (B1, B4, B5): what their fields may hold. Pure. As accounts.h: 0, or -EINVAL and the error. */
#ifndef POLICY_TERMINALS_H
#define POLICY_TERMINALS_H

#include "policy/field_error.h"
#include "policy/host_credentials.h"
#include "policy/oversight.h"
#include "policy/protection.h"
#include "policy/rights.h"

#include <stdbool.h>
#include <stdint.h>

#define TERMINAL_NAME_MAX 64 /* characters */
#define TERMINAL_NAME_SIZE (TERMINAL_NAME_MAX * 4 + 1)
#define TERMINAL_ADDRESS_SIZE 256
#define TERMINAL_HOST_SIZE (TERMINAL_ADDRESS_SIZE + 8) /* an address in brackets, and a port */
#define TERMINAL_NOTE_MAX 1000                         /* characters */
#define TERMINAL_NOTE_SIZE (TERMINAL_NOTE_MAX * 4 + 1)
#define TERMINAL_PIN_BYTES 32        /* SHA-256 of the certificate's DER */
#define TERMINAL_CA_BUNDLE_MAX 65535 /* bytes of PEM */
#define TERMINAL_DEFAULT_PORT 3389
#define TERMINAL_CAPACITY_MAX 1000
#define TERMINAL_MINUTES_MAX 10080 /* a week */
#define TERMINAL_AS_SET (-1)       /* as the settings say */

/* How the jump host's certificate is judged. NONE: not yet trusted, no session. */
enum terminal_trust {
	TERMINAL_TRUST_NONE,
	TERMINAL_TRUST_PIN,
	TERMINAL_TRUST_CA,
	TERMINAL_TRUST_COUNT
};

struct terminal {
	int64_t number;
	char name[TERMINAL_NAME_SIZE];
	char address[TERMINAL_ADDRESS_SIZE]; /* host name, IPv4 or IPv6 without brackets */
	uint16_t port;
	char note[TERMINAL_NOTE_SIZE];
	enum terminal_trust trust;
	uint8_t pin[TERMINAL_PIN_BYTES]; /* when trust is PIN */
	char *ca_bundle; /* PEM when trust is CA, else NULL; owned, see terminal_done */
	uint32_t rights; /* bits of enum session_right */
	char channels[RIGHT_CHANNELS_SIZE]; /* dynamic ones that pass besides, joined by commas */
	bool in_service;
	bool attendance_required;
	enum credential_mode credentials; /* how sessions sign on */
	int64_t credentials_since_us;     /* that it is so; 0: from the beginning */
	enum terminal_nla nla;
	enum terminal_relay relay;
	enum terminal_recording recording;
	bool record_input;       /* keys and mouse as well, where sessions are recorded */
	bool four_eyes;          /* somebody must watch, or there is no input */
	bool show_watchers;      /* to the engineer, in mediated sessions */
	uint32_t capacity;       /* sessions at once; 0: no limit */
	bool take_over;          /* a higher priority takes a place (B5) */
	int32_t idle_minutes;    /* D4; TERMINAL_AS_SET, 0: off */
	int32_t longest_minutes; /* the same: how long a session may last */
	char protected_note[PROTECTED_NOTE_SIZE]; /* "": not protected (A18) */
	int64_t version;                          /* counts the changes */
	char changed_by[ACTOR_SIZE];              /* who made the last one; "": nobody knows */
	int64_t last_session_us;                  /* start of the newest one; 0: none yet */
	int64_t created_us;
	int64_t updated_us;
};

/* Frees what it holds; accepts an empty one. */
void terminal_done(struct terminal *terminal);

const char *terminal_trust_name(enum terminal_trust trust); /* "pin" */

int terminal_name_parse(const char *text, char *ret_name, struct field_error *error);

/* Digits and a hyphen at its beginning, as facilities have them: "998-". */
bool terminal_name_has_prefix(const char *name);

/* Whether what somebody typed names this terminal: in either case (of ASCII), with or without the facility's prefix. */
bool terminal_name_is(const char *prefix, const char *typed, const char *name);

/* Puts the facility's prefix before a name that has none; -EINVAL if it is too long then. */
int terminal_name_add_prefix(const char *prefix, char *name, struct field_error *error);
int terminal_address_parse(const char *text, char *ret_address, struct field_error *error);

/* Address and port in one spelling, as "pacs-01.internal:3389" or "[fe80::1]:3389": equal for what is dialled alike. ret_host:
 * TERMINAL_HOST_SIZE. */
void terminal_host(const struct terminal *terminal, char *ret_host);
int terminal_port_parse(int64_t value, uint16_t *ret_port, struct field_error *error);
int terminal_note_parse(const char *text, char *ret_note, struct field_error *error);
int terminal_capacity_parse(int64_t value, uint32_t *ret_capacity, struct field_error *error);

/* "30min", "8h", "90" (minutes), "off" (0), "default" (TERMINAL_AS_SET). */
int terminal_minutes_parse(
	const char *text, const char *field, int32_t *ret_minutes, struct field_error *error);

/* 64 hexadecimal digits, colons between octets allowed. ret_pin: TERMINAL_PIN_BYTES. */
int terminal_pin_parse(const char *text, uint8_t *ret_pin, struct field_error *error);

/* Certificates in PEM and nothing else; at least one. */
int terminal_ca_bundle_check(const char *text, struct field_error *error);

#endif
