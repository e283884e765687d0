/* Sessions that nobody uses (D4). Workers count PDUs with input; once a minute they are asked how many there were, and what has not
 * grown has been idle since. Sessions idle for a minute or more are shown to the rule `idle`, each worker's by themselves, so that
 * none can keep another's in or end them. Nothing is timed in a worker.
 * For the loop thread.
 */
#ifndef SUPERVISOR_IDLE_H
#define SUPERVISOR_IDLE_H

#include "messages/messages.h"
#include "supervisor/connections.h"

/* Asks all workers; when one has answered, the rule is asked about its sessions, and when one has not until it is asked again. */
void idle_ask(struct supervisor *supervisor);

/* A worker's answer. Returns -EPROTO if it is none. */
int idle_told(struct supervisor *supervisor, struct child *worker, const struct msg_inputs *inputs);

/* The instant of the session's last input, as far as known: by the clock that people see. */
int64_t idle_since_us(const struct carried_session *session);

#endif
