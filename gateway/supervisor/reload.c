/* SIGHUP; see reload.h. */
#include "supervisor/reload.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "supervisor/control_server.h"
#include "supervisor/evidence.h"
#include "supervisor/health.h"
#include "supervisor/session_log.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

static void
log_errors(const struct settings_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct settings_error *error = &errors->items[i];

		log_event(error->warning ? EV_SETTINGS_WARNING : EV_SETTINGS_REFUSED,
			"at='%s:%u:%u' why='%s'", log_quote(errors->file), error->line,
			error->column, log_quote(error->text));
	}
}

_Static_assert((int)SETTINGS_PASSWORD_LONG == PASSWORD_POLICY_LONG &&
		       (int)SETTINGS_PASSWORD_TWO_MONTHS == PASSWORD_POLICY_TWO_MONTHS &&
		       (int)SETTINGS_PASSWORD_SECOND_FACTOR == PASSWORD_POLICY_SECOND_FACTOR,
	"the settings' policies are those of policy/");
_Static_assert((int)SETTINGS_SECOND_FACTOR_OFF == SECOND_FACTOR_OFF &&
		       (int)SETTINGS_SECOND_FACTOR_OPTIONAL == SECOND_FACTOR_OPTIONAL &&
		       (int)SETTINGS_SECOND_FACTOR_REQUIRED == SECOND_FACTOR_REQUIRED,
	"the settings' words for a second factor are those of policy/");
_Static_assert((int)SETTINGS_HOLDER_ACCOUNT == HOLDER_ACCOUNT &&
		       (int)SETTINGS_HOLDER_NAME == HOLDER_NAME &&
		       (int)SETTINGS_HOLDER_VENDOR == HOLDER_VENDOR &&
		       (int)SETTINGS_HOLDER_NOBODY == HOLDER_NOBODY,
	"the settings' words for who has a terminal are those of policy/");

void
policy_settings_from(const struct settings *settings, struct policy_settings *ret_policy)
{
	*ret_policy = (struct policy_settings){
		.hours_end_disconnects = settings->sessions.hours_end == SETTINGS_HOURS_DISCONNECT,
		.idle_ms = settings->sessions.idle_ms,
		.longest_ms = settings->sessions.longest_ms,
		.window_warning_ms = settings->sessions.window_warning_ms,
		.holder_shown = (enum holder_shown)settings->sessions.holder,
		.recording_keys = settings->recording.auditors.count > 0,
		.ticket_ms = settings->limits.ticket_ms,
		.grace_ms = settings->limits.grace_ms,
		.has_kerberos = settings->kerberos.config != NULL,
	};
	ret_policy->sign_in.password_policy =
		(enum password_policy)settings->sign_in.password_policy;
	ret_policy->sign_in.second_factor =
		(enum second_factor_rule)settings->sign_in.second_factor;
	ret_policy->sign_in.earlier_passwords = settings->sign_in.earlier_passwords;
	snprintf(ret_policy->facility.prefix, sizeof(ret_policy->facility.prefix), "%s",
		settings->facility.id);
	snprintf(ret_policy->facility.domain, sizeof(ret_policy->facility.domain), "%s",
		settings->facility.domain);
	for (size_t i = 0; i < settings->linked_services.count && i < LINKED_SERVICES_MOST; i++)
		snprintf(ret_policy->linked_services[i], LINKED_SERVICE_SIZE, "%s",
			settings->linked_services.items[i]);
}

static void
reload_settings(struct supervisor *supervisor)
{
	struct settings *fresh = NULL;
	struct settings_errors errors = {0};
	struct policy_settings policy;
	auto_free char *restart = NULL;
	const char *why = "";
	int r;

	r = settings_load(supervisor->settings->file, &fresh, &errors);
	log_errors(&errors);
	settings_errors_done(&errors);
	if (r < 0)
		return;
	restart = settings_restart_keys(supervisor->settings, fresh);
	if (restart != NULL && restart[0] != '\0')
		log_event(EV_SETTINGS_NEED_RESTART, "keys='%s'", log_quote(restart));
	settings_take_changes(supervisor->settings, fresh);
	settings_free(fresh);
	policy_settings_from(supervisor->settings, &policy);
	store_change_settings(supervisor->store, &policy);
	evidence_reload(supervisor->evidence, supervisor->settings);
	health_reload(supervisor->health);
	r = control_server_reload(supervisor->control, &why);
	if (r < 0)
		log_event(EV_SETTINGS_REFUSED, "at='roles' why='%s'", why);
	else
		log_event(EV_SETTINGS_RELOADED, "file='%s'", log_quote(supervisor->settings->file));
}

void
supervisor_reload(struct supervisor *supervisor)
{
	struct timespec now;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	r = session_log_reopen(supervisor->session_log);
	if (r < 0)
		log_event(EV_SESSION_LOG_FAILED, "file='%s' why='%s'",
			log_quote(supervisor->settings->session_log), strerror(-r));
	reload_settings(supervisor);
	(void)sd_notify(0, "READY=1");
}
