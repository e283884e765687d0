/* A place in a session, as people write it: "90", "1:30", "1:02:03", so long after it began. */
#ifndef ADMIN_SESSION_TIME_H
#define ADMIN_SESSION_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* In milliseconds, whole seconds. False for what is none, or more than 49 days. */
bool session_time_read(const char *text, uint32_t *ret_ms);

#endif
