/* A facility for tests of tickets and sessions, and a client at its door. */
#ifndef SESSION_FIXTURE_H
#define SESSION_FIXTURE_H

#include "method_fixture.h"
#include "policy/sessions.h"

struct issue {
	struct ticket_request request;
	struct ticket_answer answer;
};

struct begin {
	struct session_request request;
	struct session_grant grant;
};

/* A facility with the account taro, device 02:00:00:00:00:01, on the terminal pacs-01, at noon. */
int session_setup(void **state);

/* Whatever a test has done by our own doors, the log says the same as the history. */
int session_teardown(void **state);

struct end {
	struct session_ending ending;
	json_t *row;
};

/* Work of a job, which may run again; the argument is a struct issue, a struct begin, a struct end. */
int do_issue(struct store_db *db, void *argument);

/* mac and source may be NULL. */
struct issue issue_with(const char *mac, const char *source);

/* For taro on pacs-01; expects that it is issued. */
struct issue issue_ticket(void);
int do_begin(struct store_db *db, void *argument);
int do_end(struct store_db *db, void *argument);

/* A client from 10.0.0.5 with the right secret and device. */
struct begin begin_request(const struct issue *issue, uint64_t connection);

/* The grant is done with: its terminal has no CA. */
struct session_grant begin_with(struct begin *begin);
struct session_grant begin_session(const struct issue *issue, uint64_t connection);

/* Ends it in BRIDGE with 100 and 2000 bytes; its row, the caller's reference. */
json_t *end_session(
	const struct session_grant *grant, uint64_t connection, enum close_reason reason);
void expect_text(json_t *row, const char *name, const char *expected);

/* How many events of a kind the log has. */
int64_t events_of(const char *kind);

#endif
