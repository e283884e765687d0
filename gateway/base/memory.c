/* Memory that a busy hour needed goes back to the system; see memory.h. */
#include "base/memory.h"

#include <malloc.h>

#define WORTH_WHILE 32 /* fewer gone since then are not worth the work, unless they were all */

void
memory_note(struct memory_watch *watch, size_t in_use)
{
	if (in_use > watch->most)
		watch->most = in_use;
}

bool
memory_give_back(struct memory_watch *watch, size_t in_use)
{
	memory_note(watch, in_use);
	if (watch->most - in_use < WORTH_WHILE && (in_use > 0 || watch->most == 0))
		return false;
	watch->most = in_use;
	(void)malloc_trim(0);
	return true;
}
