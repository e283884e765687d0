/* pam_sekisho.so as it is installed, loaded by libpam into a stack of the test's own. The fixture is application, user and
 * supervisor at once.
 */
#ifndef UNIT_PAM_MODULE_FIXTURE_H
#define UNIT_PAM_MODULE_FIXTURE_H

#include "messages/messages.h"

#include <stdbool.h>

#define ANSWERS_MOST 16
#define REPORTS_MOST 16

extern struct module_seen {
	struct msg_pam_account account;
	const char
		*answers[ANSWERS_MOST]; /* to questions, in their order; NULL: the user has gone */
	int asked;
	bool telephone;    /* the last answers are codes of the seed in the picture */
	int wrong_codes;   /* before the right one */
	bool knows_us;     /* the application understands binary prompts */
	bool barred;       /* by the rules */
	uint8_t refused;   /* a report of this kind is not accepted ... */
	int refused_times; /* ... so often */
	char said[4096];   /* questions and texts, a line each */
	char otpauth[513];
	struct msg_pam_report reports[REPORTS_MOST];
	int report_count;
	int asks;
	int full_cost; /* yescrypts */
	int cheap;
} seen;

struct ended {
	int authenticate, account, change; /* -1: not called */
};

int module_set_up(void **state);

/* What sekisho-pam does: authenticate, then account and change where they come to it. */
struct ended module_sign_in(const char *stack);

/* A letter for each report: Password right, p wrong; Code, c; Looked whether it is barred; Bound; n new password; Right. */
void expect_reports(const char *expected);

#endif
