/* pam_conversation.c between neighbours that are played: the store, the user, and whoever listens at sekisho-pam's socket,
 * which is the built program with a stack, or the test itself.
 */
#ifndef UNIT_SUPERVISOR_PAM_CONVERSATION_FIXTURE_H
#define UNIT_SUPERVISOR_PAM_CONVERSATION_FIXTURE_H

#include "messages/channel.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/pam_conversation.h"

#include <stdbool.h>

#define JOBS_MOST 4

extern uv_loop_t loop;
extern struct settings settings;
extern struct supervisor supervisor;
extern const struct pam_events events;

/* Where sekisho-pam is asked, and who looks there for callers. */
extern char socket_path[108];
extern uv_poll_t poll_listener;

/* The test's own end, where it answers itself. */
extern bool by_hand;
extern struct channel *hand;
extern int heard; /* messages */

extern struct pam_seen {
	const char *typed; /* whom the user claims to be */
	struct pam_conversation *conversation;
	const char *answers[16];
	const char *always; /* to every question */
	int asked;
	char said[16384];
	bool is_over;
	struct pam_ended ended;
	char info[4200], detail[300];
	bool cancel;   /* at the first question */
	bool works_on; /* … and PAM does then */

	struct msg_pam_account account;
	struct sign_in_note notes[20];
	int note_count;
	bool refuse;
	bool barred; /* by the rules */
	int fail;    /* of the store */
	struct store_job *jobs[JOBS_MOST];
	int job_count;
	bool slow; /* the store does not answer */
} seen;

int pam_set_up(void **state);
int pam_tear_down(void **state);

/* A conversation of seen.typed with this stack (stack.h). */
void start(const char *stack);
enum pam_outcome outcome(const char *stack); /* runs it to its end */

void turn(void); /* of the loop, with what the store has to do */
void until_over(void);
void do_jobs(void);
void reap(void); /* waits until the process has gone */

#endif
