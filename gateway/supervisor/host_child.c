/* See host_child.h. */
#include "supervisor/host_child.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int
host_child_init(struct host_child *host, const struct host_child_kind *kind)
{
	*host = (struct host_child){.kind = kind, .theirs = -1, .workers = -1};
	host->begin = calloc(1, kind->begin_size);
	return host->begin == NULL ? -ENOMEM : 0;
}

int
host_child_start(struct host_child *host, struct children *children, void *tag)
{
	int ends[2];

	if (socketpair(AF_UNIX, host->kind->socket_type | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	host->theirs = ends[0];
	host->workers = ends[1];
	return children_take(children, host->kind->kind, tag, &host->child);
}

static void
close_end(int *fd)
{
	auto_fd int end = take_fd(fd);

	(void)end;
}

static void
begin_done(struct host_child *host)
{
	if (host->begin != NULL)
		secret_wipe(host->begin, host->kind->begin_size);
	free(take_pointer(&host->begin));
	close_end(&host->theirs);
}

void
host_child_done(struct host_child *host)
{
	if (host->child != NULL)
		children_end_taken(take_pointer(&host->child));
	begin_done(host);
	close_end(&host->workers);
}

void
host_child_ready(struct host_child *host)
{
	if (host->begin != NULL)
		(void)children_send(host->child, host->kind->begin, host->begin, host->theirs);
	begin_done(host);
}

void
host_child_died(struct host_child *host)
{
	host->child = NULL;
	begin_done(host);
}

void
host_child_close_workers(struct host_child *host)
{
	close_end(&host->workers);
}

void
host_child_note(struct host_child *host, enum close_reason reason, uint32_t status,
	const char *name, const char *why)
{
	host->reason = reason;
	if (status != 0)
		(void)snprintf(host->detail, sizeof(host->detail), "0x%08x%s%s%s%s",
			(unsigned int)status, name[0] == '\0' ? "" : " ", name,
			why[0] == '\0' ? "" : ": ", why);
	else
		(void)snprintf(host->detail, sizeof(host->detail), "%s", why);
}
