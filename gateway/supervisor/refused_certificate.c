/* See refused_certificate.h. */
#include "supervisor/refused_certificate.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "supervisor/health.h"
#include "supervisor/host_findings.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <inttypes.h>

static void
log_refused_certificate(const struct carried_session *session, uint64_t connection,
	const struct msg_certificate_refused *told)
{
	char trusted[2 * TERMINAL_PIN_BYTES + 1] = "authority";
	char shown[2 * TERMINAL_PIN_BYTES + 1];
	char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];

	if (session->pinned)
		bytes_to_hex(session->pin, sizeof(session->pin), trusted);
	bytes_to_hex(told->sha256, told->sha256_len, shown);
	clock_format_utc(host_instant_us(told->not_before), from);
	clock_format_utc(host_instant_us(told->not_after), until);
	log_event(EV_CERTIFICATE_REFUSED,
		"conn=%" PRIx64
		" session=%s host='%s' trusted=%s shown=%s subject='%s' issuer='%s' "
		"names='%s' not_before=%s not_after=%s why='%s'",
		connection, session->id_text, log_quote(session->terminal), trusted, shown,
		log_quote(told->subject), log_quote(told->issuer), log_quote(told->names), from,
		until, log_quote(told->distrust));
}

int
certificate_refused(struct connection *connection, const struct msg_certificate_refused *told)
{
	if (told->sha256_len != sizeof(told->sha256) - 1)
		return -EPROTO;
	if (connection->session == NULL || connection->session->certificate_refused)
		return 0;
	connection->session->certificate_refused = true;
	log_refused_certificate(connection->session, connection->id, told);
	health_touched(connection->supervisor->health, connection->session->terminal_number);
	return 0;
}
