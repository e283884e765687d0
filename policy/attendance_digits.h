/* The digits of attended access (C7): made, read as people type them, digested. */
#ifndef POLICY_ATTENDANCE_DIGITS_H
#define POLICY_ATTENDANCE_DIGITS_H

#include "policy/attendance.h"
#include "policy/sealing.h"

struct store_db;

/* New random ones; every number is as likely as any other. 0 or a negative errno. */
int attendance_digits_make(char ret_digits[ATTENDANCE_DIGITS + 1]);

/* What was typed, without blanks and hyphens; digits of full width count. False for what is not ATTENDANCE_DIGITS digits. */
bool attendance_digits_read(const char *typed, char ret_digits[ATTENDANCE_DIGITS + 1]);

/* What is stored of them: the same digits for another terminal are another number. */
int attendance_digest(struct store_db *db, int64_t terminal, const char *digits,
	uint8_t ret_digest[DIGEST_BYTES]);

#endif
