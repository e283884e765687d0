/* "Did you mean …" for names that the gateway does not know. */
#ifndef ADMIN_GUESS_H
#define ADMIN_GUESS_H

#include "admin-cli/arguments.h"
#include "admin-cli/rpc.h"

/* `message` is the gateway's: where it says that there is no such account or terminal, its list is asked for,
 * and the name that was probably meant is told on standard error. */
void guess_name(struct rpc *rpc, const struct arguments *arguments, const char *message);

/* Whether a refusal names no account or terminal because there is none: what its event means elsewhere (it was
 * deleted meanwhile) would mislead somebody who has mistyped. */
bool guess_knows(const char *message);

/* Part of it, for tests: the `key` of the row of `list` that is most like what was typed; NULL if none is. */
const char *guess_in(const json_t *list, const char *key, const char *typed);

#endif
