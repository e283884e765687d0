/* See covered.h. */
#include "notice/covered.h"

#include <string.h>

bool
covered_keeps(const struct msg_notice_show *notice)
{
	return notice->acknowledge != 0;
}

bool
covered_put(struct covered *covered, const struct msg_notice_show *notice,
	struct msg_notice_show *ret_dropped)
{
	bool full = covered->count == COVERED_MOST;

	if (full)
		(void)covered_take_oldest(covered, ret_dropped);
	covered->notices[covered->count++] = *notice;
	return full;
}

bool
covered_take(struct covered *covered, struct msg_notice_show *ret_notice)
{
	if (covered->count == 0)
		return false;
	*ret_notice = covered->notices[--covered->count];
	return true;
}

bool
covered_take_oldest(struct covered *covered, struct msg_notice_show *ret_notice)
{
	if (covered->count == 0)
		return false;
	*ret_notice = covered->notices[0];
	covered->count--;
	memmove(covered->notices, covered->notices + 1,
		covered->count * sizeof(covered->notices[0]));
	return true;
}
