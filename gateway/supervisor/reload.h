/* SIGHUP. */
#ifndef SUPERVISOR_RELOAD_H
#define SUPERVISOR_RELOAD_H

#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/supervisor.h"

/* Opens session.log again, reads the settings again. A wrong file changes nothing; settings that only a restart
 * may change keep their old values, and the log names them. */
void supervisor_reload(struct supervisor *supervisor);

/* What policy needs from the settings. */
void policy_settings_from(const struct settings *settings, struct policy_settings *ret_policy);

#endif
