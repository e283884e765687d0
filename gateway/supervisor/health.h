/* The health of terminals (B7): each one in service is looked at now and then, a few at a time and never all in
 * one moment; what changed is written down and logged once.
 *
 * A look is X.224 and TLS without a sign-in. It gives way to everything else: it does not wait for a place among the
 * looks, it leaves a terminal with a running session alone, and only one name is resolved at once.
 */
#ifndef SUPERVISOR_HEALTH_H
#define SUPERVISOR_HEALTH_H

#include "policy/terminal_health.h"
#include "supervisor/supervisor.h"

#include <jansson.h>

struct health;

/* Reads which terminals there are, and begins. Returns 0 or a negative errno. */
int health_start(struct supervisor *supervisor, struct health **ret_health);

/* No look begins any more; those under way end with looks_stop. Accepts NULL. */
void health_stop(struct health *health);

/* After the loop has ended. Accepts NULL. */
void health_free(struct health *health);

/* The settings have been read again. */
void health_reload(struct health *health);

/* A terminal was added or changed: it is looked at next. Accepts NULL. */
void health_touched(struct health *health, int64_t terminal);

/* A session in use has ended from the terminal's side: with an orderly end of its connection (`closed`), as a machine that shuts
 * down or a service that restarts leaves, or not. If it was the last one there the terminal is looked at closely for a
 * while: a restart may be over before the next look. Accepts NULL. */
void health_session_dropped(struct health *health, int64_t terminal, bool closed);

/* The terminals may be others than before (a backup was restored): all are read again. Accepts NULL. */
void health_read_again(struct health *health);

struct health_numbers {
	size_t watched; /* terminals */
	size_t warned;  /* of them with a warning */
};

struct health_numbers health_numbers(const struct health *health); /* accepts NULL */

struct settings;
void health_limits_from(const struct settings *settings, struct health_limits *ret_limits);

#endif
