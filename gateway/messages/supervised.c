/* See supervised.h. */
#include "messages/supervised.h"

int
supervised_meet(const struct channel_setup *setup, int fd, struct channel **ret_channel)
{
	const struct msg_hello hello = {.build_hash = messages_build_hash()};
	int r = channel_new(setup, &fd, ret_channel);

	return r < 0 ? r : channel_send(*ret_channel, MSG_HELLO, &hello, -1);
}

int
supervised_on_ping(struct channel *channel, union message_body *message)
{
	const struct msg_pong pong = {.serial = message->ping.serial};

	return channel_send(channel, MSG_PONG, &pong, -1);
}
