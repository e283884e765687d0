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
#include "supervisor/log_socket.h"

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

/* The way to programs elsewhere. */
struct log_records {
	const struct settings *settings; /* borrowed */
	struct log_socket socket;
};

void log_records_init(struct log_records *records, const struct settings *settings);
void log_records_done(struct log_records *records);

/* Sends it where the settings say, without waiting; nothing if that is nowhere. Returns 0, or a negative errno when it
 * has not gone: it is for the caller to try again. */
int log_record_send(struct log_records *records, const struct log_record *record);

/* The line without a newline, to be freed; NULL without memory, or for what is not told elsewhere. */
char *log_record_line(const char *facility, const struct log_record *record);

#endif
