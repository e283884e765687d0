/* The processes for NLA, one for each attempt to log on; see children.h. None waits: one is ready in a hundredth of a second, while
 * the jump host is being dialled.
 */
#include "supervisor/children_private.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

int
children_start_nla(struct children *children, void *tag, struct child **ret_nla)
{
	for (unsigned int i = 0; i < children->slot_count && !children->stopping; i++) {
		struct slot *slot = &children->slots[i];
		int r;

		if (slot->process != PROCESS_NLA || slot->child != NULL)
			continue;
		r = slot_start(slot);
		if (r < 0) {
			log_event(EV_CHILD_NOT_STARTED, "program='%s' error='%s'", slot->program,
				strerror(-r));
			return r;
		}
		slot->child->taken = true;
		slot->child->tag = tag;
		*ret_nla = slot->child;
		return 0;
	}
	return -EUSERS;
}

void
children_end_nla(struct child *nla)
{
	nla->tag = NULL;
	child_end(nla, ENDED_BY_STOP);
}
