/* Keyboard and mouse of a session that somebody must watch (four eyes): what the client holds down at the host, so that it can be
 * let go when input pauses, and how its locks stand, so that the host can be told when input goes on. Pure: the bytes of each PDU
 * with input come in (MS-RDPBCGR 2.2.8.1.1.3, 2.2.8.1.2), what is to be sent goes out. In the relay worker; the client may
 * be hostile.
 *
 * Touch and pens have dynamic channels of their own: filter_drdynvc.c leaves them out while the gate is closed.
 */
#ifndef RELAY_INPUT_GATE_H
#define RELAY_INPUT_GATE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How input travels; the host is told in the form that the client used last. */
enum input_form { INPUT_FAST, INPUT_SLOW };

enum { INPUT_KEYS = 1024 }; /* scancode, with 0x100 extended and 0x200 extended 1 */

struct input_gate {
	bool closed;
	bool due; /* the host is still to be told: what is let go, or how the locks stand */
	enum input_form form;
	/* The PDU in transit. */
	bool passes;   /* the host gets it */
	bool mutes;    /* the gate was closed while it passed: what comes now of it does nothing */
	bool counting; /* the number of events comes first */
	uint32_t skip; /* bytes before the next thing that is looked at */
	uint16_t events; /* that are still to come */
	uint8_t have, want;
	uint8_t event[12];
	/* What it comes to. */
	uint8_t held[INPUT_KEYS / 8];   /* as the host knows it */
	uint8_t client[INPUT_KEYS / 8]; /* as the client said it */
	uint8_t buttons; /* held at the host: bits 0-2 left, right, middle; 3-4 the other two */
	uint16_t x, y;   /* of the last event of the mouse that the host got */
	bool locks_known;
	uint8_t locks; /* toggleFlags, 2.2.8.1.1.3.1.1.5 */
};

/* A PDU with input begins: `skip` bytes, then events. Fast path: `events` of them, or 0: their number is the first byte behind.
 * Slow path: their number comes first (TS_INPUT_PDU_DATA). */
void input_gate_begin(
	struct input_gate *gate, enum input_form form, uint32_t skip, uint16_t events, bool passes);

/* The bytes of the PDU that has begun, from its first one on, as they come; those behind its last event are not looked at. Of one that
 * passes, events that begin while the gate is closed become events that do nothing: a client may keep the end of a long one back until
 * nobody watches. False: an event that nobody knows the length of. */
bool input_gate_bytes(struct input_gate *gate, uint8_t *bytes, size_t len);

/* What is held is let go: events as bodies of 2.2.8.1.2.2 or 2.2.8.1.1.3.1.1, of one PDU with at most INPUT_EVENTS_MOST events.
 * Returns how many; 0: nothing is held any more. */
enum { INPUT_EVENTS_MOST = 15, INPUT_EVENT_MAX = 12 };
uint16_t input_gate_release(struct input_gate *gate, struct bytes_writer *writer);

/* How the client's locks stand: one event, or none if it never said. Returns how many. */
uint16_t input_gate_synchronise(const struct input_gate *gate, struct bytes_writer *writer);

#endif
