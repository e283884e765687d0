/* sign_ins.c and its parts between neighbours that are played: greeter, PAM, device evidence, store and policy, attendants,
 * the start of a session, worker and connections. What they are asked for is written down; what they answer is for the test
 * to say.
 */
#ifndef UNIT_SUPERVISOR_SIGN_INS_FIXTURE_H
#define UNIT_SUPERVISOR_SIGN_INS_FIXTURE_H

#include "greeter/screens.h"
#include "policy/take_over.h"
#include "settings/settings.h"
#include "supervisor/attendances.h"
#include "supervisor/connections.h"
#include "supervisor/evidence.h"
#include "supervisor/greeters.h"
#include "supervisor/pam_conversation.h"
#include "supervisor/session_starts.h"
#include "supervisor/sign_ins.h"

#include <stdbool.h>

#define OFFERS_MOST 4

extern uv_loop_t loop;
extern struct settings settings;
extern struct settings_listener listener;
extern struct supervisor supervisor;
extern struct connection connection;
extern struct msg_introduced introduced;

extern struct sign_in_seen {
	/* greeter */
	int greeter_begin; /* what taking one answers */
	unsigned int greeters_taken, greeters_ended;
	uint32_t keyboard_layout;
	unsigned int pages, choices;
	struct msg_show page; /* the newest */
	struct msg_choice choice[OFFERS_MOST];
	void *greeter_owner;
	const struct greeter_events *greeter;
	/* PAM */
	int pam_start;
	char pam_user[520], pam_source[SOCKET_TEXT_SIZE], pam_answer[520];
	const struct pam_events *pam;
	void *pam_owner;
	unsigned int conversations, pam_answers, pam_cancelled;
	bool pam_works; /* what was typed is being looked at */
	/* evidence */
	void (*found)(void *user, const struct evidence_result *result);
	void *found_user;
	unsigned int evidence_cancelled;
	int evidence;
	/* store and policy */
	struct store_job *jobs[8];
	size_t job_count;
	int work; /* what the policy's functions return */
	struct sign_in_verdict verdict;
	struct sign_in_check check;
	struct terminal_offer offers[OFFERS_MOST];
	size_t offer_count;
	unsigned int refusals;
	char refused_name[520], refused_reason[40];
	enum attendance_answer number;
	char digits[520];
	struct redirect_ticket ticket;
	struct signed_in_request ticket_request;
	char withdrawn[TICKET_HANDLE_SIZE];
	bool ticket_used; /* the client has come back */
	/* attendants */
	int wait;
	struct waiting_setup waiting;
	unsigned int forgotten;
	/* handover */
	const struct session_start_events *start;
	struct signed_in_request start_request;
	struct attendance start_attendance;
	bool start_attended;
	unsigned int starts, went_on, abandoned;
	uint32_t watchers; /* of the session */
	struct msg_redirect redirect;
	unsigned int redirects;
	enum close_reason dropped;
	enum phase dropped_in;
	/* the end */
	enum close_reason killed;
	struct take_over take_over;
	struct connection holder;
	enum close_reason holder_killed;
	uint32_t holder_told; /* in how many seconds */
} seen;

/* Of the newest page. */
#define assert_shown(name)                                         \
	do {                                                       \
		assert_int_equal(seen.page.screen, SCREEN_##name); \
		assert_int_equal(seen.killed, CLOSE_NONE);         \
	} while (0)
const char *value(size_t at); /* of its text, from 0 on */

/* For how long the source has to wait. */
uint32_t penalty_s(void);

int sign_in_setup(void **state);
int sign_in_teardown(void **state); /* nothing is left */

/* Client Info says so. */
void introduce(const char *user, const char *password);

/* The user does something on the newest page. */
void type_credentials(const char *account, const char *password);
void type_secret(const char *secret);
void submit(void);
void cancel(void);
void choose(uint16_t choice);
void frame_shown(void); /* the newest page is on the client's screen */
void greeter_dies(void);

/* PAM. */
void pam_asks(uint8_t style, const char *prompt);
void pam_ends(enum pam_outcome outcome);
void pam_signs_in(void); /* asks for the password and is content */

void device_found(bool found);
void store_works(void); /* all jobs that wait, and those that come by them */
void store_fails(int status);
void decided(bool given);
void decided_because(bool given, const char *because);

/* From nothing to the choice of a terminal, on the screen. */
void sign_in_on_screen(void);

/* Runs the loop until something has killed the connection. */
void wait_for_kill(void);

#endif
