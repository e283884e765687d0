/* Automatic reconnection (MS-RDPBCGR 5.5): which session a client means that has lost its connection and shows the cookie
 * that the gateway gave it. Each connection of a session brings a new one. The cookie of the session's jump host, which its
 * client never had, is kept beside it, for that host alone.
 *
 * In memory only, bounded, wiped: after a restart of the gateway everybody signs in again. No I/O; times are milliseconds of one
 * monotonic clock, given by the caller.
 */
#ifndef SUPERVISOR_RESUMES_H
#define SUPERVISOR_RESUMES_H

#include "policy/sessions.h"
#include "rdp/auto_reconnect.h"
#include "rdp/client_info.h"

#define RESUMES_LOST_MOST \
	1000 /* sessions without a connection; beyond it the one lost first goes */

struct resumes;

/* Returns NULL if there is no memory. */
struct resumes *resumes_new(void);
void resumes_free(struct resumes *resumes); /* accepts NULL */

/* A new cookie for the connection that carries the session from now on. The one before stays good until resume_given: whoever
 * is cut off in between has no other. Returns 0 or a negative errno. */
int resume_issue(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	struct auto_reconnect_cookie *ret_cookie);

/* The client has it. */
void resume_given(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES]);

/* The jump host's newest cookie; terminal_version: of its terminal when the connection was made. */
void resume_host_cookie(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	int64_t terminal_version, const struct auto_reconnect_cookie *cookie);

/* What this session's host is to be shown. Returns false if it has given none, or the terminal has been changed since: it may lead to
 * another machine, which the cookie would let in at the first. */
bool resume_for_host(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	int64_t terminal_version, struct client_info_cookie *ret_shown);

/* The same as the host gave it (2.2.4.2), for who shows it in the client's stead. */
bool resume_of_host(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	int64_t terminal_version, struct auto_reconnect_cookie *ret_cookie);

/* What was typed at signing in was shown to the session's host by NLA, and wiped: whoever comes back types it again. */
void resume_needs_password(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES]);

/* The session's connection is over; `state`: what that makes of it. Only a lost session can be continued, until grace_ms later. */
void resume_over(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	enum end_state state, int64_t now_ms);

enum resume_verdict {
	RESUME_UNKNOWN, /* no session of that name, or not any more */
	RESUME_WRONG,   /* the session is there, and this is not its cookie */
	RESUME_FOUND,
	RESUME_PASSWORD, /* found, but its jump host wants the user's own password, which was not kept */
};

enum resume_verdict resume_find(struct resumes *resumes, const struct client_info_cookie *shown,
	int64_t now_ms, uint32_t grace_ms, uint8_t ret_session[SESSION_ID_BYTES]);

/* Those that were lost longer ago than that. */
void resumes_forget(struct resumes *resumes, int64_t now_ms, uint32_t grace_ms);

size_t resumes_count(const struct resumes *resumes);

/* HMAC-MD5 over a client random of zeros, as with TLS there is none (5.5). Returns 0 or -EIO. */
int resume_verifier(
	const struct auto_reconnect_cookie *cookie, uint8_t ret_verifier[CLIENT_INFO_VERIFIER_LEN]);

#endif
