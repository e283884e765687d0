/* Passwords and keys; see secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void
secret_wipe(void *memory, size_t len)
{
	if (memory != NULL)
		explicit_bzero(memory, len);
}

void
secret_free(void *memory)
{
	if (memory == NULL)
		return;
	explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

int
secret_set(struct secret *secret, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	if (copy == NULL)
		return -ENOMEM;
	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = 0;
	secret_done(secret);
	secret->bytes = copy;
	secret->len = len;
	return 0;
}

void
secret_done(struct secret *secret)
{
	if (secret == NULL)
		return;
	secret_wipe(secret->bytes, secret->len);
	free(secret->bytes);
	*secret = (struct secret){0};
}
