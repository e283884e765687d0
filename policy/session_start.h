/* What every way into a session shares, with a ticket (session_begin.c) or after signing in (session_signed_in.c): one way to
 * gather, to refuse, to record, to log in. Inside a job; 0 or a negative errno. Private to policy.
 */
#ifndef POLICY_SESSION_START_H
#define POLICY_SESSION_START_H

#include "policy/facts.h"
#include "policy/sessions.h"

struct session_start {
	uint64_t connection;
	int64_t account;
	int64_t terminal;
	char source[SOURCE_SIZE];    /* as addresses are compared */
	const char *ticket;          /* its handle; "": none */
	enum login_logging logging;  /* of a refusal */
	struct session_grant *grant; /* device and attendance are set before session_start_gather */
	struct gathered_facts gathered;
};

/* Facts into `gathered`, and names, numbers and the terminal into the grant, which owns that. session: the one that is to be
 * continued, or NULL. The caller calls gathered_facts_done. */
int session_start_gather(struct store_db *db, struct session_start *start,
	enum policy_moment moment, const uint8_t *session);

/* The attempt comes into the login log, accepted or refused as the grant says. */
int session_start_login(struct store_db *db, const struct session_start *start);

/* The grant becomes a refusal, which comes into the login log; `recorded`: and becomes an event. */
int session_start_refuse(struct store_db *db, struct session_start *start, enum close_reason reason,
	const char *rule, bool recorded);

/* What the session signs on with at its jump host, into the grant. The rules have seen that it is there and opens. */
int session_start_credentials(struct store_db *db, struct session_start *start);

/* The session's row, its start event and the login. */
int session_start_insert(struct store_db *db, struct session_start *start);

/* A device as events have it: null, or its address. */
json_t *session_device_json(const struct device_evidence *device);

#endif
