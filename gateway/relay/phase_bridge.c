/* BRIDGE - the desktop is in use: decrypted PDUs are relayed unchanged, both ways (bridge.c).
 *
 * From:   ATTACH.   To: DRAIN.
 * Trust:  neither side. What may pass is bridge_rules.def.
 * Keeps:  ids and counters; no buffer while nothing waits.
 * Limit:  the time limit `attach` until the first desktop is active, then none. A peer that takes nothing or is silently
 *         gone for TCP_USER_TIMEOUT is found by the kernel.
 */
#include "relay/phase_bridge.h"
#include "relay/bridge.h"
#include "relay/bridge_channels.h"
#include "relay/connection_io.h"
#include "relay/introduction.h"
#include "relay/phase_attach.h"
#include "relay/record_link.h"
#include "relay/worker.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "rdp/mcs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A jump host changes its cookie once an hour (MS-RDPBCGR 5.5): whoever does it more often than this is not listened to. */
#define HOST_COOKIES_MAX 1000

/* Neither what the client said nor what the supervisor said is needed any more. */
static void
bridge_enter(struct connection *conn)
{
	record_link_begin(conn);
	introduction_free(take_pointer(&conn->introduction));
	attachment_free(take_pointer(&conn->attachment));
	io_limit(conn, conn->worker->limit_ms[PHASE_ATTACH]);
}

/* Whose turn it was (MS-RDPBCGR 1.3.1.1). */
static void
bridge_on_time_limit(struct connection *conn)
{
	if (conn->bridge->stage == BRIDGE_BEFORE)
		connection_close(conn, CLOSE_HOST_TOO_SLOW, "no Demand Active");
	else if (conn->bridge->answered)
		connection_close(conn, CLOSE_HOST_TOO_SLOW, "no Font Map");
	else
		connection_close(conn, CLOSE_TOO_SLOW, "no Confirm Active");
}

/* The supervisor is to have the cookie with which this host alone knows this session again. */
static void
tell_host_cookie(struct connection *conn)
{
	struct bridge_cookies *cookies = &conn->bridge->cookies;
	struct msg_host_cookie host_cookie = {.connection = conn->id,
		.logon_id = cookies->hosts.logon_id,
		.random_len = AUTO_RECONNECT_RANDOM_LEN};

	if (!cookies->is_new)
		return;
	memcpy(host_cookie.random, cookies->hosts.random, AUTO_RECONNECT_RANDOM_LEN);
	secret_wipe(&cookies->hosts, sizeof(cookies->hosts));
	cookies->is_new = false;
	if (cookies->seen++ < HOST_COOKIES_MAX)
		worker_tell(conn->worker, MSG_HOST_COOKIE, &host_cookie);
	secret_wipe(&host_cookie, sizeof(host_cookie));
}

/* The client gets the cookie with which the gateway knows its session again. */
static void
give_cookie(struct connection *conn)
{
	const struct bridge *bridge = conn->bridge;
	const struct msg_cookie_given given = {.connection = conn->id};
	uint8_t payload[AUTO_RECONNECT_INFO_LEN], room[MCS_SEND_DATA_HEAD_MAX + sizeof(payload)];
	bool first = !bridge->cookies.told;
	struct bytes_writer inner, writer;

	bytes_writer_init(&inner, payload, sizeof(payload));
	auto_reconnect_info_write(
		&inner, bridge->share_id, INTRODUCTION_SERVER_USER, &bridge->cookies.ours);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(&writer, MCS_SEND_DATA_INDICATION, INTRODUCTION_SERVER_USER,
		MCS_IO_CHANNEL, payload, inner.len);
	bridge_cookie_sent(conn->bridge);
	if (conn_expect(conn, !inner.failed && !writer.failed)) {
		leg_send(conn, SIDE_CLIENT, room, writer.len);
		if (first)
			worker_tell(conn->worker, MSG_COOKIE_GIVEN, &given);
	}
	secret_wipe(payload, sizeof(payload));
	secret_wipe(room, sizeof(room));
}

static void
tell_missed(struct connection *conn)
{
	struct file_news *news = &conn->bridge->news;
	const struct msg_file_moved told = {.connection = conn->id, .missed = news->missed};

	if (news->missed > 0)
		worker_tell(conn->worker, MSG_FILE_MOVED, &told);
	news->missed = 0;
}

/* Files that moved, as fast as the supervisor hears of them. */
static void
tell_news(struct connection *conn)
{
	struct file_moved file;

	while (!worker_is_unheard(conn->worker)) {
		struct msg_file_moved told = {.connection = conn->id};

		if (!file_news_take(&conn->bridge->news, &file)) {
			tell_missed(conn);
			break;
		}
		told.move = (uint8_t)file.move;
		told.way = (uint8_t)file.way;
		told.bytes = file.bytes;
		(void)snprintf(told.path, sizeof(told.path), "%s", file.path);
		free(file.path);
		worker_tell(conn->worker, MSG_FILE_MOVED, &told);
	}
}

/* What came from a side goes to the other one, and into the recording. */
static void
pass_on(struct connection *conn, enum side from, const uint8_t *bytes, size_t len)
{
	leg_send(conn, other_side(from), bytes, len);
	if (conn->record != NULL)
		record_link_take(conn, from, bytes, len);
}

/* What filters have put behind what came from a side. */
static void
send_queued(struct connection *conn, enum side from)
{
	struct bridge_queue *queue = bridge_queued(conn->bridge, from);

	if (queue == NULL)
		return;
	pass_on(conn, from, queue->bytes, queue->len);
	bridge_queue_done(queue);
}

/* Whoever makes us answer must read the answers: until then nothing else of theirs is dealt with. */
static bool
reads_answers(struct connection *conn, enum side side)
{
	if (leg_waiting(conn, side) <= BRIDGE_QUEUE_MAX)
		return true;
	connection_close(conn, bridge_bad_channel(side),
		"more is to be answered on its channels than it reads");
	return false;
}

static void
bridge_leave(struct connection *conn)
{
	struct file_news *news = &conn->bridge->news;

	bridge_filters_finish(conn->bridge);
	tell_news(conn);
	/* What could not be told is counted at least. */
	news->missed += (uint32_t)(news->count - news->taken);
	tell_missed(conn);
	record_link_close(conn);
}

static size_t
bridge_on_bytes(struct connection *conn, enum side from, uint8_t *bytes, size_t len)
{
	bool active = conn->bridge->stage == BRIDGE_ACTIVE;
	struct bridge_result result;
	size_t used = 0;
	bool owes;

	do {
		bridge_filter(conn->bridge, from, bytes + used, len - used, &result);
		pass_on(conn, from, bytes + used, result.out);
		used += result.used;
		send_queued(conn, from);
		send_queued(conn, other_side(from));
		if (conn->bridge->news.count > 0 || conn->bridge->news.missed > 0)
			tell_news(conn);
		if (result.reason != CLOSE_NONE) {
			connection_close(conn, result.reason, result.why);
			return len;
		}
		if (result.stopped && !reads_answers(conn, from))
			return len;
		owes = bridge_owes_cookie(conn->bridge);
		if (owes)
			give_cookie(conn);
	} while ((owes || result.stopped) && conn->reason == CLOSE_NONE);
	if (conn->reason != CLOSE_NONE)
		return len;
	if (!active && conn->bridge->stage == BRIDGE_ACTIVE)
		io_limit(conn, 0);
	tell_host_cookie(conn);
	return used;
}

static void
bridge_on_end(struct connection *conn, enum side side, int error, bool waited)
{
	if (side == SIDE_HOST && conn->bridge->stage == BRIDGE_BEFORE)
		connection_close(conn, CLOSE_HOST_REFUSED, "it closed the connection");
	else if (side == SIDE_HOST && error == 0 &&
		 bridge_to_boundary(conn->bridge, SIDE_HOST) != 0)
		connection_close(conn, CLOSE_HOST_LOST, "it hung up inside a PDU");
	else
		connection_peer_ended(conn, side, error, waited);
}

static void
set_gate(struct connection *conn, struct bridge *bridge, bool open)
{
	if (bridge != NULL && bridge->back_end == SIDE_HOST && bridge_gate(bridge, open) < 0)
		connection_close(conn, CLOSE_OUT_OF_ROOM, "no memory for a gate");
}

void
bridge_on_input_gate(struct connection *conn, bool open)
{
	conn->gate = open ? GATE_OPEN : GATE_CLOSED;
	if (conn->reason != CLOSE_NONE)
		return;
	if (conn->attachment != NULL)
		set_gate(conn, conn->attachment->bridge, open);
	set_gate(conn, conn->bridge, open);
	if (conn->phase == PHASE_BRIDGE && conn->reason == CLOSE_NONE)
		send_queued(conn, SIDE_CLIENT);
}

const struct phase_ops phase_bridge = {
	.reads = {[SIDE_CLIENT] = READ_STREAM, [SIDE_HOST] = READ_STREAM},
	.enter = bridge_enter,
	.leave = bridge_leave,
	.on_bytes = bridge_on_bytes,
	.on_end = bridge_on_end,
	.on_time_limit = bridge_on_time_limit,
};
