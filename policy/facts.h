/* Gathers what policy_decide needs from the store. Inside a job. */
#ifndef POLICY_FACTS_H
#define POLICY_FACTS_H

#include "policy/decide.h"
#include "policy/sessions.h"

struct store_db;
struct session_record;

/* The facts and what they point into: keep it in one place, do not copy it. */
struct gathered_facts {
	struct account account;   /* empty if not known */
	struct terminal terminal; /* as above */
	struct window *windows;   /* owned */
	struct policy_facts facts;
};

/* `without`: the session asked about, so that it does not count against its terminal; or NULL. The
 * caller calls gathered_facts_done, also after an error. Returns 0 or a negative errno. */
int facts_gather(struct store_db *db, int64_t account, int64_t terminal, enum policy_moment moment,
	const struct device_evidence *device, const uint8_t *without,
	struct gathered_facts *ret_facts);

/* Those of a running session, with what it began with. idle_since_us: 0: not known. */
int facts_gather_running(struct store_db *db, const struct session_record *session,
	int64_t idle_since_us, struct gathered_facts *ret_facts);
void gathered_facts_done(struct gathered_facts *facts);

#endif
