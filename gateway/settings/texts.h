/* Which texts a setting of each kind may have, beyond their length. Pure. */
#ifndef SETTINGS_TEXTS_H
#define SETTINGS_TEXTS_H

#include "settings/rows.h"

/* True of any text where the kind asks for nothing more. */
bool text_is_of_kind(enum settings_kind kind, const char *text);

#endif
