/* Attended access (C7): a terminal may require that somebody at the hospital lets the engineer in, by an 8-digit number that an
 * attendant has issued, or by consenting while the engineer waits. Inside store jobs; 0 or a negative errno.
 *
 * A number lives 15 minutes of boot time, opens one session, and dies after ATTENDANCE_TRIES wrong tries for its
 * terminal. Only an HMAC of it is stored (a key derived from the facility's: 8 digits are too few for a bare hash).
 * Wrong tries are also counted for each source: after ATTENDANCE_TRIES the source is refused for 15
 * minutes, whatever it brings.
 */
#ifndef POLICY_ATTENDANCE_H
#define POLICY_ATTENDANCE_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stdint.h>

struct store_db;
struct method_call;

#define ATTENDANCE_DIGITS 8
#define ATTENDANCE_TRIES 5
#define ATTENDANCE_LIFE_MS (15 * 60 * 1000)

enum attendance_answer {
	ATTENDANCE_RIGHT,
	ATTENDANCE_WRONG,
	ATTENDANCE_TOO_OFTEN, /* this source has to wait */
};

/* digits: as typed (blanks and hyphens are dropped). Right: the number is burnt and *ret_attendance is for one session of
 * this account on this terminal. */
int attendance_redeem(struct store_db *db, int64_t account_number, int64_t terminal_number,
	const char *source, const char *digits, enum attendance_answer *ret_answer,
	struct attendance *ret_attendance);

/* attend.issue, attend.cancel and the numbers of attend.list: WRITE and READ methods (control_methods.def). */
int method_attend_issue(struct store_db *db, struct method_call *call);
int method_attend_cancel(struct store_db *db, struct method_call *call);

#endif
