/* Evidence from the kernel's neighbour table, over rtnetlink. Supervisor, loop thread.
 *
 * The kernel answers a netlink question before sendto(2) returns, so questions are asked and read at once, without
 * blocking. Only a row that the kernel has not confirmed yet is waited for, at most EVIDENCE_NEIGHBOUR_WAIT_MS, on a
 * second socket that hears of changes (RTNLGRP_NEIGH).
 *
 * For a source on the same link this kind is the last word: whoever can take an address on the link can also make
 * its row contradictory, and a DHCP lease of the address's owner must not help him then.
 */
#include "base/clock.h"
#include "supervisor/evidence_private.h"
#include "supervisor/neighbour.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_SIZE 32768
/* A dump that the table's changes interrupt is asked for again. */
#define DUMP_TRIES 3

union request {
	struct nlmsghdr header;
	uint8_t bytes[256];
};

static void
request_begin(union request *request, uint16_t type, uint16_t flags, const void *fixed, size_t len)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(len));
	memcpy(request->bytes + NLMSG_HDRLEN, fixed, len);
}

static void
request_add(union request *request, uint16_t type, const void *value, size_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};
	uint8_t *at = request->bytes + request->header.nlmsg_len;

	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + RTA_LENGTH(0), value, len);
	request->header.nlmsg_len += (uint32_t)RTA_SPACE(len);
}

static void
request_add_address(union request *request, uint16_t type, const uint8_t *address)
{
	if (address_is_ipv4(address))
		request_add(request, type, address + 12, 4);
	else
		request_add(request, type, address, ADDRESS_SIZE);
}

static uint8_t
family_of(const uint8_t *address)
{
	return address_is_ipv4(address) ? AF_INET : AF_INET6;
}

/* What an answer is for: each message goes to `take`; a negative return ends the reading. */
struct reader {
	int (*take)(void *user, const void *message, size_t len);
	void *user;
	bool interrupted;
};

static int
error_of(const struct nlmsghdr *header, size_t len)
{
	struct nlmsgerr error;

	if (len < NLMSG_HDRLEN + sizeof(error))
		return -EBADMSG;
	memcpy(&error, NLMSG_DATA(header), sizeof(error));
	return error.error;
}

/* Reads one datagram's messages. Returns 1 at the end of the answer, 0 if more follows. */
static int
read_messages(struct reader *reader, const uint8_t *bytes, size_t len)
{
	while (len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)bytes;
		size_t step;
		int r;

		if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > len)
			return -EBADMSG;
		if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			reader->interrupted = true;
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR) {
			r = error_of(header, header->nlmsg_len);
			return r < 0 ? r : 1;
		}
		r = reader->take(reader->user, bytes, header->nlmsg_len);
		if (r < 0)
			return r;
		if ((header->nlmsg_flags & NLM_F_MULTI) == 0)
			return 1;
		step = NLMSG_ALIGN((size_t)header->nlmsg_len);
		step = step > len ? len : step;
		bytes += step;
		len -= step;
	}
	return 0;
}

/* Sends a question and reads all of its answer. What an earlier, broken-off reading left is thrown away first. */
static int
ask(int fd, const union request *request, struct reader *reader)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	_Alignas(struct nlmsghdr) uint8_t reply[REPLY_SIZE];
	ssize_t n;
	int r = 0;

	while (recv(fd, reply, sizeof(reply), MSG_DONTWAIT) >= 0)
		;
	do
		n = sendto(fd, request, request->header.nlmsg_len, MSG_DONTWAIT,
			(const struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	while (r == 0) {
		n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if ((size_t)n > sizeof(reply))
			return -EMSGSIZE;
		r = read_messages(reader, reply, (size_t)n);
	}
	return r < 0 ? r : 0;
}

static int
take_route(void *user, const void *message, size_t len)
{
	return neighbour_route_read(message, len, user);
}

static int
ask_route(struct evidence_search *search, struct neighbour_route *ret_route)
{
	struct rtmsg fixed = {.rtm_family = family_of(search->source)};
	struct reader reader = {.take = take_route, .user = ret_route};
	union request request;

	fixed.rtm_dst_len = address_is_ipv4(search->source) ? 32 : 128;
	/* Rules of policy routing may look at our own address too. */
	if (search->has_local && family_of(search->local) == fixed.rtm_family)
		fixed.rtm_src_len = fixed.rtm_dst_len;
	request_begin(&request, RTM_GETROUTE, 0, &fixed, sizeof(fixed));
	request_add_address(&request, RTA_DST, search->source);
	if (fixed.rtm_src_len > 0)
		request_add_address(&request, RTA_SRC, search->local);
	if (search->scope != 0)
		request_add(&request, RTA_OIF, &search->scope, sizeof(search->scope));
	return ask(search->evidence->route_fd, &request, &reader);
}

static int
take_row(void *user, const void *message, size_t len)
{
	return neighbour_row_read(message, len, sysconf(_SC_CLK_TCK), user);
}

/* -ENOENT: there is none. */
static int
ask_row(struct evidence_search *search, uint32_t interface, struct neighbour_row *ret_row)
{
	struct ndmsg fixed = {
		.ndm_family = family_of(search->source), .ndm_ifindex = (int32_t)interface};
	struct reader reader = {.take = take_row, .user = ret_row};
	union request request;

	request_begin(&request, RTM_GETNEIGH, 0, &fixed, sizeof(fixed));
	request_add_address(&request, NDA_DST, search->source);
	return ask(search->evidence->route_fd, &request, &reader);
}

static int
take_other(void *user, const void *message, size_t len)
{
	struct neighbour_row row;

	/* Rows without an address (bridges' own) and lines of other kinds are no neighbours. */
	if (neighbour_row_read(message, len, sysconf(_SC_CLK_TCK), &row) == 0)
		neighbour_others_add(user, &row);
	return 0;
}

static int
ask_others(struct evidence *evidence, const struct neighbour_row *client,
	struct neighbour_others *ret_others)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int r = 0;

	for (int tries = 0; tries < DUMP_TRIES; tries++) {
		struct neighbour_others others = {.client = client};
		struct reader reader = {.take = take_other, .user = &others};

		for (size_t i = 0; i < sizeof(families) && r == 0; i++) {
			struct ndmsg fixed = {.ndm_family = families[i]};
			union request request;

			request_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &fixed, sizeof(fixed));
			request_add(&request, NDA_IFINDEX, &client->interface,
				sizeof(client->interface));
			r = ask(evidence->route_fd, &request, &reader);
		}
		if (r < 0 || !reader.interrupted) {
			*ret_others = others;
			return r;
		}
	}
	return -EAGAIN;
}

/* Waiting for the kernel to confirm a row. */

static void on_event(uv_poll_t *poll, int status, int events);

static int
hear_events(struct evidence *evidence, bool on)
{
	int group = RTNLGRP_NEIGH;

	return setsockopt(evidence->event_fd, SOL_NETLINK,
		on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group, sizeof(group));
}

/* Hears of changes from now on. Returns false when the search's time is over. */
static bool
start_waiting(struct evidence_search *search)
{
	struct evidence *evidence = search->evidence;

	search->wake_ms = search->started_ms + EVIDENCE_NEIGHBOUR_WAIT_MS;
	if (clock_boottime_ms() >= search->wake_ms)
		return false;
	if (evidence->neighbour_waiters++ == 0) {
		(void)hear_events(evidence, true);
		(void)uv_poll_start(&evidence->event_poll, UV_READABLE, on_event);
	}
	search->waits_for_neighbour = true;
	return true;
}

void
evidence_neighbour_stop_waiting(struct evidence_search *search)
{
	struct evidence *evidence = search->evidence;

	if (!search->waits_for_neighbour)
		return;
	search->waits_for_neighbour = false;
	if (--evidence->neighbour_waiters == 0) {
		(void)hear_events(evidence, false);
		(void)uv_poll_stop(&evidence->event_poll);
	}
}

/* NULL wakes everybody. */
static void
wake_waiting(struct evidence *evidence, const uint8_t *address)
{
	struct evidence_search *search, *next;

	for (search = TAILQ_FIRST(&evidence->waiting); search != NULL; search = next) {
		next = TAILQ_NEXT(search, entry);
		if (search->waits_for_neighbour &&
			(address == NULL || memcmp(search->source, address, ADDRESS_SIZE) == 0))
			evidence_wake(search);
	}
}

static int
take_event(void *user, const void *message, size_t len)
{
	struct neighbour_row row;

	if (neighbour_row_read(message, len, sysconf(_SC_CLK_TCK), &row) == 0)
		wake_waiting(user, row.address);
	return 0;
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct evidence *evidence = poll->data;
	struct reader reader = {.take = take_event, .user = evidence};
	_Alignas(struct nlmsghdr) uint8_t bytes[REPLY_SIZE];
	ssize_t n;

	(void)status;
	(void)events;
	/* A bounded number: a link full of changes must not keep the loop here. */
	for (int i = 0; i < 16; i++) {
		n = recv(evidence->event_fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS)
			wake_waiting(evidence, NULL);
		else if (n < 0)
			return;
		else
			(void)read_messages(&reader, bytes, (size_t)n);
	}
}

/* The kind itself. */

static enum evidence_answer
judge_others(
	struct evidence_search *search, const struct neighbour_row *row, char *why, size_t size)
{
	struct neighbour_others others;
	char example[INET6_ADDRSTRLEN], name[IF_NAMESIZE], mac[EVIDENCE_MAC_TEXT_SIZE];
	const char *text;
	int r;

	r = ask_others(search->evidence, row, &others);
	if (r < 0) {
		(void)snprintf(why, size, "the neighbour table cannot be read (%s)", strerror(-r));
		return EVIDENCE_DOUBT;
	}
	if (neighbour_others_contradict(&others, &text)) {
		(void)snprintf(why, size, "%s (%s, also at %s)", text,
			evidence_mac_text(row->mac, mac),
			evidence_address_text(others.example, example));
		return EVIDENCE_DOUBT;
	}
	if (if_indextoname(row->interface, name) == NULL)
		(void)snprintf(name, sizeof(name), "%u", row->interface);
	(void)snprintf(why, size, "neighbour on %s, %s", name, neighbour_state_name(row->state));
	memcpy(search->result.mac, row->mac, MAC_SIZE);
	return EVIDENCE_FOUND;
}

/* Reads and judges the client's row. */
static enum neighbour_verdict
read_row(struct evidence_search *search, uint32_t interface, struct neighbour_row *ret_row,
	char *why, size_t size)
{
	enum neighbour_verdict verdict;
	const char *text;
	int r;

	r = ask_row(search, interface, ret_row);
	if (r == -ENOENT) {
		(void)snprintf(why, size, "the kernel has no row for this source");
		return NEIGHBOUR_UNCONFIRMED;
	}
	if (r < 0) {
		(void)snprintf(why, size, "the neighbour table cannot be read (%s)", strerror(-r));
		return NEIGHBOUR_BAD;
	}
	verdict = neighbour_row_judge(
		ret_row, (uint64_t)search->evidence->neighbour_max_age_ms, &text);
	(void)snprintf(why, size, "%s (%s)", text, neighbour_state_name(ret_row->state));
	return verdict;
}

/* A row that may still be confirmed is read once more after we have begun to hear of changes, so that none is
 * missed in between. */
static enum evidence_answer
judge_row(struct evidence_search *search, uint32_t interface, char *why, size_t size)
{
	struct neighbour_row row;
	enum neighbour_verdict verdict;

	verdict = read_row(search, interface, &row, why, size);
	if (verdict == NEIGHBOUR_UNCONFIRMED && !search->waits_for_neighbour &&
		start_waiting(search))
		verdict = read_row(search, interface, &row, why, size);
	if (verdict == NEIGHBOUR_UNCONFIRMED && search->waits_for_neighbour &&
		clock_boottime_ms() < search->wake_ms)
		return EVIDENCE_WAIT;
	return verdict == NEIGHBOUR_GOOD ? judge_others(search, &row, why, size) : EVIDENCE_DOUBT;
}

enum evidence_answer
evidence_look_neighbour(
	struct evidence *evidence, struct evidence_search *search, char *why, size_t size)
{
	struct neighbour_route route;
	int r;

	(void)evidence;
	if (!search->has_source) {
		(void)snprintf(why, size, "the source has no IP address");
		return EVIDENCE_SILENT;
	}
	r = ask_route(search, &route);
	if (r < 0) {
		(void)snprintf(
			why, size, "the kernel knows no way to this source (%s)", strerror(-r));
		return EVIDENCE_DOUBT;
	}
	if (route.type != RTN_UNICAST) {
		(void)snprintf(why, size, "the source is this machine itself or no single station");
		return EVIDENCE_SILENT;
	}
	if (route.has_gateway) {
		(void)snprintf(why, size, "the way to this source leads over a router");
		return EVIDENCE_SILENT;
	}
	return judge_row(search, route.interface, why, size);
}

int
evidence_neighbour_open(struct evidence *evidence, const char **ret_why)
{
	int type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, on = 1;
	int r;

	*ret_why = "no netlink socket for the neighbour table";
	evidence->route_fd = socket(AF_NETLINK, type, NETLINK_ROUTE);
	if (evidence->route_fd < 0)
		return -errno;
	/* Lets the kernel give one link's rows alone; without it we get all and pick. */
	(void)setsockopt(evidence->route_fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	evidence->event_fd = socket(AF_NETLINK, type, NETLINK_ROUTE);
	if (evidence->event_fd < 0)
		return -errno;
	r = uv_poll_init(evidence->loop, &evidence->event_poll, evidence->event_fd);
	if (r < 0)
		return r;
	evidence->event_poll.data = evidence;
	evidence->open_handles++;
	return 0;
}

static void
on_event_poll_closed(uv_handle_t *handle)
{
	struct evidence *evidence = handle->data;

	(void)close(evidence->event_fd);
	evidence_handle_closed(handle);
}

void
evidence_neighbour_close(struct evidence *evidence)
{
	if (evidence->route_fd >= 0)
		(void)close(evidence->route_fd);
	if (evidence->event_poll.data != NULL)
		uv_close((uv_handle_t *)&evidence->event_poll, on_event_poll_closed);
	else if (evidence->event_fd >= 0)
		(void)close(evidence->event_fd);
}
