/* See health_log.h. */
#include "supervisor/health_log.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

/* What is logged when a warning begins. Not logged: none of the health look's. */
static const struct {
	enum terminal_warning warning;
	enum event begun;
} events[] = {
	{TERMINAL_WARNING_UNREACHABLE, EV_TERMINAL_UNREACHABLE},
	{TERMINAL_WARNING_NO_TLS, EV_TERMINAL_NO_TLS},
	{TERMINAL_WARNING_CERTIFICATE_NOT_YET_VALID, EV_TERMINAL_CERTIFICATE_NOT_YET_VALID},
	{TERMINAL_WARNING_CERTIFICATE_EXPIRES, EV_TERMINAL_CERTIFICATE_EXPIRES},
	{TERMINAL_WARNING_CERTIFICATE_EXPIRED, EV_TERMINAL_CERTIFICATE_EXPIRED},
	{TERMINAL_WARNING_NO_RESTART, EV_TERMINAL_NO_RESTART},
};

static void
log_warning(enum event event, const struct terminal *host, const struct terminal_health *health)
{
	char until[CLOCK_TEXT_SIZE] = "-", since[CLOCK_TEXT_SIZE];

	if (health->has_certificate)
		clock_format_utc(health->certificate_until_us, until);
	clock_format_utc(health->since_us, since);
	log_event(event, "terminal='%s' address='%s' why='%s' since=%s certificate_until=%s",
		log_quote(host->name), log_quote(host->address), log_quote(health->why), since,
		until);
}

/* Both, where there are two: an authority has none. */
static void
log_changed(const struct terminal *host, const struct terminal_health *health)
{
	char trusted[2 * TERMINAL_PIN_BYTES + 1] = "authority";
	char shown[2 * TERMINAL_PIN_BYTES + 1];

	if (host->trust == TERMINAL_TRUST_PIN)
		bytes_to_hex(host->pin, sizeof(host->pin), trusted);
	bytes_to_hex(health->sha256, sizeof(health->sha256), shown);
	log_event(EV_TERMINAL_CERTIFICATE_CHANGED, "terminal='%s' address='%s' trusted=%s shown=%s",
		log_quote(host->name), log_quote(host->address), trusted, shown);
}

void
health_log(const struct terminal *host, const struct terminal_health *health,
	const struct health_change *change)
{
	const uint32_t unreachable = WARNING_BIT(UNREACHABLE);

	if ((change->begun & WARNING_BIT(CERTIFICATE_CHANGED)) != 0)
		log_changed(host, health);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if ((change->begun & UINT32_C(1) << events[i].warning) != 0)
			log_warning(events[i].begun, host, health);
	if (change->returned)
		log_warning((change->ended & unreachable) != 0 ? EV_TERMINAL_REACHABLE
							       : EV_TERMINAL_RETURNED,
			host, health);
	if (change->new_certificate)
		log_warning(EV_TERMINAL_CERTIFICATE_NEW, host, health);
	if ((change->ended & ~unreachable) != 0) {
		char words[HEALTH_WARNINGS_SIZE];

		terminal_warnings_format(change->ended & ~unreachable, words);
		log_event(EV_TERMINAL_WARNING_OVER, "terminal='%s' warnings=%s",
			log_quote(host->name), words);
	}
}
