/* The pool of greeters; see children.h. */
#include "supervisor/children_private.h"

#include <errno.h>

/* One greeter is started in this time, whatever comes: that costs more than to refuse a client, and running sessions
 * need the processors too. */
#define GREETER_PACE_MS 40

/* A slot whose place will be filled: somebody waits in it, or its timer runs. */
static bool
slot_is_warm(const struct slot *slot)
{
	if (slot->process != PROCESS_GREETER)
		return false;
	return slot->child != NULL ? !slot->child->taken
				   : uv_is_active((const uv_handle_t *)&slot->timer) != 0;
}

static unsigned int
count_slots(const struct children *children, bool (*matches)(const struct slot *slot))
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < children->slot_count; i++)
		count += matches(&children->slots[i]);
	return count;
}

/* When the next greeter may be started, from now; that start is taken. */
static uint64_t
next_start_in(struct children *children)
{
	uint64_t now_ms = uv_now(children->setup.loop);
	uint64_t wait_ms =
		children->next_greeter_ms > now_ms ? children->next_greeter_ms - now_ms : 0;

	children->next_greeter_ms = now_ms + wait_ms + GREETER_PACE_MS;
	return wait_ms;
}

void
children_warm_up(struct children *children)
{
	unsigned int warm = count_slots(children, slot_is_warm);

	for (unsigned int i = 0; i < children->slot_count && !children->stopping; i++) {
		struct slot *slot = &children->slots[i];

		if (warm >= children->setup.warm_greeters)
			return;
		if (slot->process != PROCESS_GREETER || slot->child != NULL || slot_is_warm(slot))
			continue;
		/* Not from inside whatever took the last one, and not as fast as clients come: to start a process
		 * costs more than to refuse a client. */
		slot_fill_in(slot, next_start_in(children));
		warm++;
	}
}

static bool
slot_is_taken(const struct slot *slot)
{
	return slot->child != NULL && slot->child->taken;
}

static bool
slot_can_be_taken(const struct slot *slot)
{
	return slot->process == PROCESS_GREETER && child_is_running(slot->child) &&
	       !slot->child->taken;
}

unsigned int
children_taken_greeters(const struct children *children)
{
	return count_slots(children, slot_is_taken);
}

unsigned int
children_warm_greeters(const struct children *children)
{
	return count_slots(children, slot_can_be_taken);
}

int
children_take_greeter(struct children *children, void *tag, struct child **ret_greeter)
{
	if (children_taken_greeters(children) >= children->setup.most_greeters)
		return -EUSERS;
	for (unsigned int i = 0; i < children->slot_count; i++) {
		if (!slot_can_be_taken(&children->slots[i]))
			continue;
		*ret_greeter = children->slots[i].child;
		(*ret_greeter)->taken = true;
		(*ret_greeter)->tag = tag;
		children_warm_up(children);
		return 0;
	}
	return -EAGAIN;
}

void
children_end_greeter(struct child *greeter)
{
	greeter->tag = NULL;
	child_end(greeter, ENDED_BY_STOP);
}

void *
child_tag(const struct child *child)
{
	return child->tag;
}
