/* The list behind attendances.h, as the supervisor holds it: all zero, nobody waits. */
#ifndef SUPERVISOR_ATTENDANCE_LIST_H
#define SUPERVISOR_ATTENDANCE_LIST_H

#include <stddef.h>
#include <stdint.h>

struct waiting;

struct attendance_list {
	struct waiting *first, *last; /* as they came */
	size_t count;
	uint64_t newest_id;
};

#endif
