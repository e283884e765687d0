/* What several keys must agree on (private to settings/). */
#ifndef SETTINGS_RULES_H
#define SETTINGS_RULES_H

#include "settings/errors.h"

/* Fields that a mistake has left empty are passed over. No I/O. */
void settings_check_rules(const struct settings *settings, struct settings_errors *errors);

#endif
