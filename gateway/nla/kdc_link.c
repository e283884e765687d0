/* See kdc_link.h. The bytes come from a KDC, or from whoever is where it should be. */
#include "nla/kdc_link.h"

#include "base/cleanup.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD 4

void
kdc_link_init(struct kdc_link *link)
{
	*link = (struct kdc_link){.fd = -1};
}

void
kdc_link_done(struct kdc_link *link)
{
	cleanup_close(&link->fd);
	free(link->bytes);
	kdc_link_init(link);
}

int
kdc_link_start(struct kdc_link *link, int *fd, const struct pdu_bytes *request)
{
	struct bytes_writer writer;

	kdc_link_done(link);
	link->fd = take_fd(fd);
	link->len = HEAD + request->len;
	link->bytes = malloc(link->len);
	if (link->bytes == NULL)
		return -ENOMEM;
	bytes_writer_init(&writer, link->bytes, link->len);
	bytes_write_u32be(&writer, (uint32_t)request->len);
	bytes_write(&writer, request->at, request->len);
	return 0;
}

short
kdc_link_events(const struct kdc_link *link)
{
	return link->is_reading ? POLLIN : POLLOUT;
}

static int
send_some(struct kdc_link *link)
{
	ssize_t count = send(link->fd, link->bytes + link->at, link->len - link->at,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	link->at += (size_t)count;
	if (link->at < link->len)
		return 0;
	link->is_reading = true;
	link->at = 0;
	link->len = HEAD;
	free(link->bytes);
	link->bytes = malloc(HEAD + KDC_ANSWER_MOST);
	return link->bytes == NULL ? -ENOMEM : 0;
}

/* The four bytes are there: how much follows? */
static int
read_head(struct kdc_link *link)
{
	struct bytes_reader reader;
	uint32_t len;

	bytes_reader_init(&reader, link->bytes, HEAD);
	len = bytes_read_u32be(&reader);
	if (len == 0 || len > KDC_ANSWER_MOST)
		return -EMSGSIZE;
	link->len = HEAD + len;
	return 0;
}

static int
receive_some(struct kdc_link *link)
{
	ssize_t count = recv(link->fd, link->bytes + link->at, link->len - link->at, MSG_DONTWAIT);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (count == 0)
		return -ECONNRESET;
	link->at += (size_t)count;
	if (link->at < link->len)
		return 0;
	return link->len == HEAD ? read_head(link) : 1;
}

int
kdc_link_turn(struct kdc_link *link, struct pdu_bytes *ret_answer)
{
	int r = link->is_reading ? receive_some(link) : send_some(link);

	if (r == 1)
		*ret_answer = (struct pdu_bytes){link->bytes + HEAD, link->len - HEAD};
	return r;
}
