/* Redirection rights (B8), from rights.def. Pure; used by policy, supervisor and worker. */
#ifndef POLICY_RIGHTS_H
#define POLICY_RIGHTS_H

#include <stddef.h>
#include <stdint.h>

enum session_right {
#define RIGHT(name, bit, text, allowed, files, channels, meaning) \
	SESSION_RIGHT_##name = 1u << (bit),
#include "policy/rights.def"
#undef RIGHT
};

/* Among the rights of a session, but none of a terminal's: no input is relayed (C7). With it goes what else could carry
 * input: dynamic channels (touch, pen). */
#define SESSION_LOOK_ONLY (UINT32_C(1) << 31)
#define SESSION_RIGHTS_NOT_LOOKING SESSION_RIGHT_DYNAMIC

struct right_row {
	enum session_right right;
	const char *name;     /* "clipboard" */
	const char *channels; /* "cliprdr" */
	const char *meaning;
};

/* What a new terminal lets through. */
uint32_t session_rights_default(void);

/* All that may carry files. */
uint32_t session_rights_of_files(void);

/* The row of a name, or NULL. */
const struct right_row *session_right_find(const char *name);

/* Rows by number from 0; NULL behind the last. */
const struct right_row *session_right_at(size_t at);

/* The right that a static channel needs (names compare without case, as CS_NET has them); 0 for a
 * channel that no right opens: it is denied. */
uint32_t session_right_of_channel(const char *channel);

#endif
