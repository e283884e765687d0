/* See password_hash.h. */
#include "policy/password_hash.h"

#include "base/secret.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
password_hash(const char *password, const char *setting, char *ret_hash, size_t size)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made;
	int r = 0;

	if (data == NULL)
		return -ENOMEM;
	errno = 0;
	made = crypt_rn(password, setting, data, (int)sizeof(*data));
	if (made == NULL)
		r = errno == ENOMEM ? -ENOMEM : -EINVAL;
	else if (strlen(made) >= size)
		r = -ENOBUFS;
	else
		memcpy(ret_hash, made, strlen(made) + 1);
	secret_wipe(data, sizeof(*data));
	free(data);
	return r;
}
