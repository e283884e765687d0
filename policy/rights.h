/* Redirection rights (B8), from rights.def. Pure; used by policy, supervisor and worker. */
#ifndef POLICY_RIGHTS_H
#define POLICY_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum session_right {
#define RIGHT(name, bit, text, allowed, files, looking, meaning) SESSION_RIGHT_##name = 1u << (bit),
#include "policy/rights.def"
#undef RIGHT
};

#define SESSION_RIGHTS_CLIPBOARD                                    \
	(SESSION_RIGHT_CLIPBOARD_IN | SESSION_RIGHT_CLIPBOARD_OUT | \
		SESSION_RIGHT_CLIPBOARD_FILES_IN | SESSION_RIGHT_CLIPBOARD_FILES_OUT)
#define SESSION_RIGHTS_DRIVES (SESSION_RIGHT_DRIVES_IN | SESSION_RIGHT_DRIVES_OUT)

/* Among the rights of a session, but none of a terminal's. */
#define SESSION_LOOK_ONLY (UINT32_C(1) << 31) /* no input is relayed (C7) */
#define SESSION_DISPLAY (UINT32_C(1) << 30)   /* of every session at a jump host */
#define SESSION_TOUCH (UINT32_C(1) << 29)     /* the same, unless it is LOOK_ONLY */

#define RIGHT_CHANNEL_MAX 64   /* bytes in the name of a dynamic channel that a terminal names */
#define RIGHT_CHANNELS_MOST 16 /* of them */
#define RIGHT_CHANNELS_SIZE ((RIGHT_CHANNEL_MAX + 1) * RIGHT_CHANNELS_MOST + 1)

struct right_row {
	enum session_right right;
	const char *name; /* "clipboard-in" */
	const char *meaning;
};

/* What a new terminal lets through. */
uint32_t session_rights_default(void);

/* All that rights.def knows. */
uint32_t session_rights_all(void);

/* All that may carry files. */
uint32_t session_rights_of_files(void);

/* All that could carry input. */
uint32_t session_rights_of_control(void);

/* What a worker makes of the rights of a session at a jump host. */
uint32_t session_rights_at_host(uint32_t rights);

/* The row of a name, or NULL. */
const struct right_row *session_right_find(const char *name);

/* Rows by number from 0; NULL behind the last. */
const struct right_row *session_right_at(size_t at);

/* The rights of which any one opens a static channel; 0 for a channel that none opens: it is denied. */
uint32_t session_rights_of_channel(const char *channel);

/* The same of a dynamic channel. channels: what the terminal names, each name behind a comma or the beginning. */
uint32_t session_rights_of_dynamic(const char *channel, const char *channels);

/* Whether a terminal may name it: printable ASCII but blank, comma and quote, and no channel that rights.def opens
 * by a right of its own. */
bool right_channel_is_name(const char *channel);
bool right_channel_is_known(const char *channel);

/* Is `name` one of the names in a list joined by commas? */
bool right_channels_have(const char *channels, const char *name);

#endif
