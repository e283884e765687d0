/* A client that was cut off comes back; see reconnects.h. */
#include "supervisor/reconnects.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "settings/settings.h"
#include "supervisor/credentials.h"
#include "supervisor/device_search.h"
#include "supervisor/login_refusals.h"
#include "supervisor/resumes.h"
#include "supervisor/session_starts.h"

#include <stdlib.h>
#include <string.h>

/* As for a ticket's wrong secret, or one from elsewhere. */
#define WRONG_UNITS 3

struct reconnect {
	struct connection *connection;
	struct device_search device;
	uint8_t session[SESSION_ID_BYTES];
	void (*otherwise)(struct connection *connection, const struct msg_introduced *introduced);
	struct msg_introduced introduced;
};

void
reconnect_abandon(struct reconnect *reconnect)
{
	if (reconnect == NULL)
		return;
	device_search_cancel(&reconnect->device);
	secret_wipe(reconnect, sizeof(*reconnect));
	free(reconnect);
}

static void
log_refusal(const struct connection *connection, enum close_reason reason)
{
	log_event(EV_RECONNECT_REFUSED, "conn=%llx src=%s reason=%s",
		(unsigned long long)connection->id, connection->source_text,
		close_reason_row(reason)->name);
}

static void
on_refused(
	struct connection *connection, enum close_reason reason, const struct session_grant *grant)
{
	struct reconnect *reconnect = take_pointer(&connection->reconnect);

	(void)grant;
	log_refusal(connection, reason);
	if (reason == CLOSE_RESUME_SOURCE || reason == CLOSE_RESUME_WRONG)
		login_refusal_penalise(connection, WRONG_UNITS);
	if (reason == CLOSE_NOT_LOGGED)
		connection_kill(connection, reason);
	else
		reconnect->otherwise(connection, &reconnect->introduced);
	reconnect_abandon(reconnect);
}

static void
on_attached(struct connection *connection)
{
	log_event(EV_RECONNECTED, "conn=%llx src=%s session=%s", (unsigned long long)connection->id,
		connection->source_text, connection->session->id_text);
	reconnect_abandon(take_pointer(&connection->reconnect));
}

static const struct session_start_events events = {
	.refused = on_refused,
	.failed = connection_kill,
	.attached = on_attached,
};

static void
on_device(void *owner)
{
	struct reconnect *reconnect = owner;
	struct connection *connection = reconnect->connection;
	struct credentials said = {0};
	struct session_resumption request = {
		.account = said.account,
		.device = reconnect->device.device,
		.vouched_accepted = device_vouched_accepted(connection),
	};
	const struct session_start_setup setup = {.events = &events, .resumption = &request};

	credentials_set_user(&said, reconnect->introduced.user);
	memcpy(request.session, reconnect->session, SESSION_ID_BYTES);
	if (session_start_begin(connection, &setup) < 0)
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
	secret_wipe(&said, sizeof(said));
}

static enum resume_verdict
look_for_session(const struct connection *connection, const struct msg_introduced *introduced,
	uint8_t *ret_session)
{
	const struct supervisor *supervisor = connection->supervisor;
	struct client_info_cookie shown = {.logon_id = introduced->logon_id};
	enum resume_verdict verdict;

	if (introduced->verifier_len != CLIENT_INFO_VERIFIER_LEN)
		return RESUME_UNKNOWN;
	memcpy(shown.verifier, introduced->verifier, CLIENT_INFO_VERIFIER_LEN);
	verdict = resume_find(supervisor->resumes, &shown, clock_boottime_ms(),
		supervisor->settings->limits.grace_ms, ret_session);
	secret_wipe(&shown, sizeof(shown));
	return verdict;
}

bool
reconnect_start(struct connection *connection, const struct msg_introduced *introduced,
	void (*otherwise)(struct connection *connection, const struct msg_introduced *introduced))
{
	uint8_t session[SESSION_ID_BYTES];
	enum resume_verdict verdict = look_for_session(connection, introduced, session);
	struct reconnect *reconnect;

	if (verdict == RESUME_WRONG) {
		log_refusal(connection, CLOSE_RESUME_WRONG);
		login_refusal_penalise(connection, WRONG_UNITS);
		login_refusal_record(connection, "", CLOSE_RESUME_WRONG);
	}
	if (verdict == RESUME_PASSWORD) {
		log_event(EV_RECONNECT_PASSWORD, "conn=%llx src=%s",
			(unsigned long long)connection->id, connection->source_text);
		connection->signs_in_again = true;
	}
	if (verdict != RESUME_FOUND)
		return false;
	reconnect = calloc(1, sizeof(*reconnect));
	if (reconnect == NULL) {
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
		return true;
	}
	reconnect->connection = connection;
	reconnect->otherwise = otherwise;
	reconnect->introduced = *introduced;
	memcpy(reconnect->session, session, SESSION_ID_BYTES);
	connection->reconnect = reconnect;
	if (device_search_start(&reconnect->device, connection, on_device, reconnect) < 0)
		connection_kill(connection, CLOSE_OUT_OF_ROOM);
	return true;
}
