/* attempts.c between neighbours that are played: device evidence, store, dialling, worker, connections and
 * sessions. What they are asked for is written down; what they answer is for the test to say.
 */
#ifndef UNIT_SUPERVISOR_ATTEMPTS_FIXTURE_H
#define UNIT_SUPERVISOR_ATTEMPTS_FIXTURE_H

#include "messages/messages.h"
#include "policy/sessions.h"
#include "settings/settings.h"
#include "supervisor/connections.h"
#include "supervisor/dial.h"
#include "supervisor/evidence.h"
#include "supervisor/sessions.h"

#include <stdbool.h>

struct store_job;

extern struct settings_listener listener;   /* the one that connection came by */
extern struct connection connection, older; /* older: whose session connection may continue */
extern struct carried_session older_session;

/* What the others were asked for, and what they answer. */
extern struct attempt_seen {
	struct evidence_question question;
	void (*found)(void *user, const struct evidence_result *result);
	void *found_user;
	struct store_job *job;
	struct session_request request;
	struct session_grant grant;
	int begin, status;
	struct dial_setup dial;
	bool dialling, evidence_cancelled, dial_cancelled;
	enum close_reason killed, older_killed;
	const char *because;
	bool keeps_waiting; /* what has to be told or waited for is not over at once */
	unsigned int readies;
	bool gate_told;
	int gate;
	bool attached, attaching, worker_is_deaf, no_memory;
	struct msg_attach attach;
	unsigned int starts, ends, finished;
	enum close_reason end_reason;
	enum phase end_phase;
} seen;

int attempt_setup(void **state);
int attempt_teardown(void **state); /* no attempt is left */

/* The steps of an attempt, in order. */
void introduce(void);
void find_device(bool found);
void decide(int status); /* the store has done its work */
int answer_dial(
	enum close_reason reason); /* returns the descriptor, which is not the test's to close */

/* connection_over, as far as the attempt goes. */
void end_connection(enum close_reason reason);

#endif
