/* Running sessions as the control socket's methods name and show them: from what the loop knows. */
#ifndef SUPERVISOR_RUNNING_SESSIONS_H
#define SUPERVISOR_RUNNING_SESSIONS_H

#include "supervisor/session_prefix.h"

#include <jansson.h>
#include <stdbool.h>

/* Of sessions that begin alike, so many are named. */
#define RUNNING_SESSIONS_NAMED 5

struct connection;
struct control_call;

/* A session object of control_methods.def, without when it ends. */
json_t *running_session_json(const struct connection *connection);

/* The one running session that begins so and that the caller may see. NULL if there is none, or several. */
struct connection *running_session_find(
	struct control_call *call, const struct session_prefix *prefix);

/* Of rows of the store (session_json_between) only what this caller may see. */
void running_session_keep_seen(const struct control_call *call, json_t *rows);

/* These answer the call: its `id` is no beginning of an id, and is called `field` in the refusal; it is nobody's; it is that of all these. */
void running_session_refuse_id(struct control_call *call, const char *field);
void running_session_refuse_unknown(struct control_call *call);
void running_session_refuse_several(struct control_call *call, const json_t *sessions);

#endif
