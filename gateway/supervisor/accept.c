/* Listeners; see accept.h. The bytes read here are PROXY headers of our own load balancers. */
#include "supervisor/accept.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/connections.h"
#include "supervisor/passed.h"
#include "supervisor/penalties.h"
#include "supervisor/proxy.h"
#include "supervisor/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At most so many in one turn of the loop: sessions' messages come between. */
#define ACCEPTS_PER_TURN 32
/* Without descriptors accept(2) fails at once and for ever: look again after this. */
#define PAUSE_MS 200
#define DELAY_MOST_MS 5000
#define REFUSALS_LOGGED_PER_SECOND 20

struct listener {
	struct listeners *all;
	uint16_t place; /* in settings->listeners */
	int fd;
	uv_poll_t poll;
};

struct listeners {
	struct supervisor *supervisor;
	struct listener *items;
	size_t count;
	size_t open_handles;
	uv_timer_t pause;
	int64_t refused_second; /* of boot time */
	uint32_t refused_in_second;
};

static void on_acceptable(uv_poll_t *poll, int status, int events);

static const struct settings_listener *
listener_settings(const struct supervisor *supervisor, uint16_t place)
{
	return &supervisor->settings->listeners.items[place];
}

/* A flood of refusals must not become a flood of lines. */
static void
log_refusal(struct listeners *listeners, const struct sockaddr_storage *source, const char *detail)
{
	int64_t second = clock_boottime_ms() / 1000;
	char text[SOCKET_TEXT_SIZE];

	if (second != listeners->refused_second) {
		if (listeners->refused_in_second > REFUSALS_LOGGED_PER_SECOND)
			log_event(EV_CLOSE_SOURCE_LIMIT, "src=- detail='%u more in one second'",
				listeners->refused_in_second - REFUSALS_LOGGED_PER_SECOND);
		listeners->refused_second = second;
		listeners->refused_in_second = 0;
	}
	if (listeners->refused_in_second++ < REFUSALS_LOGGED_PER_SECOND)
		log_event(EV_CLOSE_SOURCE_LIMIT, "src=%s detail='%s'",
			socket_text((const struct sockaddr *)source, text), detail);
}

static const char *
refusal_text(int r)
{
	if (r == -EMFILE)
		return "as many as this source may have";
	return r == -EAGAIN ? "too many failures of this source" : "as many as the gateway takes";
}

/* Asks whether one more connection of this source may be; it is counted if so. */
static int
admit(struct supervisor *supervisor, const struct sockaddr_storage *source, bool exempt,
	uint32_t *ret_delay_ms)
{
	const struct sockaddr *address = (const struct sockaddr *)source;

	exempt =
		exempt || settings_networks_contain(&supervisor->settings->sources.exempt, address);
	return penalties_admit(
		supervisor->penalties, address, exempt, clock_boottime_ms(), ret_delay_ms);
}

static void
on_delay_over(uv_timer_t *timer)
{
	connection_to_worker(timer->data);
}

static void
go_on_after(struct connection *connection, uint32_t delay_ms)
{
	if (delay_ms == 0)
		connection_to_worker(connection);
	else
		uv_timer_start(&connection->timer, on_delay_over, delay_ms, 0);
}

/* The header says who the client is: from here on the connection is theirs and not the balancer's. */
static void
change_source(struct connection *connection, const struct sockaddr_storage *source)
{
	struct supervisor *supervisor = connection->supervisor;
	uint32_t delay_ms;
	int r;

	penalties_end(supervisor->penalties, (const struct sockaddr *)&connection->source, false,
		CLOSE_NONE, clock_boottime_ms());
	connection->counted = false;
	connection->source = *source;
	(void)socket_text((const struct sockaddr *)source, connection->source_text);
	r = admit(supervisor, source, false, &delay_ms);
	if (r < 0) {
		connection_over(connection, CLOSE_SOURCE_LIMIT, refusal_text(r));
		return;
	}
	connection->counted = true;
	go_on_after(connection, delay_ms);
}

/* Reads no byte behind the header: those are the client's. Returns what proxy_parse says, or PROXY_BAD. */
static enum proxy_result
read_header(struct connection *connection, struct sockaddr_storage *ret_source)
{
	enum proxy_result result;
	size_t needed = 0;
	ssize_t len;

	for (;;) {
		result = proxy_parse(
			connection->header, connection->header_len, &needed, ret_source);
		if (result != PROXY_NEED_MORE)
			return result;
		len = recv(connection->client_fd, connection->header + connection->header_len,
			needed - connection->header_len, 0);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return PROXY_NEED_MORE;
		if (len <= 0)
			return PROXY_BAD;
		connection->header_len += (size_t)len;
	}
}

static void
on_header(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = poll->data;
	struct sockaddr_storage source;
	enum proxy_result result = status < 0 ? PROXY_BAD : read_header(connection, &source);

	(void)events;
	if (result == PROXY_NEED_MORE)
		return;
	uv_poll_stop(poll);
	uv_timer_stop(&connection->timer);
	if (result == PROXY_OK)
		change_source(connection, &source);
	else if (result == PROXY_LOCAL)
		connection_over(
			connection, CLOSE_CLIENT_LEFT, "a health check of the load balancer");
	else
		connection_over(connection, CLOSE_BAD_PROXY_HEADER, "");
}

static void
on_header_timeout(uv_timer_t *timer)
{
	connection_over(timer->data, CLOSE_BAD_PROXY_HEADER, "it did not come in time");
}

static void
wait_for_header(struct connection *connection)
{
	connection->header = malloc(PROXY_HEADER_MAX);
	if (connection->header == NULL || uv_poll_init(connection->supervisor->loop,
						  &connection->poll, connection->client_fd) < 0) {
		connection_over(connection, CLOSE_OUT_OF_ROOM, "");
		return;
	}
	connection->poll.data = connection;
	connection->open_handles++;
	uv_timer_start(&connection->timer, on_header_timeout,
		connection->supervisor->settings->limits.admit_ms, 0);
	uv_poll_start(&connection->poll, UV_READABLE, on_header);
}

static void
take_client(struct listener *listener, int *fd, struct sockaddr_storage *source)
{
	struct supervisor *supervisor = listener->all->supervisor;
	const struct settings_listener *settings = listener_settings(supervisor, listener->place);
	bool proxied = settings->proxy == SETTINGS_PROXY_V2;
	struct connection *connection;
	uint32_t delay_ms;
	int r;

	socket_unmap(source);
	if (proxied && !settings_networks_contain(
			       &settings->proxy_from, (const struct sockaddr *)source)) {
		log_refusal(listener->all, source, "not an address of proxy_from");
		return;
	}
	r = admit(supervisor, source, proxied, &delay_ms);
	if (r < 0) {
		log_refusal(listener->all, source, refusal_text(r));
		return;
	}
	r = connection_new(supervisor, listener->place, fd, source, &connection);
	if (r < 0) {
		penalties_end(supervisor->penalties, (const struct sockaddr *)source, false,
			CLOSE_OUT_OF_ROOM, clock_boottime_ms());
		log_refusal(listener->all, source, "no memory");
		return;
	}
	connection->counted = true;
	if (proxied)
		wait_for_header(connection);
	else
		go_on_after(connection, delay_ms);
}

static void
on_pause_over(uv_timer_t *timer)
{
	struct listeners *listeners = timer->data;

	for (size_t i = 0; i < listeners->count; i++)
		uv_poll_start(&listeners->items[i].poll, UV_READABLE, on_acceptable);
}

static void
pause_all(struct listeners *listeners, int error)
{
	log_event(EV_ACCEPT_PAUSED, "why='%s'", strerror(error));
	for (size_t i = 0; i < listeners->count; i++)
		uv_poll_stop(&listeners->items[i].poll);
	uv_timer_start(&listeners->pause, on_pause_over, PAUSE_MS, 0);
}

static void
on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage source = {0};
		socklen_t len = sizeof(source);
		auto_fd int fd = accept4(listener->fd, (struct sockaddr *)&source, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_client(listener, &fd, &source);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_all(listener->all, errno);
		if (errno == EAGAIN || errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM)
			return;
		/* Anything else is about that one connection, which has gone (accept(2)). */
	}
}

static int
open_listener(struct listeners *listeners, uint16_t place)
{
	struct supervisor *supervisor = listeners->supervisor;
	const struct settings_endpoint *address = &listener_settings(supervisor, place)->address;
	struct listener *listener = &listeners->items[place];
	int r;

	listener->all = listeners;
	listener->place = place;
	r = passed_take_tcp((const struct sockaddr *)&address->address);
	if (r == -ENOENT)
		r = socket_listen_tcp((const struct sockaddr *)&address->address, address->len);
	if (r < 0)
		return r;
	listener->fd = r;
	listener->poll.data = listener;
	r = uv_poll_init(supervisor->loop, &listener->poll, listener->fd);
	if (r < 0) {
		(void)close(listener->fd);
		return r;
	}
	listeners->count++;
	listeners->open_handles++;
	r = uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
	if (r == 0)
		log_event(EV_LISTENING, "listener='%s' address=%s side=%s",
			log_quote(listener_settings(supervisor, place)->name), address->text,
			settings_side_name(listener_settings(supervisor, place)->side));
	return r;
}

static void
on_closed(uv_handle_t *handle)
{
	struct listeners *listeners = handle->data;

	if (--listeners->open_handles > 0)
		return;
	free(listeners->items);
	free(listeners);
}

static void
on_listener_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	(void)close(listener->fd);
	handle->data = listener->all;
	on_closed(handle);
}

void
listeners_close(struct listeners *listeners)
{
	if (listeners == NULL)
		return;
	for (size_t i = 0; i < listeners->count; i++)
		uv_close((uv_handle_t *)&listeners->items[i].poll, on_listener_closed);
	uv_close((uv_handle_t *)&listeners->pause, on_closed);
}

int
listeners_open(
	struct supervisor *supervisor, struct listeners **ret_listeners, const char **ret_why)
{
	static char why[160];
	size_t count = supervisor->settings->listeners.count;
	struct listeners *listeners = calloc(1, sizeof(*listeners));
	int r = 0;

	if (listeners == NULL)
		return -ENOMEM;
	listeners->supervisor = supervisor;
	listeners->items = calloc(count, sizeof(*listeners->items));
	if (listeners->items == NULL) {
		free(listeners);
		return -ENOMEM;
	}
	(void)uv_timer_init(supervisor->loop, &listeners->pause);
	listeners->pause.data = listeners;
	listeners->open_handles = 1;
	for (size_t i = 0; i < count && r >= 0; i++) {
		r = open_listener(listeners, (uint16_t)i);
		if (r < 0) {
			snprintf(why, sizeof(why), "listener %.60s: %s",
				listener_settings(supervisor, (uint16_t)i)->address.text,
				strerror(-r));
			*ret_why = why;
		}
	}
	if (r < 0) {
		listeners_close(listeners);
		return r;
	}
	*ret_listeners = listeners;
	return 0;
}

void
listeners_apply_limits(struct supervisor *supervisor)
{
	const struct settings *settings = supervisor->settings;
	const struct penalty_limits limits = {
		.sources = settings->sources.remembered,
		.connections = settings->workers.count * settings->workers.connections,
		.connections_per_source = settings->sources.connections,
		.unfinished = settings->sources.unfinished_all,
		.unfinished_per_source = settings->sources.unfinished,
		.penalty_ms = settings->sources.penalty_ms,
		.penalty_refuse_ms = settings->sources.penalty_threshold_ms,
		.penalty_most_ms = settings->sources.penalty_most_ms,
		.delay_most_ms = DELAY_MOST_MS,
		.ipv4_prefix = settings->sources.ipv4_prefix,
		.ipv6_prefix = settings->sources.ipv6_prefix,
	};

	if (supervisor->penalties == NULL)
		supervisor->penalties = penalties_new(&limits);
	else
		penalties_set_limits(supervisor->penalties, &limits);
}
