/* The way from a recorded session to its sekisho-recorder: what the tee has made of it, over a socketpair, in few large pieces. It comes before ATTACH
 * (RECORD_CHANNEL), is used from BRIDGE on, and outlives its connection's legs for a moment, so that the last picture is kept.
 *
 * Where the recorder takes nothing: a session whose recording is required stops reading its host, and ends when that takes too long; of
 * others PDUs are left out.
 */
#ifndef RELAY_RECORD_LINK_H
#define RELAY_RECORD_LINK_H

#include "relay/connection.h"

/* Takes *fd, also on failure; an older link is closed. Returns 0 or a negative errno. */
int record_link_open(struct connection *conn, const struct msg_record_channel *channel, int *fd);

/* BRIDGE begins; conn->introduction and conn->bridge are there. Without a link it does nothing. */
void record_link_begin(struct connection *conn);

/* What has come from a side was sent on. */
void record_link_take(struct connection *conn, enum side from, const uint8_t *bytes, size_t len);

/* This side may not be read now: the host, and the client where its input is recorded. */
bool record_link_holds(const struct record_link *link, enum side side);

/* Nothing more comes. What waits has half a second. Any number of times; conn->record is NULL afterwards. */
void record_link_close(struct connection *conn);

#endif
