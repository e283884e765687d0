/* Memory that a busy hour needed goes back to the system. malloc keeps what was freed between pieces
 * still in use; on a machine that serves a hospital's other needs too, that is not ours to keep.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory_watch {
	size_t most; /* that were in use since memory was last given back */
};

/* Note what is in use (connections, sessions: whatever most memory belongs to) at any moment. */
void memory_note(struct memory_watch *watch, size_t in_use);

/* From a timer, about once a second or less: gives free memory back when much less is in use than
 * was. Takes about a millisecond for ten megabytes. True if it did. */
bool memory_give_back(struct memory_watch *watch, size_t in_use);

#endif
