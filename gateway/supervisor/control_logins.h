/* Who comes to the control socket, for the login log (F2): a user who has been away for a while, and who has no role. A
 * command is a connection of its own, so that not each of them is a sign-in. Bounded, whatever local users do.
 */
#ifndef SUPERVISOR_CONTROL_LOGINS_H
#define SUPERVISOR_CONTROL_LOGINS_H

#include "supervisor/supervisor.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_LOGINS_MOST 64
#define CONTROL_LOGIN_AWAY_MS (15 * 60 * 1000)

/* Zeroed at first. */
struct control_logins {
	struct control_login {
		bool used;
		bool has_role;
		uid_t user;
		int64_t seen_ms;
	} places[CONTROL_LOGINS_MOST];
};

/* Whether this is to be logged: the user comes after having been away, or, without a role, has not been logged for as
 * long. now_ms: of one monotonic clock. */
bool control_login_is_new(struct control_logins *logins, uid_t user, bool has_role, int64_t now_ms);

/* The user is still there, or has just left. */
void control_login_seen(struct control_logins *logins, uid_t user, int64_t now_ms);

/* Writes it. account: "unix:yamada"; name: of the person, may be "". */
void control_login_record(
	struct supervisor *supervisor, const char *account, const char *name, bool has_role);

#endif
