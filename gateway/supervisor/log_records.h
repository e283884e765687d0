/* Records of the four logs for programs elsewhere (F5, SIEM): one line of JSON each, to the journal or to syslog.
 *
 *	{"id": "SK3001", "event": 4711, "hash": "…", "time": "…", "facility": "998-", "kind": "session.start",
 *	 "log": "connections", "record": {…}}
 *
 * id is stable for a kind of event; event is the number in the chain, hash what the chain has for it: both tell a
 * record that is sent twice (after a crash), and one that is missing.
 */
#ifndef SUPERVISOR_LOG_RECORDS_H
#define SUPERVISOR_LOG_RECORDS_H

#include "policy/chain.h"
#include "policy/store/event_table.h"

#include <jansson.h>
#include <stdint.h>

struct settings;

struct log_record {
	int64_t event;
	int64_t time_us;
	char kind[EVENT_KIND_SIZE];
	uint8_t hash[CHAIN_HASH_BYTES];
	json_t *payload; /* NULL: erased */
};

/* Where the settings say; nothing if that is nowhere. */
void log_record_send(const struct settings *settings, const struct log_record *record);

/* The line without a newline, to be freed; NULL without memory, or for what is not told elsewhere. */
char *log_record_line(const char *facility, const struct log_record *record);

#endif
