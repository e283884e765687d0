/* Children that are taken for one client: those that wait, and those that are started when they are needed; see children.h and
 * children_kinds.def.
 */
#include "supervisor/children_private.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define NICENESS_UNREADY 19

/* At once, for each two processors: to get one ready takes a fifth of a second of one, and running sessions need them
 * too. */
#define PROCESSORS_A_START 2

static const struct child_kind_row rows[] = {
#define CHILD_KIND(name, program_, start_, niceness_) \
	[CHILD_##name] = {.program = program_,        \
		.process = PROCESS_##name,            \
		.start = CHILD_##start_,              \
		.niceness = niceness_},
#include "supervisor/children_kinds.def"
#undef CHILD_KIND
};

const struct child_kind_row *
child_kind_row(enum child_kind kind)
{
	return &rows[kind];
}

unsigned int
child_kind_slots(enum child_kind kind, const struct child_kind_setup *setup)
{
	if (rows[kind].start == CHILD_ON_DEMAND)
		return setup->most;
	return setup->warm > 0 ? setup->warm + setup->most : 0;
}

/* A slot whose place will be filled: somebody waits in it, or its timer runs. */
static bool
slot_is_warm(const struct slot *slot)
{
	return slot->child != NULL ? !slot->child->taken
				   : uv_is_active((const uv_handle_t *)&slot->timer) != 0;
}

static bool
slot_is_getting_ready(const struct slot *slot)
{
	return slot_is_warm(slot) && !child_is_running(slot->child);
}

static bool
slot_is_taken(const struct slot *slot)
{
	return slot->child != NULL && slot->child->taken;
}

static bool
slot_can_be_taken(const struct slot *slot)
{
	return child_is_running(slot->child) && !slot->child->taken;
}

static unsigned int
count_slots(const struct children *children, enum child_kind kind,
	bool (*matches)(const struct slot *slot))
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < children->slot_count; i++)
		count += children->slots[i].kind == &rows[kind] && matches(&children->slots[i]);
	return count;
}

/* The first slot of a kind that matches, or NULL. */
static struct slot *
find_slot(struct children *children, enum child_kind kind, bool (*matches)(const struct slot *slot))
{
	for (unsigned int i = 0; i < children->slot_count; i++) {
		if (children->slots[i].kind == &rows[kind] && matches(&children->slots[i]))
			return &children->slots[i];
	}
	return NULL;
}

static bool
slot_is_empty(const struct slot *slot)
{
	return slot->child == NULL && !slot_is_warm(slot);
}

/* Without systemd's LimitNICE nobody would bring it back. */
int
child_first_niceness(const struct slot *slot)
{
	int niceness = slot->kind == NULL ? 0 : slot->kind->niceness;
	struct rlimit most;

	if (niceness == 0 || slot->kind->start == CHILD_ON_DEMAND)
		return niceness;
	return getrlimit(RLIMIT_NICE, &most) == 0 && most.rlim_cur >= 20 - (rlim_t)niceness
		       ? NICENESS_UNREADY
		       : niceness;
}

static void
step_forward(const struct child *child)
{
	if (child->slot->kind->start == CHILD_WARM)
		(void)setpriority(PRIO_PROCESS, (id_t)child->pid, child->slot->kind->niceness);
}

static unsigned int
starts_at_once(void)
{
	unsigned int starts = uv_available_parallelism() / PROCESSORS_A_START;

	return starts == 0 ? 1 : starts;
}

static void
warm_up(struct children *children, enum child_kind kind)
{
	unsigned int warm = count_slots(children, kind, slot_is_warm);
	unsigned int starts = count_slots(children, kind, slot_is_getting_ready);

	while (warm < children->setup.kinds[kind].warm && starts < starts_at_once()) {
		struct slot *slot = find_slot(children, kind, slot_is_empty);

		if (slot == NULL)
			return;
		/* Not from inside whatever took the last one. */
		slot_fill_in(slot, 0);
		warm++;
		starts++;
	}
}

void
children_warm_up(struct children *children)
{
	for (unsigned int kind = 0; kind < CHILD_KIND_COUNT && !children->stopping; kind++) {
		if (rows[kind].start == CHILD_WARM)
			warm_up(children, (enum child_kind)kind);
	}
}

unsigned int
children_taken(const struct children *children, enum child_kind kind)
{
	return count_slots(children, kind, slot_is_taken);
}

unsigned int
children_most(const struct children *children, enum child_kind kind)
{
	return children->setup.kinds[kind].most;
}

unsigned int
children_warm(const struct children *children, enum child_kind kind)
{
	return count_slots(children, kind, slot_can_be_taken);
}

static int
start_one(struct slot *slot)
{
	int r = slot_start(slot);

	if (r < 0)
		log_event(EV_CHILD_NOT_STARTED, "program='%s' error='%s'", slot->program,
			strerror(-r));
	return r;
}

int
children_take(struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	bool warm = rows[kind].start == CHILD_WARM;
	struct slot *slot;
	int r = 0;

	if (children->stopping ||
		children_taken(children, kind) >= children->setup.kinds[kind].most)
		return -EUSERS;
	slot = find_slot(children, kind, warm ? slot_can_be_taken : slot_is_empty);
	if (slot == NULL)
		return -EAGAIN;
	if (!warm)
		r = start_one(slot);
	if (r < 0)
		return r;
	slot->child->taken = true;
	slot->child->tag = tag;
	*ret_child = slot->child;
	children_warm_up(children);
	return 0;
}

void
children_end_taken(struct child *child)
{
	child->tag = NULL;
	child_end(child, ENDED_BY_STOP);
}

static const struct child_kind_setup *
kind_setup(const struct child *child)
{
	return &child->slot->children->setup.kinds[child->slot->kind - rows];
}

void
child_kind_ready(struct child *child)
{
	const struct child_kind_setup *setup = kind_setup(child);

	step_forward(child);
	children_warm_up(child->slot->children);
	if (child->tag != NULL && setup->ready != NULL)
		setup->ready(child->slot->children->setup.owner, child);
}

void
child_kind_died(struct child *child)
{
	if (child->taken && child->tag != NULL)
		kind_setup(child)->died(child->slot->children->setup.owner, child);
}

const struct channel_handler *
child_kind_handlers(const struct slot *slot)
{
	return slot->children->kind_handlers[slot->kind - rows];
}

void *
child_tag(const struct child *child)
{
	return child->tag;
}
