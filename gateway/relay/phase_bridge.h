/* What BRIDGE is told from outside its two streams. */
#ifndef RELAY_PHASE_BRIDGE_H
#define RELAY_PHASE_BRIDGE_H

#include "relay/connection.h"

/* INPUT_GATE, in any phase: kept for the back end that is attached later, and done at once where there is one. */
void bridge_on_input_gate(struct connection *conn, bool open);

#endif
