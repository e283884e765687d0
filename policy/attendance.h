/* Attended access (C7): a terminal may require that somebody at the hospital lets the engineer in, by an 8-digit number that an
 * attendant has issued, or by consenting while the engineer waits. Inside store jobs; 0 or a negative errno.
 *
 * A number lives 15 minutes of boot time, opens one session, and dies after ATTENDANCE_TRIES wrong tries for its terminal
 * by somebody who could have used it: a number for one account cannot be used up by another. Only an HMAC of it is
 * stored (under a key derived from the facility's: 8 digits are too few for a bare hash). Wrong tries are also counted
 * for each source (an IPv4 address, the first 64 bits of an IPv6 address): after ATTENDANCE_TRIES it is refused for 15
 * minutes, whatever it brings. Every wrong try is in the login log.
 */
#ifndef POLICY_ATTENDANCE_H
#define POLICY_ATTENDANCE_H

#include "policy/sessions.h"

#include <stdbool.h>
#include <stdint.h>

struct store_db;

#define ATTENDANCE_DIGITS 8
#define ATTENDANCE_TRIES 5
#define ATTENDANCE_LIFE_MS (15 * 60 * 1000)
#define ATTENDANCE_NUMBERS_MOST 10 /* unused at once on one terminal: each makes guessing easier */
#define ATTENDANCE_SOURCES_MOST 10000 /* that are remembered for wrong tries */

enum attendance_answer {
	ATTENDANCE_RIGHT,
	ATTENDANCE_WRONG,
	ATTENDANCE_TOO_OFTEN, /* this source has to wait */
};

/* digits: as typed (blanks and hyphens are dropped, wide digits read as digits). Right: the number is burnt and
 * *ret_attendance is for one session of this account on this terminal. */
int attendance_redeem(struct store_db *db, int64_t account_number, int64_t terminal_number,
	const char *source, const char *digits, enum attendance_answer *ret_answer,
	struct attendance *ret_attendance);

/* Who may let engineers in where, and see and end their sessions: the terminals that are assigned to the account of kind
 * attendant that has the Unix user's name ("unix:yamada": the account yamada), while that account is neither locked
 * nor outside its validity. Numbers in ascending order; the caller frees *ret_terminals. *ret_account: 0 without such an
 * account; then there are none. */
int attendant_terminals(struct store_db *db, const char *actor, int64_t *ret_account,
	int64_t **ret_terminals, size_t *ret_count);

/* The account that an actor's would be: "yamada" of "unix:yamada". */
const char *attendant_name(const char *actor);

#endif
