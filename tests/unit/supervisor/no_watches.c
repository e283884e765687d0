/* Nobody watches: for tests of others. A handle of that kind is told from a ticket all the same. */
#include "supervisor/ticket.h"
#include "supervisor/watches.h"

bool
watch_is_meant(const struct msg_introduced *introduced)
{
	struct shown_ticket shown;

	ticket_shown(introduced, &shown);
	return shown.handle[0] == '+' && shown.handle[1] == 'w';
}

void
watch_start(struct connection *connection, const struct msg_introduced *introduced)
{
	(void)introduced;
	(void)connection;
}

void
watches_desktop_began(const struct connection *connection)
{
	(void)connection;
}

enum close_reason
watch_reason(const struct connection *connection, enum close_reason reason)
{
	(void)connection;
	return reason;
}
