/* A share of a processor; see allowance.h. */
#include "desk/allowance.h"

void
allowance_begin(struct allowance *allowance, int64_t now_us, int64_t spent_us)
{
	*allowance = (struct allowance){ALLOWANCE_MOST_US, now_us, spent_us};
}

int
allowance_wait_ms(struct allowance *allowance, int64_t now_us, int64_t spent_us)
{
	allowance->left_us += (now_us - allowance->at_us) / ALLOWANCE_SHARE;
	allowance->left_us -= spent_us - allowance->spent_us;
	if (allowance->left_us > ALLOWANCE_MOST_US)
		allowance->left_us = ALLOWANCE_MOST_US;
	/* What the division dropped counts the next time. */
	allowance->at_us = now_us - (now_us - allowance->at_us) % ALLOWANCE_SHARE;
	allowance->spent_us = spent_us;
	if (allowance->left_us >= 0)
		return 0;
	return (int)((-allowance->left_us * ALLOWANCE_SHARE + 999) / 1000);
}
