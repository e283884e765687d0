/* Local variables that clean up after themselves.
 *
 *	auto_fd int fd = -1;         closed at the end of the block
 *	auto_free char *path = NULL; freed at the end of the block
 *	return take_fd(&fd);         gives it away: the variable is left empty
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void
cleanup_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void
cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

#define auto_fd __attribute__((cleanup(cleanup_close)))
#define auto_free __attribute__((cleanup(cleanup_free)))

static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_pointer(p)                         \
	({                                      \
		__typeof__(*(p)) taken_ = *(p); \
		*(p) = NULL;                    \
		taken_;                         \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
