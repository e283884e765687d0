/* The neighbours of connections.c, played: they write down what they are asked for. */
#ifndef UNIT_SUPERVISOR_CONNECTIONS_FAKES_H
#define UNIT_SUPERVISOR_CONNECTIONS_FAKES_H

#include "supervisor/children.h"
#include "supervisor/connections.h"

#include <stdbool.h>

extern struct connections_seen {
	bool no_worker, worker_is_deaf;
	uint32_t worker_connections;
	enum message sent;
	struct msg_kill kill;
	struct msg_take_client take;
	unsigned int kills;
	unsigned int ends; /* session_record_end */
	enum close_reason end_reason, penalised;
	struct socket_bytes end_bytes;
	enum phase end_phase;
	unsigned int verdicts, penalties, penalties_when_abandoned;
	bool was_finished;
	struct connection *went_on;
	unsigned int drained;
} seen;

#endif
