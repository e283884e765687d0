/* The gateway's settings: one YAML file, checked strictly (H1).
 *
 * Every key is a row of settings.def; the loader, conf/gateway.yaml and sekisho-gateway.yaml(5) are
 * made from the rows. A wrong file is refused whole, with every mistake in it named:
 *
 *	gateway.yaml:12:9: unknown key `certficate` in `tls`; did you mean `certificate`?
 *
 * The struct is read-only after loading. Times are in milliseconds, whatever unit the file used.
 * Pointers are never NULL unless the comment says so; texts are valid UTF-8 without control characters.
 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "relay/phases.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* A list of short texts: user names, paths. */
struct settings_names {
	char **items;
	size_t count;
};

/* An IPv4 or IPv6 network in CIDR form; a single address has the longest prefix. */
struct settings_network {
	int family;        /* AF_INET, AF_INET6 */
	uint8_t bytes[16]; /* 4 used for AF_INET; bits past the prefix are 0 */
	uint8_t prefix;    /* 0-32, 0-128 */
};

struct settings_networks {
	struct settings_network *items;
	size_t count;
};

/* A numeric address with a port, ready for bind(2). */
struct settings_endpoint {
	struct sockaddr_storage address; /* ss_family AF_UNSPEC: not set */
	socklen_t len;
	char text[64]; /* "10.0.0.1:3389", "[fd00::1]:3389" */
};

/* A host name or numeric address with a port, for people and clients. */
struct settings_host {
	char *name; /* NULL: not set */
	uint16_t port;
};

enum settings_side {
	SETTINGS_INSIDE,  /* 院内 */
	SETTINGS_OUTSIDE, /* 院外 */
};

/* Kinds of device evidence (E), strongest first; a listener's `evidence` has the bit 1u << kind. */
enum settings_evidence {
#define EVIDENCE(name, text, look, rests_on) SETTINGS_EVIDENCE_##name,
#include "supervisor/evidence.def"
#undef EVIDENCE
	SETTINGS_EVIDENCE_COUNT,
};

enum settings_proxy {
	SETTINGS_PROXY_OFF,
	SETTINGS_PROXY_V2,
};

enum settings_tls_minimum {
	SETTINGS_TLS_1_2,
	SETTINGS_TLS_1_3,
};

enum settings_lease_format {
	SETTINGS_LEASE_DNSMASQ,
	SETTINGS_LEASE_KEA, /* kea-dhcp4/6 memfile, CSV */
};

enum settings_log_format {
	SETTINGS_LOG_TEXT,
	SETTINGS_LOG_JSON,
};

enum settings_log_records {
	SETTINGS_RECORDS_OFF,
	SETTINGS_RECORDS_JOURNAL,
	SETTINGS_RECORDS_SYSLOG,
};

enum settings_hours_end {
	SETTINGS_HOURS_CONTINUE, /* a running session goes on */
	SETTINGS_HOURS_DISCONNECT,
};

/* As enum holder_shown of policy/store/store.h. */
enum settings_holder {
	SETTINGS_HOLDER_ACCOUNT,
	SETTINGS_HOLDER_NAME,
	SETTINGS_HOLDER_VENDOR,
	SETTINGS_HOLDER_NOBODY,
};

enum settings_sign_in {
	SETTINGS_SIGN_IN_OFF,
	SETTINGS_SIGN_IN_ON,
};

enum settings_handover {
	SETTINGS_HANDOVER_AUTO,
	SETTINGS_HANDOVER_IN_BAND,
	SETTINGS_HANDOVER_REDIRECT,
};

/* As enum password_policy of policy/sign_in.h. */
enum settings_password_policy {
	SETTINGS_PASSWORD_LONG,
	SETTINGS_PASSWORD_TWO_MONTHS,
	SETTINGS_PASSWORD_SECOND_FACTOR,
};

enum settings_second_factor {
	SETTINGS_SECOND_FACTOR_OFF,
	SETTINGS_SECOND_FACTOR_OPTIONAL,
	SETTINGS_SECOND_FACTOR_REQUIRED,
};

struct settings_listener {
	char *name;
	struct settings_endpoint address;
	enum settings_side side;
	uint32_t evidence; /* bit set of 1u << enum settings_evidence */
	enum settings_proxy proxy;
	struct settings_networks proxy_from; /* not empty when proxy is v2 */
	enum settings_sign_in sign_in;
	enum settings_handover handover;
};

struct settings_listeners {
	struct settings_listener *items;
	size_t count; /* 1-32 */
};

struct settings_lease_file {
	char *path;
	enum settings_lease_format format;
};

struct settings_lease_files {
	struct settings_lease_file *items;
	size_t count;
};

/* To whom a banner or a notice is shown. */
enum settings_shown {
	SETTINGS_SHOWN_WITH_SCREEN, /* who sees the sign-in screen anyway */
	SETTINGS_SHOWN_ALWAYS,      /* also whose client brings all that is asked for */
};

struct settings_notice {
	char *text;
	enum settings_shown shown;
	char *until; /* "2026-11-21", the last day; NULL: no end */
};

struct settings_notices {
	struct settings_notice *items;
	size_t count;
};

struct settings_role {
	struct settings_names users;
	struct settings_names groups;
};

struct settings {
	char *file; /* where they were read */

	struct {
		char *id; /* prefix of account and terminal names: "998-"; may be empty */
		char *name;
		char *domain;    /* without "@" */
		char *time_zone; /* a name of tzdata: "Asia/Tokyo" */
	} facility;

	struct settings_host
		public_address; /* what .rdp files say; name NULL: the listener's own */
	struct settings_listeners listeners;

	struct {
		char *certificate; /* PEM, the whole chain, leaf first */
		char *key;         /* PEM; only sekisho-key reads it */
		enum settings_tls_minimum minimum;
	} tls;

	char *database;
	struct {
		char *folder; /* NULL: beside the database */
	} backups;
	char *facility_key;
	char *session_log;
	struct {
		enum settings_log_format format;
		enum settings_log_records records;
	} log;
	char *control_socket;

	struct {
		uint32_t admit_ms;
		uint32_t sniff_ms;
		uint32_t secure_ms;
		uint32_t introduce_ms;
		uint32_t decide_ms;
		uint32_t greet_ms;   /* signing in, on the screen */
		uint32_t consent_ms; /* waiting for the hospital's permission */
		uint32_t watcher_ms; /* waiting for somebody who watches */
		uint32_t attach_ms;
		uint32_t nla;       /* at once */
		uint32_t mediators; /* … */
		uint32_t players;   /* at once */
		uint32_t recorders; /* at once */
		uint32_t redirect_ms;
		uint32_t drain_ms;
		uint32_t stall_ms;    /* a side that does not read is cut after this */
		uint32_t dial_ms;     /* connect(2) to a jump host */
		uint32_t resolve_ms;  /* its name */
		uint32_t grace_ms;    /* a lost session may be continued this long */
		uint32_t ticket_ms;   /* life of a ticket, at most 60 s */
		uint32_t watchdog_ms; /* a worker silent for this long is hung */
	} limits;

	struct {
		uint32_t count;       /* never 0: the default is the number of cores */
		uint32_t connections; /* at most, in each worker */
	} workers;

	struct {
		uint32_t connections;    /* at once from one source */
		uint32_t unfinished;     /* of these, without a session yet */
		uint32_t unfinished_all; /* without a session yet, from all sources together */
		uint32_t penalty_ms;     /* added for each connection that ended badly */
		uint32_t
			penalty_threshold_ms; /* a source is refused once its penalties exceed this */
		uint32_t penalty_most_ms;     /* they never exceed this */
		uint32_t remembered;          /* sources with penalties kept in memory */
		uint32_t ipv4_prefix;         /* addresses alike in these bits are one source */
		uint32_t ipv6_prefix;
		struct settings_networks
			exempt; /* from penalties, and from `connections` and `unfinished` */
	} sources;

	struct {
		char *pam_socket;
		enum settings_password_policy password_policy;
		enum settings_second_factor second_factor;
		uint32_t earlier_passwords;   /* that may not come again: 0-10 */
		uint32_t greeters;            /* at once */
		uint32_t greeters_per_source; /* … for one source */
		uint32_t warm_greeters;
		char *banner; /* NULL: none */
		enum settings_shown banner_shown;
		struct settings_notices notices;
	} sign_in;

	struct {
		enum settings_hours_end hours_end; /* A6 */
		enum settings_holder holder; /* B5: who has a terminal, as engineers read it */
		uint32_t window_warning_ms;  /* B6: so long before one begins */
		uint32_t take_over_grace_ms; /* B5: how long who makes place may still work */
		uint32_t idle_ms;            /* D4; 0: off */
		uint32_t longest_ms;         /* D4; 0: off */
	} sessions;

	struct {
		uint32_t first_ms, second_ms, last_ms; /* before a session ends; 0: none */
	} notices;

	struct {
		char *config; /* the facility's krb5.conf (krb5_conf.h); NULL: no Kerberos */
		uint32_t deadline_ms; /* for all that is asked of KDCs in one logon */
	} kerberos;

	struct settings_names linked_services; /* A8 */

	struct {
		uint32_t every_ms;               /* looks at each terminal; 0: none (B7) */
		uint32_t away_ms;                /* away for longer is worth a warning */
		uint32_t certificate_warning_ms; /* so long before one expires */
		uint32_t restart_warning_ms;     /* so long without a restart; 0: never */
	} health;

	struct {
		uint32_t validity_ms; /* A14 */
	} exports;

	struct {
		struct settings_names auditors; /* good lines of base/auditor_key.h; may be none */
		char *directory;                /* NULL: `recordings` beside the database */
		uint32_t keep_days;             /* 0: until somebody deletes them */
		uint64_t most_bytes;            /* of one recording */
		uint64_t most_bytes_altogether; /* the oldest go first; 0: no limit */
		uint64_t least_free_bytes;      /* less than this on the disk: no recording */
		uint32_t stall_ms; /* a recorder that does not take what waits for it */
	} recording;

	struct {
		struct settings_role admin;
		struct settings_role auditor;
		struct settings_role attendant;
		struct settings_names
			refused_users; /* service users: never served on control.sock */
	} roles;

	struct {
		struct settings_lease_files lease_files;
		struct {
			struct settings_endpoint address; /* UDP; ss_family AF_UNSPEC: off */
			char *secret; /* path of the file with the shared secret, or NULL */
			struct settings_networks nas; /* who may send */
		} radius;
		struct settings_names detail_files;         /* FreeRADIUS detail */
		struct settings_names openvpn_status_files; /* status-version 2 or 3 */
		uint32_t neighbour_max_age_ms;  /* since the kernel last confirmed the row */
		uint32_t lease_max_age_ms;      /* since the lease file last changed */
		uint32_t accounting_max_age_ms; /* since the last accounting packet of a session */
		uint32_t openvpn_max_age_ms;    /* since the status file was written */
	} evidence;

	struct settings_places *places; /* where each value stood in the file; private */
};

/* One mistake or warning. line 0: the file as a whole. */
struct settings_error {
	unsigned int line;   /* from 1 */
	unsigned int column; /* from 1, in characters */
	bool warning;        /* the file is good all the same */
	char *text;          /* one line: what was found, what is allowed */
};

struct settings_errors {
	struct settings_error *items; /* sorted by line and column */
	size_t count;
	size_t mistakes; /* those that are not warnings */
	char *file;
};

/* Reads and checks a file, and the files it names (settings_check). `errors` is an empty struct of the caller's
 * (= {0}) and is filled on success too: warnings. Returns 0, -EINVAL with the mistakes in errors, or
 * -ENOMEM. *ret_settings is written only on success. */
int settings_load(const char *path, struct settings **ret_settings, struct settings_errors *errors);

/* The same from memory, without touching the file system. `name` stands before the line number. */
int settings_parse(const char *name, const void *bytes, size_t len, struct settings **ret_settings,
	struct settings_errors *errors);

/* What is named exists, is readable, and is nobody else's to read where it is secret; the time zone is in
 * tzdata; the certificate is valid today. Adds to errors. Returns 0, -EINVAL or -ENOMEM. */
int settings_check(const struct settings *settings, struct settings_errors *errors);

/* For `sekisho-gateway --check` alone, since it reads the private key: key and certificate belong together,
 * and the key is of a kind and a size that we sign with. Adds to errors. */
int settings_check_key(const struct settings *settings, struct settings_errors *errors);

/* One line each, "FILE:LINE:COLUMN: text", warnings marked as such. */
void settings_print_errors(const struct settings_errors *errors, FILE *out);

/* Names the keys, joined by ", ", that differ and are only read at the start; "" if a reload suffices.
 * Returns an allocated text, or NULL without memory. */
char *settings_restart_keys(const struct settings *old, const struct settings *new_settings);

/* Every key whose row says RELOAD is as it is in `fresh`; that has the old values then, and is to be freed. */
void settings_take_changes(struct settings *running, struct settings *fresh);

void settings_free(struct settings *settings);
void settings_errors_done(struct settings_errors *errors);

/* The time limit of a phase in ms; 0 = none. */
uint32_t settings_phase_limit_ms(const struct settings *settings, enum phase phase);

/* Whether an address lies in one of the networks. An IPv4-mapped IPv6 address counts as IPv4. */
bool settings_networks_contain(
	const struct settings_networks *networks, const struct sockaddr *address);

/* "device-certificate", "neighbour", …; "inside", "outside"; "1.2", "1.3". Never NULL for a valid one. */
const char *settings_evidence_name(enum settings_evidence evidence);
const char *settings_side_name(enum settings_side side);
const char *settings_tls_minimum_name(enum settings_tls_minimum minimum);

#endif
