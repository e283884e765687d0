/* In the place of recordings.c: no session is recorded. */
#include "no_recordings.h"

#include "supervisor/recordings.h"

enum close_reason no_recordings_refuse = CLOSE_NONE;

enum close_reason
recording_prepare(struct connection *connection, const struct session_grant *grant)
{
	(void)connection;
	(void)grant;
	return no_recordings_refuse;
}

bool
recording_is_ready(const struct connection *connection)
{
	(void)connection;
	return true;
}

int
recording_to_worker(struct connection *connection)
{
	(void)connection;
	return 0;
}

void
recording_connection_over(struct connection *connection, enum close_reason reason)
{
	(void)connection;
	(void)reason;
}

int
recording_gap(struct connection *connection, const struct msg_record_gap *gap)
{
	(void)connection;
	(void)gap;
	return 0;
}
