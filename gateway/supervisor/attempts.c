/* From INTRODUCED to a verdict on a ticket; see attempts.h. */
#include "supervisor/attempts.h"

#include "base/secret.h"
#include "supervisor/device_search.h"
#include "supervisor/session_starts.h"
#include "supervisor/sign_ins.h"
#include "supervisor/ticket.h"

#include <stdlib.h>

struct attempt {
	struct connection *connection;
	struct device_search device;
	struct shown_ticket shown;
};

static void
on_refused(
	struct connection *connection, enum close_reason reason, const struct session_grant *grant)
{
	(void)grant;
	connection_kill(connection, reason);
}

static const struct session_start_events events = {
	.refused = on_refused,
	.ready = sign_in_enter,
	.failed = connection_kill,
};

static void
on_device(void *owner)
{
	struct attempt *attempt = owner;
	struct connection *connection = attempt->connection;
	const struct session_request request = {
		.handle = attempt->shown.handle,
		.secret = attempt->shown.secret,
		.device = attempt->device.device,
		.vouched_accepted = device_vouched_accepted(connection),
	};
	const struct session_start_setup setup = {.events = &events, .ticket = &request};
	int r = session_start_begin(connection, &setup);

	connection->attempt = NULL;
	attempt_abandon(attempt);
	if (r < 0)
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
}

void
attempt_start(struct connection *connection, const struct msg_introduced *introduced)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));

	if (attempt == NULL) {
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return;
	}
	attempt->connection = connection;
	connection->attempt = attempt;
	connection->keyboard_layout = introduced->keyboard_layout;
	ticket_shown(introduced, &attempt->shown);
	if (device_search_start(&attempt->device, connection, on_device, attempt) < 0)
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
}

void
attempt_abandon(struct attempt *attempt)
{
	if (attempt == NULL)
		return;
	device_search_cancel(&attempt->device);
	secret_wipe(&attempt->shown, sizeof(attempt->shown));
	free(attempt);
}
