/* The ways in which a connection ends, from close_reasons.def. Used by worker, supervisor and policy. */
#ifndef RELAY_CLOSE_REASONS_H
#define RELAY_CLOSE_REASONS_H

#include "base/log.h"

#include <stdint.h>

enum close_reason {
	CLOSE_NONE, /* still open */
#define CLOSE(name, who, state, level, id, refused, running, text, meaning, text_ja, meaning_ja) \
	CLOSE_##name,
#include "relay/close_reasons.def"
#undef CLOSE
	CLOSE_REASON_COUNT
};

/* What a session that had begun is in the connection history. */
enum end_state {
	END_STATE_ENDED,
	END_STATE_KILLED, /* 強制切断 */
	END_STATE_LOST,   /* may be continued within the grace time */
};

/* Set Error Info codes, MS-RDPBCGR 2.2.5.1.1. */
enum error_info {
	ERROR_INFO_NOTHING = 0x00,
	ERROR_INFO_ADMINISTRATOR = 0x01,
	ERROR_INFO_IDLE_TIMEOUT = 0x03,
	ERROR_INFO_LOGON_TIMEOUT = 0x04,
	ERROR_INFO_OTHER_CONNECTION = 0x05,
	ERROR_INFO_SERVER_DENIED = 0x07,
};

struct close_reason_row {
	const char *name; /* "ADMIN_KILLED" */
	char who;         /* first letter of end= */
	enum end_state state;
	enum event event;
	enum error_info refused; /* told before the desktop is shown */
	enum error_info running; /* told afterwards */
};

/* The row of a reason; of CLOSE_OUR_MISTAKE for a number that is none. Never NULL. */
const struct close_reason_row *close_reason_row(uint32_t reason);

#endif
