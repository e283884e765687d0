/* Attended access; see attendance.h. What is typed comes from an engineer who has signed in and may use the terminal.
 */
#include "policy/attendance.h"

#include "base/clock.h"
#include "base/secret.h"
#include "policy/attendance_digits.h"
#include "policy/logins.h"
#include "policy/sign_in_names.h"
#include "policy/store/account_table.h"
#include "policy/store/attendance_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What one redemption is about. */
struct trial {
	int64_t account;
	int64_t terminal;
	const char *source;        /* as the client has it */
	char counted[SOURCE_SIZE]; /* as sign_in_names.h has it */
};

/* At most ATTENDANCE_TRIES from a source in 15 minutes: nobody fills the log with them. */
static int
record_miss(struct store_db *db, const struct trial *trial)
{
	char name[2 * ACCOUNT_NAME_SIZE] = "";
	struct account account;
	struct login login = {
		.application = "RDP",
		.account = account.id,
		.name = name,
		.source = trial->source,
		.reason = close_reason_row(CLOSE_ATTENDANCE_WRONG)->name,
		.logging = LOGIN_LOGGED,
	};
	int r;

	r = account_load(db, trial->account, &account);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%s %s", account.family_name, account.given_name);
	return login_record(db, &login);
}

static int
miss(struct store_db *db, const struct trial *trial)
{
	int r;

	r = attendance_number_miss(db, trial->terminal, trial->account, ATTENDANCE_TRIES);
	if (r == 0)
		r = attendance_source_miss(db, trial->counted,
			clock_boottime_ms() + ATTENDANCE_LIFE_MS, ATTENDANCE_SOURCES_MOST);
	return r < 0 ? r : record_miss(db, trial);
}

/* -ENOENT: they open nothing here. */
static int
use_number(struct store_db *db, const struct trial *trial, const char *digits,
	struct attendance *attendance)
{
	char bare[ATTENDANCE_DIGITS + 1];
	uint8_t digest[DIGEST_BYTES];
	struct attendance_number number;
	int r;

	if (!attendance_digits_read(digits, bare))
		return -ENOENT;
	r = attendance_digest(db, trial->terminal, bare, digest);
	secret_wipe(bare, sizeof(bare));
	if (r == 0)
		r = attendance_number_find(db, digest, trial->account, &number);
	if (r == 0)
		r = attendance_number_delete(db, number.number);
	if (r < 0)
		return r;
	*attendance = (struct attendance){
		.given = true,
		.control = number.control,
		.files = number.files,
		.number = number.number,
	};
	memcpy(attendance->by, number.issued_by, sizeof(attendance->by));
	return attendance_source_forget(db, trial->counted);
}

int
attendance_redeem(struct store_db *db, int64_t account_number, int64_t terminal_number,
	const char *source, const char *digits, enum attendance_answer *ret_answer,
	struct attendance *ret_attendance)
{
	struct trial trial = {account_number, terminal_number, .source = source};
	int64_t tries = 0;
	int r;

	*ret_attendance = (struct attendance){0};
	*ret_answer = ATTENDANCE_TOO_OFTEN;
	sign_in_source(source, trial.counted);
	r = attendance_source_tries(db, trial.counted, &tries);
	if (r < 0 || tries >= ATTENDANCE_TRIES)
		return r;
	r = use_number(db, &trial, digits, ret_attendance);
	*ret_answer = r == 0 ? ATTENDANCE_RIGHT : ATTENDANCE_WRONG;
	return r == -ENOENT ? miss(db, &trial) : r;
}
