/* The pool of greeters; see children.h. */
#include "supervisor/children_private.h"

#include <errno.h>
#include <sys/resource.h>

/* Sessions are more urgent than somebody who signs in, and that is more urgent than who may come. */
#define NICENESS 5
#define NICENESS_UNREADY 19

/* At once, for each two processors: to get one ready takes a fifth of a second of one, and running sessions need them
 * too. */
#define PROCESSORS_A_START 2

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

/* Without systemd's LimitNICE nobody would bring it back. */
int
greeter_first_niceness(void)
{
	struct rlimit most;

	return getrlimit(RLIMIT_NICE, &most) == 0 && most.rlim_cur >= 20 - NICENESS
		       ? NICENESS_UNREADY
		       : NICENESS;
}

void
greeter_step_forward(const struct child *greeter)
{
	(void)setpriority(PRIO_PROCESS, (id_t)greeter->pid, NICENESS);
}

static bool
slot_is_getting_ready(const struct slot *slot)
{
	return slot_is_warm(slot) && !child_is_running(slot->child);
}

static unsigned int
starts_at_once(void)
{
	unsigned int starts = uv_available_parallelism() / PROCESSORS_A_START;

	return starts == 0 ? 1 : starts;
}

void
children_warm_up(struct children *children)
{
	unsigned int warm = count_slots(children, slot_is_warm);
	unsigned int starts = count_slots(children, slot_is_getting_ready);

	for (unsigned int i = 0; i < children->slot_count && !children->stopping; i++) {
		struct slot *slot = &children->slots[i];

		if (warm >= children->setup.warm_greeters || starts >= starts_at_once())
			return;
		if (slot->process != PROCESS_GREETER || slot->child != NULL || slot_is_warm(slot))
			continue;
		/* Not from inside whatever took the last one. */
		slot_fill_in(slot, 0);
		warm++;
		starts++;
	}
}

static bool
slot_is_taken(const struct slot *slot)
{
	return slot->process == PROCESS_GREETER && slot->child != NULL && slot->child->taken;
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
