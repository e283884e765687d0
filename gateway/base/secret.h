/* Passwords and keys. A struct secret owns its bytes, wipes them when it is done or given new ones,
 * and is never printed. Its pages are left out of core dumps by the processes' PR_SET_DUMPABLE.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

struct secret {
	uint8_t *bytes; /* followed by a NUL that len does not count; NULL when empty */
	size_t len;
};

/* Overwrites memory in a way the compiler may not leave out. */
void secret_wipe(void *memory, size_t len);

/* Wipes and frees what malloc gave, however long it is; accepts NULL. In the place of free(3) for a library
 * whose pieces of memory may hold secrets (jansson's texts: json_set_alloc_funcs). */
void secret_free(void *memory);

/* Copies len bytes in; what was there before is wiped. Returns 0 or -ENOMEM. */
int secret_set(struct secret *secret, const void *bytes, size_t len);

/* Wipes and frees; the secret is empty afterwards. Accepts an empty or NULL one. */
void secret_done(struct secret *secret);

#define auto_secret __attribute__((cleanup(secret_done)))

#endif
