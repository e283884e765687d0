/* Signing in with account and password (C1, C2): what the store knows of who claims to be somebody, and what has to be
 * kept of a try. sekisho-pam asks through the supervisor; the checking itself (yescrypt, TOTP) is pam_sekisho's.
 * Inside store jobs; 0 or a negative errno.
 *
 * Guessing. Failures are counted for each pair of name and source, for each name over all sources, and (in
 * supervisor/penalties) for each source over all names. A source is an IPv4 address or the first 64 bits of an IPv6
 * address: whoever has one of those has them all.
 *
 * - A pair that fails waits: nothing for the first 3 failures, then 2 s, doubled each time, up to 15 minutes, and is
 *   forgotten a day after the last. What is tried while it waits is refused without being looked at, and not counted.
 *   Tries that began side by side do not get around it: each report that would let somebody on (PASSWORD_RIGHT,
 *   CODE_RIGHT, RIGHT) is refused while the pair waits.
 * - A name that is guessed at from many sources is closed to networks that its account has not signed in from in the last
 *   90 days, while more than SIGN_IN_GUESSES_AN_HOUR guesses from such networks stand against it (of this hour, and of the
 *   one before as far as it lies within sixty minutes). A wrong code counts SIGN_IN_CODE_WEIGHT of them: whoever comes that
 *   far has the password, and a code has six digits. Networks (24 bits of IPv4, 64 of IPv6: a VPN's pool gives its people
 *   another address each day) where its owner has signed in stay open, and failures from there are not counted. So
 *   nobody locks out a named engineer from elsewhere. Who is at a new place while the name is under attack needs a ticket from
 *   the hospital: a session begun with one makes its network known. `account unlock` forgets the failures.
 * - What is typed for an account that does not exist is counted the same way under its own name, so that nobody learns from
 *   the waiting either. What remains to be learnt: within one network, whether a name that is under attack has signed in
 *   from there.
 *
 * Names are bounded (SIGN_IN_NAME_SIZE; what no account can be called is counted under its hash), and so are the tables: of
 * the newest SIGN_IN_ROWS_MOST failures something is remembered.
 */
#ifndef POLICY_SIGN_IN_H
#define POLICY_SIGN_IN_H

#include "policy/passwords.h"
#include "policy/sessions.h"
#include "policy/windows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;

#define SIGN_IN_NAME_SIZE 129 /* of what was typed, folded and cut */
#define SIGN_IN_GUESSES_AN_HOUR 50
#define SIGN_IN_CODE_WEIGHT 5
#define SIGN_IN_ROWS_MOST 100000
#define SIGN_IN_EARLIER_MOST 10 /* passwords that may not come again */
#define TOTP_SEED_BYTES 20      /* 160 bits, RFC 4226 section 4 */
#define TOTP_SEED_MAX 64
#define TOTP_STEP_S 30 /* a code is good for its own step, and for the one before and after */

enum sign_in_second_factor {
	SECOND_FACTOR_NONE,    /* not asked for */
	SECOND_FACTOR_BOUND,   /* a code is asked for */
	SECOND_FACTOR_TO_BIND, /* is asked for and none is bound yet: enrolment */
};

/* What pam_sekisho reports; the order is that of a conversation. */
enum sign_in_report {
	SIGN_IN_PASSWORD_WRONG,
	SIGN_IN_PASSWORD_RIGHT, /* before anything else is asked: refused if too many other tries failed meanwhile */
	SIGN_IN_CODE_WRONG,
	SIGN_IN_CODE_RIGHT, /* with its step: refused if that was used before */
	SIGN_IN_BARRED, /* asks, before anything new is chosen: accepted if the rules do not let the account in */
	SIGN_IN_BOUND,        /* seed and step of a new telephone */
	SIGN_IN_PASSWORD_NEW, /* its hash; refused if it is one of the earlier ones */
	SIGN_IN_RIGHT,        /* everything that was asked for was right: failures are forgotten */
};

struct sign_in_account {
	int64_t number; /* 0: unknown, everything else is a decoy then */
	char id[ACCOUNT_ID_SIZE];
	char full_id[ACCOUNT_FULL_ID_SIZE];
	char full_name[2 * ACCOUNT_NAME_SIZE];
	/* Of an unknown account: one that nothing opens, of full cost. That of an initial password is cheap to check
	 * (policy/passwords.h): whoever checks it does the work of a full one besides, or the time tells who exists. */
	char hash[PASSWORD_HASH_SIZE];
	bool must_change; /* initial, or older than the policy allows */
	uint32_t wait_ms; /* refused without looking until so much later; 0: may try */
	enum sign_in_second_factor second_factor;
	uint8_t seed[TOTP_SEED_MAX]; /* unsealed; the caller wipes the struct */
	size_t seed_len;             /* 0: none is bound */
	uint64_t last_step;
	char earlier[SIGN_IN_EARLIER_MOST][PASSWORD_HASH_SIZE];
	size_t earlier_count;
};

/* typed: an account's typed part or full form, from whoever it may be. source: an address, without port. Always
 * answers 0 for a name that no account has. */
int sign_in_load(struct store_db *db, const char *typed, const char *source,
	struct sign_in_account *ret_account);

struct sign_in_note {
	enum sign_in_report what;
	const char *typed;
	const char *source;
	uint64_t step;    /* CODE_RIGHT, BOUND */
	const char *hash; /* PASSWORD_NEW */
	const uint8_t *seed;
	size_t seed_len; /* BOUND */
};

/* Keeps it: failure counters, the used step, the sealed seed, the new hash (with an administration event of the account's own),
 * the network that is known from now on. *ret_accepted false: the step was used before, the password is an
 * earlier one, a telephone is bound already, the pair waits by now, the rules do not let the account in (BOUND, PASSWORD_NEW),
 * or there is no such account. RIGHT of an account that the rules do not let in is accepted and keeps nothing. Nothing is told to the
 * user before this is on disk. PASSWORD_WRONG and CODE_WRONG are not reported of what was refused without looking. */
int sign_in_keep(struct store_db *db, const struct sign_in_note *note, bool *ret_accepted);

/* The login log (F2) for a sign-in that ended without a session: reason is a word of the log. */
int sign_in_refused(struct store_db *db, const char *typed, const char *source, const char *reason,
	enum login_logging logging);

/* After the password was right: may this account go on at all (every rule of rules.def that needs no terminal)? */
struct sign_in_check {
	int64_t account_number;
	const char *source;
	struct device_evidence device;
	enum login_logging logging;
};
struct sign_in_verdict {
	enum close_reason reason; /* CLOSE_NONE: go on */
	const char *rule;
	char hours[16]; /* "08:30-17:30" when the reason is OUTSIDE_HOURS, else "" */
	char date
		[CIVIL_DATE_SIZE]; /* the day that ACCOUNT_NOT_YET or ACCOUNT_EXPIRED is about, else "" */
	char full_id[ACCOUNT_FULL_ID_SIZE]; /* who it is; "" if there is no such account … */
	char person[2 * ACCOUNT_NAME_SIZE];
};
int sign_in_decide(struct store_db *db, const struct sign_in_check *check,
	struct sign_in_verdict *ret_verdict);

/* One terminal of the account, as the choice shows it. Only assigned ones are listed; sorted by name. */
struct terminal_offer {
	int64_t number;
	char name[TERMINAL_NAME_SIZE];
	bool attended;            /* needs the hospital's number or consent */
	bool recorded;            /* its sessions are … */
	bool records_input;       /* … keys and mouse as well */
	bool four_eyes;           /* somebody must watch them */
	bool show_watchers;       /* who watches is no secret */
	bool passes_credentials;  /* its session signs on with what was typed here */
	enum close_reason reason; /* CLOSE_NONE: may be chosen now */
	uint32_t sessions;        /* that it has now */
	bool takes_over; /* it is full, and this account may have a place all the same (take_over.h) */
	char opens_at
		[WINDOW_TIME_SIZE]; /* when a window is over that keeps everybody out now, or "" */
	char closes_at[WINDOW_TIME_SIZE]; /* when one begins that is to be told of, or "" */
	bool restarts;                    /* that window is for a restart */
	char window[WINDOW_TEXT_SIZE];    /* its text, or "" */
	char used_by[HOLDER_SIZE];        /* one who holds it, as this engineer may know, or "" */
};

/* The caller frees *ret_offers, also when its job has failed after that. Reading suffices. */
int sign_in_offers(struct store_db *db, const struct sign_in_check *check,
	struct terminal_offer **ret_offers, size_t *ret_count);

/* A session for who has signed in: the same decision, start record and login as session_begin, without a ticket.
 * attended: the hospital's consent for this terminal, or NULL (policy/attendance.h). */
struct signed_in_request {
	uint64_t connection;
	int64_t account_number;
	int64_t terminal_number;
	const char *source;
	struct device_evidence device;
	const struct attendance *attendance;
	enum login_logging logging;
};
int session_begin_signed_in(struct store_db *db, const struct signed_in_request *request,
	struct session_grant *ret_grant);

/* For Server Redirection: a ticket whose secret is the RedirectedSessionID (32 bits, never 0) that the client brings back
 * inside TLS; bound to account, terminal, source, device; 3 wrong tries from that source burn it, also for a
 * session that it is to continue. Redeemed by session_begin with the number as its secret in decimal. The attendance
 * goes with it. Asks policy as session_begin_signed_in does; a refusal comes into the login log, the login itself when it is
 * redeemed, or found to be dead and unused. */
struct redirect_ticket {
	enum close_reason reason; /* CLOSE_NONE: issued */
	const char *rule;         /* that refused, or NULL */
	char handle[TICKET_HANDLE_SIZE];
	uint32_t session;
};
int ticket_issue_redirect(struct store_db *db, const struct signed_in_request *request,
	struct redirect_ticket *ret_ticket);

/* The client is still here, or will not come: its ticket opens nothing any more. *ret_withdrawn false: it has come, and the
 * ticket is used. */
int ticket_withdraw_redirect(struct store_db *db, const char *handle, bool *ret_withdrawn);

/* The login log for who was sent back and did not come: tickets of redirections that died unused are burnt, and each gives
 * its row. Some at a time; asked again every minute. */
int tickets_note_unreturned(struct store_db *db);

#endif
