/* What the files of sign_ins.h share.
 *
 *	sign_ins.c          life of a sign-in, its steps and clocks, limits
 *	sign_in_pages.c     what is shown: pages, sentences, the greeter
 *	sign_in_password.c  banner, credentials, PAM
 *	sign_in_choice.c    device, rules, notices, terminals
 *	sign_in_take_over.c a full terminal, from who has a lower priority
 *	sign_in_consent.c   the hospital's number or consent
 *	sign_in_told.c      that it is recorded, and somebody who watches; clients with a ticket
 *	sign_in_handover.c  from the choice to the desktop
 *	credentials.c       what Client Info says (pure)
 */
#ifndef SUPERVISOR_SIGN_IN_PRIVATE_H
#define SUPERVISOR_SIGN_IN_PRIVATE_H

#include "base/sentence.h"
#include "greeter/screens.h"
#include "policy/attendance.h"
#include "policy/sign_in.h"
#include "policy/store/store.h"
#include "policy/take_over.h"
#include "supervisor/attendances.h"
#include "supervisor/connections.h"
#include "supervisor/credentials.h"
#include "supervisor/device_search.h"
#include "supervisor/greeters.h"
#include "supervisor/pam_conversation.h"
#include "supervisor/session_starts.h"
#include "supervisor/sign_ins.h"

#define FAREWELL_SIZE 1024

enum sign_in_step {
#define STEP(name, enter, answered, time, cancel, meanwhile) STEP_##name,
#include "supervisor/sign_in_steps.def"
#undef STEP
	STEP_COUNT,
	STEP_OVER, /* where CANCEL leads: the end … */
	STEP_BACK, /* … or to another account */
};

enum sign_in_time {
	TIME_SIGNING_IN,
	TIME_CHOOSING,
	TIME_NUMBER,
	TIME_CONSENT,
	TIME_WATCHER,
	TIME_OTHERS
};

/* What a store thread works on; outlives the sign-in if need be. */
struct sign_in_job {
	struct store_job job;
	struct sign_in *sign_in; /* NULL: nobody waits for it any more */
	void (*done)(struct sign_in *sign_in, struct sign_in_job *job, int status);
	char source[SOCKET_TEXT_SIZE];

	struct sign_in_check check; /* RULES, GRACE */
	struct sign_in_verdict verdict;
	struct terminal_offer *offers;
	size_t offer_count;

	int64_t account_number, terminal_number; /* NUMBER; the terminal: GRACE, too */
	char digits[513];
	enum attendance_answer answer;
	struct attendance attendance;

	struct take_over take_over; /* GRACE */

	struct signed_in_request request; /* REDIRECT */
	struct redirect_ticket ticket;
	bool withdrawn; /* WITHDRAW */
};

struct sign_in {
	struct connection *connection; /* NULL: only handles are still being closed */
	struct sign_in *next, **at;    /* in supervisor->sign_ins */
	enum sign_in_step step;
	enum sign_in_time time; /* whose clock runs */
	int64_t since_ms;       /* when it began: in all, it has twice of each time */
	uv_timer_t clock;
	uv_timer_t patience; /* for a greeter that is still warming up, or has died */
	unsigned int open_handles;

	struct greeter *greeter; /* NULL: nothing has been shown yet */
	bool greeted;            /* it had one: there is no second */
	struct msg_show *page;   /* the newest */
	struct msg_show *
		held; /* what is shown once the banner, which is the page now, has been read; or NULL */
	bool banner_read;
	bool page_waits;    /* … for a greeter */
	unsigned int pages; /* that were shown */
	int64_t waits_since_ms;

	struct credentials credentials; /* of Client Info, then as typed */
	char source[SOCKET_TEXT_SIZE];
	uint32_t keyboard_layout;
	bool may_redirect;
	unsigned int tries;         /* of passwords, since somebody was known */
	bool noted;                 /* the login log has how the newest attempt ended */
	struct sentence form_error; /* for the form, when it is shown next */

	struct pam_conversation *pam;
	bool password_given;          /* to this conversation */
	char farewell[FAREWELL_SIZE]; /* what PAM said last, when it said yes */
	/* What was typed, for a terminal that it is passed through to; kept while one of theirs may be chosen. */
	struct host_credentials typed;
	struct secret
		typed_before; /* the newest answer without echo: typed twice, it is a new password */

	struct device_search device;
	struct sign_in_job *job; /* under way, or NULL */
	int64_t account_number;  /* 0: not signed in */
	bool barred;             /* the rules did not let it in when PAM was asked */
	char full_id[ACCOUNT_FULL_ID_SIZE];
	char person[2 * ACCOUNT_NAME_SIZE];
	size_t notice; /* the next one to be shown */

	struct terminal_offer *offers;
	size_t offer_count;
	size_t chosen; /* of them; offer_count: none */
	bool chooses;  /* it has come back from a choice: the list is shown, also one of one */
	struct waiting *waiting;
	unsigned int waits; /* how often somebody was asked */
	struct attendance attendance;
	uint8_t makes_place[SESSION_ID_BYTES]; /* GRACE: the session … */
	int64_t grace_ends_ms; /* … and until when, of CLOCK_BOOTTIME; 0: none yet */
	bool in_line;          /* for that place … */
	uint32_t priority;     /* … and with which priority */
	bool by_ticket;        /* it has not signed in: there is nothing to go back to */
	bool has_waited;       /* for somebody who watches: the whole was given the time for that */
	bool begun;            /* the session has, and waits for session_start_go_on */
	bool redirect_ignored;
	char redirected_by[TICKET_HANDLE_SIZE]; /* the ticket that the client was told; "": none */

	char when[16];                /* the hours or the day that a refusal is about */
	enum close_reason sorry;      /* what SORRY tells */
	enum sign_in_step sorry_next; /* where it goes on */
};

/* sign_in_password.c */
void sign_in_banner(struct sign_in *sign_in);
void sign_in_banner_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_credentials(struct sign_in *sign_in);
void sign_in_credentials_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_authenticate(struct sign_in *sign_in);
void sign_in_authenticate_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_leave_pam(struct sign_in *sign_in); /* nothing, if it is not asked */

/* sign_in_choice.c */
void sign_in_device(struct sign_in *sign_in);
void sign_in_rules(struct sign_in *sign_in);
void sign_in_notices(struct sign_in *sign_in);
void sign_in_notices_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_closes(struct sign_in *sign_in);
void sign_in_closes_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_choose_on(struct sign_in *
		sign_in); /* the terminal is chosen, and all that has to be told of it first has been */
void sign_in_terminals(struct sign_in *sign_in);
void sign_in_terminals_answered(struct sign_in *sign_in, const struct msg_answer *answer);

/* sign_in_take_over.c */
void sign_in_take_over(struct sign_in *sign_in);
void sign_in_take_over_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_grace(struct sign_in *sign_in);
uint32_t sign_in_grace_seconds(const struct sign_in *sign_in); /* that it still takes at most */

/* sign_in_consent.c */
void sign_in_number(struct sign_in *sign_in);
void sign_in_number_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_waiting(struct sign_in *sign_in);
void sign_in_too_late(struct sign_in *sign_in); /* the time for either is over */

/* sign_in_told.c */
void sign_in_told(struct sign_in *sign_in);
void sign_in_told_answered(struct sign_in *sign_in, const struct msg_answer *answer);
void sign_in_wait_for_watcher(struct sign_in *sign_in);
void sign_in_unwatched(struct sign_in *sign_in); /* the time for that is over */
void sign_in_leave_watched(
	struct sign_in *sign_in, enum close_reason reason); /* the session ends */
void sign_in_ready(struct connection *connection, const struct session_grant *grant);
void sign_in_go_on(struct sign_in *sign_in);

/* A sign-in of somebody who needs none. NULL: the connection is ended. */
struct sign_in *sign_in_new_for_ticket(struct connection *connection);

/* sign_in_handover.c */
void sign_in_connect(struct sign_in *sign_in);
void sign_in_shown(struct sign_in *sign_in, uint32_t serial);
void sign_in_start_session(struct sign_in *sign_in);
void sign_in_redirect(struct sign_in *sign_in);
void sign_in_withdraw(struct sign_in *sign_in);

/* The connection is over and the client not on its way back: nobody shall come with its ticket. */
void sign_in_forget_ticket(struct sign_in *sign_in);

/* sign_ins.c: the one function that changes the step. */
void sign_in_go(struct sign_in *sign_in, enum sign_in_step step);

/* The connection is ended; why is logged and told. */
void sign_in_end(struct sign_in *sign_in, enum close_reason reason);

/* Nothing more shall be done: the connection is being ended. */
bool sign_in_is_over(const struct sign_in *sign_in);

/* Forgets who has signed in, and what was chosen. */
void sign_in_start_over(struct sign_in *sign_in);

/* One at a time. NULL: no memory, and the connection is ended. `work` may touch the job alone. */
struct sign_in_job *sign_in_job_new(struct sign_in *sign_in,
	int (*work)(struct store_db *db, struct store_job *job),
	void (*done)(struct sign_in *sign_in, struct sign_in_job *job, int status));
void sign_in_job_hand_in(struct sign_in *sign_in, struct sign_in_job *job);

/* The source's penalty grows by so many units; not that of an exempt one. */
void sign_in_penalise(struct sign_in *sign_in, uint32_t units);

/* Seconds for which this source has to wait; 0: none. */
uint32_t sign_in_must_wait(const struct sign_in *sign_in);

/* The login log and the journal: somebody was refused. why: for the journal. */
void sign_in_note_refusal(struct sign_in *sign_in, enum close_reason reason, const char *why);

void sign_in_sorry_answered(struct sign_in *sign_in, const struct msg_answer *answer);

/* sign_in_pages.c: _page empties the page, _page_text and _page_error fill in a sentence, _page_show sends it, through a
 * greeter that is taken for it if there is none. Whoever has not read the banner reads it first. */
struct msg_show *sign_in_page(struct sign_in *sign_in, enum greeter_screen screen);
void sign_in_page_text(struct sign_in *sign_in, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sign_in_page_error(struct sign_in *sign_in, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void sign_in_page_said(struct sign_in *sign_in,
	const struct sentence *error); /* an error, as sentence_set made it */
void sign_in_page_plain(struct sign_in *sign_in, const char *text); /* somebody else's words */
void sign_in_page_show(struct sign_in *sign_in);

/* The banner has been read: the page that it held back. */
void sign_in_page_release(struct sign_in *sign_in);

/* The journal: what the user reads now. Nothing if there is a newer page already. */
void sign_in_note_page(const struct sign_in *sign_in, uint32_t serial);

/* SORRY with the sentence of a reason, or with the one that has been filled in already (`said`). */
void sign_in_sorry(struct sign_in *sign_in, enum close_reason reason, enum sign_in_step next);
void sign_in_sorry_said(struct sign_in *sign_in, enum close_reason reason, enum sign_in_step next);

extern const struct greeter_events sign_in_greeter_events;
extern const struct session_start_events sign_in_start_events; /* sign_in_handover.c */

#endif
