/* See hostile.h. */
#include "hostile.h"

#include "base/lock_down.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
hostile_send_raw(const void *bytes, size_t len, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		header.msg_control = control.room;
		header.msg_controllen = sizeof(control.room);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	}
	(void)sendmsg(CHILD_FD_CHANNEL, &header, MSG_NOSIGNAL);
}

void
hostile_send(enum message number, const void *body, int fd)
{
	static uint8_t room[MESSAGE_MOST_BYTES];
	int len = message_put(number, body, room, sizeof(room));

	if (len > 0)
		hostile_send_raw(room, (size_t)len, fd);
}

void
hostile_hello(uint64_t change)
{
	const struct msg_hello hello = {.build_hash = messages_build_hash() + change};

	hostile_send(MSG_HELLO, &hello, -1);
}

FILE *
hostile_open_beside(const char *name, const char *how)
{
	char path[512];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash + 1, 64, "%s", name);
	return fopen(path, how);
}

const struct message_row *
hostile_row_of_others(unsigned int process, size_t at)
{
	for (size_t i = 0; message_row_at(i) != NULL; i++)
		if ((message_row_at(i)->from & process) == 0 && at-- == 0)
			return message_row_at(i);
	return NULL;
}

const struct message_row *
hostile_row_to_say(unsigned int process, const char *name, uint64_t number)
{
	size_t count = 0;

	while (hostile_row_of_others(process, count) != NULL)
		count++;
	if (strcmp(name, "any") == 0)
		return hostile_row_of_others(process, number % count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(hostile_row_of_others(process, i)->name, name) == 0)
			return hostile_row_of_others(process, i);
	return NULL;
}
