/* The one PAM conversation of sekisho-pam: PAM_BEGIN, the steps of steps.def with whatever modules ask, PAM_RESULT. */
#ifndef PAM_CONVERSATION_H
#define PAM_CONVERSATION_H

#define SEKISHO_SERVICE "sekisho"

#define PROMPTS_MOST 32 /* questions in one conversation */
#define TEXTS_MOST 64   /* things told; beyond, they are dropped */

/* Limits in which no module has a say: the kernel ends the process. */
#define BEGIN_MOST_MS 10000
#define DEADLINE_MOST_MS 600000

/* Takes *fd, the connection to the supervisor. confdir: where the stack is, in the place of /etc/pam.d; NULL for that
 * one. Returns what to exit with. It does not return when the supervisor goes: there is nobody to talk for. */
int conversation_run(int *fd, const char *confdir);

#endif
