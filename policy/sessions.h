/* Tickets and sessions: what the supervisor does inside store jobs (policy/store/store.h). Each call is
 * part of the job's transaction: verdict, ticket, session row and event are kept together or not at all.
 *
 * All return 0, with the verdict in the answer, or a negative errno when the store failed: then
 * nothing is kept and nothing may be relayed.
 */
#ifndef POLICY_SESSIONS_H
#define POLICY_SESSIONS_H

#include "policy/accounts.h"
#include "policy/field_error.h"
#include "policy/logins.h"
#include "policy/protection.h"
#include "policy/terminals.h"
#include "relay/close_reasons.h"
#include "relay/phases.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

#define SESSION_ID_BYTES 16
#define SOURCE_SIZE 64        /* an address as text */
#define EVIDENCE_SIZE 24      /* "neighbour", "lease", "vpn", "vouched", "none" … */
#define TICKET_HANDLE_SIZE 18 /* "+" and 16 hexadecimal digits */
#define TICKET_SECRET_SIZE \
	44 /* 256 bits, base64url without padding: fits rdesktop's 63 characters */
#define REASON_CHARACTERS_MOST 250 /* of what people give as a reason */
#define SESSION_HOLDERS_SIZE 512   /* who holds a terminal, for administrators */
#define BECAUSE_SIZE (4 * REASON_CHARACTERS_MOST + 1)

/* What the supervisor knows of the client's device (E). */
struct device_evidence {
	bool known;
	struct mac_address mac;
	char kind[EVIDENCE_SIZE]; /* literal of the kind when known, else "none" */
};

/* Somebody's consent, good for one session (C7; policy/attendance.h). */
struct attendance {
	bool given;
	char by[ACTOR_SIZE]; /* "unix:yamada" */
	bool control;        /* the engineer may control; false: look only (no input is relayed) */
	bool files;     /* file channels (B8) may open where the terminal's rights allow them */
	int64_t number; /* row of the number that was used; 0: live consent */
};

struct ticket_request {
	const char *actor;
	const char *account;  /* typed part or full form */
	const char *terminal; /* its name */
	const char *mac;      /* vouched address, or NULL */
	const char *source;   /* bound to this address, or NULL */
};

struct ticket_answer {
	enum close_reason reason;           /* CLOSE_NONE: issued */
	const char *rule;                   /* name of the rule that refused, or NULL */
	char holders[SESSION_HOLDERS_SIZE]; /* who has the terminal that is full, or "" */
	struct field_error
		error; /* error.field set: a parameter is wrong (ticket_issue returns -EINVAL) */
	char handle[TICKET_HANDLE_SIZE];
	char secret[TICKET_SECRET_SIZE]; /* the only copy: wipe it after use */
	int64_t expires_us;
	int64_t closes_us; /* a window begins then, which ends the session; 0: none that is to be told of */
	char account[ACCOUNT_ID_SIZE];
	char account_full[ACCOUNT_FULL_ID_SIZE];
	char terminal[TERMINAL_NAME_SIZE];
	uint32_t rights; /* what the .rdp file may ask for */
	bool recorded;   /* sessions there are */
	bool four_eyes;  /* somebody must watch them */
};

/* Asks policy at ISSUE; makes the ticket and an administration event. -EINVAL: see error. */
int ticket_issue(struct store_db *db, const struct ticket_request *request,
	struct ticket_answer *ret_answer);

struct session_request {
	uint64_t connection;
	const char *handle; /* NULL or "": none shown */
	const char *secret; /* text as the client sent it; NULL or "": none shown */
	const char *source; /* address as inet_ntop writes it, without port */
	struct device_evidence device;
	bool vouched_accepted;      /* the listener takes a ticket's vouched MAC as evidence */
	enum login_logging logging; /* of a refusal, in the login log */
};

struct session_grant {
	enum close_reason reason; /* CLOSE_NONE: allowed, and the start is recorded */
	const char *rule;         /* rule that refused, or NULL */
	bool continued; /* an older connection of this session is to be closed as CONTINUED */
	uint64_t older_connection; /* … the one that carried it last */
	bool redirected; /* by the ticket of a redirection: it was on the sign-in screen before */
	uint8_t session[SESSION_ID_BYTES];
	int64_t started_us;
	int64_t account_number; /* for the running rules */
	int64_t terminal_number;
	char account[ACCOUNT_ID_SIZE]; /* also set on a refusal as far as known, else "" */
	char account_full[ACCOUNT_FULL_ID_SIZE];
	char account_name[ACCOUNT_NAME_SIZE + ACCOUNT_NAME_SIZE]; /* "family given" */
	struct device_evidence device;                            /* what counted in the end */
	bool allowlist_off;                                       /* A4: marked in the log */
	struct terminal
		terminal; /* name, address, port, trust, pin, CA; rights, less what attendance denies */
	struct attendance
		attendance; /* who let the session in; `given` is false if nobody had to */
	/* For the jump host: those stored for the terminal, for this start alone; what was typed at signing in is added by
	 * who has it. session_grant_done wipes them. */
	struct host_credentials credentials;
};

/* Redeems the ticket (60 s of boot time, same boot, source, secret) and burns it, whatever the verdict;
 * a wrong secret or source burns nothing. Asks policy at REDEEM; makes the session row and the start event. A ticket that has been used continues its own
 * session if that is active or lost within the grace time, from the same source with evidence of the
 * same device, and the running rules allow it. The caller calls session_grant_done. */
int session_begin(struct store_db *db, const struct session_request *request,
	struct session_grant *ret_grant);
void session_grant_done(struct session_grant *grant);

/* A client that has lost its connection and shows the cookie of its session (supervisor/resumes.h). */
struct session_resumption {
	uint64_t connection;
	uint8_t session[SESSION_ID_BYTES];
	const char *
		account; /* who the client says it is; what is no account of the gateway's is not looked at */
	const char *source;
	struct device_evidence device;
	bool vouched_accepted;
	enum login_logging logging;
};

/* The session goes on under the conditions of a ticket that is shown again. A refusal is logged only if the cookie came from
 * another source, or from who says to be somebody else: everybody else goes on to the sign-in screen. The caller calls session_grant_done. */
int session_resume(struct store_db *db, const struct session_resumption *request,
	struct session_grant *ret_grant);

struct session_ending {
	uint8_t session[SESSION_ID_BYTES];
	uint64_t
		connection; /* that ended; if another one carries the session by now, the session goes on,
			       unless it was killed */
	enum close_reason reason;
	enum phase phase; /* in which it ended */
	uint64_t bytes_from_client;
	uint64_t bytes_to_client;
	char by[ACTOR_SIZE];        /* "" unless a person ended it */
	char because[BECAUSE_SIZE]; /* "" if none */
};

/* Ends the session: state by the reason's row, bytes are added to those of earlier connections.
 * CLOSE_CONTINUED adds the bytes alone. A session that has ended already is left as it is.
 * *ret_row (may be NULL) gets the session as `log connections` shows it: the caller's reference. */
int session_end(struct store_db *db, const struct session_ending *ending, json_t **ret_row);

/* Ends a lost session for good: its client may not come back any more. -ENOENT if there is none such, or not any more. */
int session_end_lost(struct store_db *db, const struct session_ending *ending, json_t **ret_row);

/* Those that run, or are lost and may still come back, with an id from `low` to `high`: as session_json_between. */
int session_json_going_on(struct store_db *db, const uint8_t *low, const uint8_t *high,
	int64_t most, json_t **ret_rows);

/* At start-up: what a crash left open ends as `lost`, GATEWAY_DIED. *ret_rows: an array of these sessions as
 * `log connections` shows them, the caller's reference. */
int sessions_close_left_open(struct store_db *db, json_t **ret_rows);

/* The session's row as `log connections` shows it, new reference; -ENOENT. */
int session_row(struct store_db *db, const uint8_t *session, json_t **ret_row);

struct running_verdict {
	uint8_t session[SESSION_ID_BYTES];
	enum close_reason reason;
	const char *rule;
};

/* Asks the running rules for the active sessions of an account and of a terminal (0: of none);
 * both 0: of all. Returns those that must end; the caller frees *ret_verdicts. Reading suffices. */
int session_running_verdicts(struct store_db *db, int64_t account_number, int64_t terminal_number,
	struct running_verdict **ret_verdicts, size_t *ret_count);

/* Every change by a person. before, after and because may be NULL; they stay the caller's. */
int admin_event(struct store_db *db, const char *actor, const char *action, const char *target,
	json_t *before, json_t *after, const char *because);

/* The same with more fields of the event: takes the object. */
int admin_event_with(struct store_db *db, const char *actor, const char *action, const char *target,
	json_t *before, json_t *after, const char *because, json_t *more);

#endif
