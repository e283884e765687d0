/* What greeters say, and that they have died: the supervisor's part of children.h. */
#ifndef SUPERVISOR_GREETER_MESSAGES_H
#define SUPERVISOR_GREETER_MESSAGES_H

#include "messages/channel.h"

struct child;

extern const struct channel_handler greeter_messages[];
void greeter_died(void *owner, struct child *greeter);

#endif
