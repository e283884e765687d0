/* What accounts and terminals have in common: they can be protected (A18), and somebody changed them
 * last. Pure.
 */
#ifndef POLICY_PROTECTION_H
#define POLICY_PROTECTION_H

#include "policy/field_error.h"

#define ACTOR_SIZE 80          /* "unix:yamada" */
#define PROTECTED_NOTE_MAX 500 /* characters */
#define PROTECTED_NOTE_SIZE (PROTECTED_NOTE_MAX * 4 + 1)

/* What breaks, what repair costs, whom to ask first. ret_note: PROTECTED_NOTE_SIZE. 0, or -EINVAL and the
 * error. NULL takes the protection away: an empty note. */
int protected_note_parse(const char *text, char *ret_note, struct field_error *error);

#endif
