/* What lock_down.c is made of; used by it alone. */
#ifndef BASE_LOCK_DOWN_PARTS_H
#define BASE_LOCK_DOWN_PARTS_H

#include "base/lock_down.h"

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__)
#define LOCK_DOWN_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCK_DOWN_SANITIZED 1
#endif
#endif
#ifndef LOCK_DOWN_SANITIZED
#define LOCK_DOWN_SANITIZED 0
#endif

/* io_uring answers ENOSYS, everything else is allowed. Returns 0 or a negative errno. */
int lock_down_refuse_io_uring(void);

/* The rows of lock_down_calls.def for a profile; `kill` is what happens to calls without a row
 * (else they are allowed). For all threads. Returns 0 or a negative errno. */
int lock_down_filter(enum lock_down_profile profile, bool kill);

/* The kernel's Landlock version; 0 if it has none or it is switched off. */
int lock_down_landlock_version(void);

/* No file (or, with `reading`, files for reading alone), and as far as this version knows no TCP port, no signal and no abstract socket out of
 * the sandbox. For the calling thread and what it starts. Returns 0 or a negative errno. */
int lock_down_landlock(int version, bool reading);

#endif
