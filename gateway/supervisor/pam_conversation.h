/* One PAM conversation: a connection to the socket of sekisho-pam (sign_in.pam_socket), which systemd answers with a
 * process of its own. Asks and answers go through here; what pam_sekisho.so asks of the store (PAM_ASK,
 * PAM_REPORT) is answered here too, for this conversation's user alone. For the loop thread.
 */
#ifndef SUPERVISOR_PAM_CONVERSATION_H
#define SUPERVISOR_PAM_CONVERSATION_H

#include "policy/sign_in.h"
#include "supervisor/supervisor.h"

#include <stdbool.h>
#include <stdint.h>

struct pam_conversation;

enum pam_outcome {
	PAM_SIGNED_IN,
	PAM_REFUSED,     /* wrong account, password or code: one answer for all of them */
	PAM_WAIT,        /* too many failures: wait_ms */
	PAM_NOT_ALLOWED, /* the account phase said no (another PAM stack) */
	PAM_UNAVAILABLE, /* no socket, a module that died, hung, asked too much, or the store failed */
};

struct pam_question {
	uint8_t style;      /* PAM_PROMPT_ECHO_OFF or PAM_PROMPT_ECHO_ON */
	const char *prompt; /* UTF-8, control characters dropped */
	const char *info;   /* PAM_TEXT_INFO and PAM_ERROR_MSG since the last question, lines; "" */
	bool info_is_error;
	const char *otpauth; /* to be shown as a QR code; "" for none */
};

struct pam_ended {
	enum pam_outcome outcome;
	uint32_t wait_ms;
	const char *info; /* messages after the last question, lines; "" */
	int64_t account_number; /* SIGNED_IN: of the gateway's account with the name that PAM ended with; 0: none has it */
	bool barred; /* the rules did not let it in: it has not chosen what it has to choose */
	const char *detail; /* for the log; fixed texts and PAM's */
};

struct pam_events {
	void (*asked)(void *owner, const struct pam_question *question);
	void (*ended)(void *owner, const struct pam_ended *ended); /* once; it is over then */
};

/* Returns 0 or a negative errno (then nothing is called). Events come from the loop, never from inside. */
int pam_conversation_start(struct supervisor *supervisor, const char *user, const char *source,
	const struct pam_events *events, void *owner, struct pam_conversation **ret_conversation);

/* To the question that was asked last. The answer is copied and wiped. */
void pam_conversation_answer(struct pam_conversation *conversation, const char *answer);

/* Neither event will come any more. Who leaves while what they typed is being looked at has made PAM work, and it may be
 * wrong: returns true, and PAM works on to its result, its reports are kept, and it counts as one under way, until it would
 * have to ask. Else it is over. Accepts NULL. */
bool pam_conversation_leave(struct pam_conversation *conversation);

/* The gateway stops: those that nobody waits for are over. */
void pam_conversations_stop(struct supervisor *supervisor);

#endif
