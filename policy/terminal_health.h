/* How terminals are (B7): what a look at one means beside what the looks before it found. Pure: no clock, no I/O;
 * policy/store/health_table.h keeps it.
 */
#ifndef POLICY_TERMINAL_HEALTH_H
#define POLICY_TERMINAL_HEALTH_H

#include "policy/terminals.h"

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_WHY_SIZE 256
#define HEALTH_REFRESH_US (INT64_C(3600) * 1000000) /* it is written down at least once an hour */

/* Numbers of the rows; bits are 1 << number. */
enum terminal_warning {
#define TERMINAL_WARNING(NAME, word) TERMINAL_WARNING_##NAME,
#include "policy/terminal_warnings.def"
#undef TERMINAL_WARNING
	TERMINAL_WARNING_COUNT
};

#define WARNING_BIT(NAME) (UINT32_C(1) << TERMINAL_WARNING_##NAME)

const char *terminal_warning_word(enum terminal_warning warning);

/* "unreachable,no-restart"; words that this version does not know are left out. */
#define HEALTH_WARNINGS_SIZE 256
void terminal_warnings_format(uint32_t warnings, char *ret_text);
uint32_t terminal_warnings_parse(const char *text);

/* What one look found. */
struct host_seen {
	bool reachable;  /* it speaks RDP */
	bool no_tls;     /* reachable, but TLS did not begin */
	const char *why; /* not reachable, or no TLS; in the gateway's own English, else "" */
	bool has_certificate;
	bool another; /* it is not the trusted one */
	uint8_t sha256[TERMINAL_PIN_BYTES];
	int64_t not_before_us;
	int64_t not_after_us;
	int64_t dropped_us; /* when it had ended all of several sessions at once, without a word; 0: it had not */
};

struct terminal_health {
	int64_t terminal;
	int64_t watched_us; /* the first look */
	int64_t checked_us;
	bool reachable;
	int64_t since_us; /* that it is so */
	char why[HEALTH_WHY_SIZE];
	bool has_certificate; /* the newest one seen; kept while it is away */
	uint8_t sha256[TERMINAL_PIN_BYTES];
	int64_t certificate_until_us;
	int64_t last_restart_us; /* when it came back after it had been away, or dropped everybody; 0: not seen yet */
	uint32_t warnings;
};

/* From the settings. */
struct health_limits {
	int64_t away_us;        /* away for longer than this is worth a warning */
	int64_t certificate_us; /* warn so long before a certificate expires */
	int64_t restart_us;     /* warn after so long without a restart; 0: never */
};

struct health_change {
	bool write;           /* worth writing down */
	uint32_t begun;       /* warnings that were not there before */
	uint32_t ended;       /* that were, and are over */
	bool returned;        /* it was away, or had dropped everybody, and answers again */
	bool new_certificate; /* another one than before, and nothing is wrong with it */
};

/* What is wrong with a certificate: of the bits CERTIFICATE_... */
uint32_t certificate_warnings(
	const struct host_seen *seen, const struct health_limits *limits, int64_t now_us);

/* The next state from the last one (NULL: this is the first look). */
void health_next(const struct terminal_health *before, const struct host_seen *seen,
	const struct health_limits *limits, int64_t now_us, struct terminal_health *ret_next,
	struct health_change *ret_change);

#endif
