/* The device behind a connection; see device_search.h. */
#include "supervisor/device_search.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/connections.h"

#include <stdio.h>
#include <string.h>

static uint32_t
accepted_kinds(const struct connection *connection)
{
	return connection->supervisor->settings->listeners.items[connection->listener].evidence;
}

bool
device_vouched_accepted(const struct connection *connection)
{
	return (accepted_kinds(connection) & 1u << EVIDENCE_VOUCHED) != 0;
}

static void
on_evidence(void *user, const struct evidence_result *result)
{
	struct device_search *search = user;
	struct device_evidence *device = &search->device;
	char source[SOCKET_TEXT_SIZE];

	search->search = NULL;
	if (search->connection->stage != CONNECTION_RELAYED)
		return;
	device->known = result->found;
	if (result->found)
		memcpy(device->mac.octets, result->mac, sizeof(device->mac.octets));
	snprintf(device->kind, sizeof(device->kind), "%s",
		result->found ? evidence_name(result->kind) : "none");
	snprintf(search->detail, sizeof(search->detail), "%s", result->detail);
	if (search->asked != 0)
		log_event(EV_EVIDENCE, "conn=%llx src=%s kind=%s detail='%s'",
			(unsigned long long)search->connection->id,
			socket_text_without_port(
				(const struct sockaddr *)&search->connection->source, source),
			device->kind, log_quote(result->detail));
	search->found = true;
	search->done(search->owner);
}

int
device_search_start(struct device_search *search, struct connection *connection,
	void (*done)(void *owner), void *owner)
{
	const struct evidence_question question = {
		.source = (const struct sockaddr *)&connection->source,
		.local = connection->local.ss_family == AF_UNSPEC
				 ? NULL
				 : (const struct sockaddr *)&connection->local,
		/* What a ticket vouches for is known once it is redeemed: in the transaction. */
		.accepted = accepted_kinds(connection) & ~(1u << EVIDENCE_VOUCHED),
	};

	*search = (struct device_search){
		.connection = connection, .asked = question.accepted, .done = done, .owner = owner};
	return evidence_find(
		connection->supervisor->evidence, &question, on_evidence, search, &search->search);
}

void
device_search_cancel(struct device_search *search)
{
	evidence_cancel(take_pointer(&search->search));
}
