/* Under which names failures of signing in are counted. Pure: whatever a client sends, in forms that tables can hold. */
#ifndef POLICY_SIGN_IN_NAMES_H
#define POLICY_SIGN_IN_NAMES_H

#include "policy/accounts.h"
#include "policy/sessions.h"
#include "policy/sign_in.h"

#include <stdbool.h>

/* The name that `typed` is counted under: an account's typed part in lower case, whichever form was typed; true. What no
 * account can be called: "?" and its SHA-256, and false. */
bool sign_in_name(
	const struct facility *facility, const char *typed, char ret_name[SIGN_IN_NAME_SIZE]);

/* Who counts as one: an IPv4 address, the first 64 bits of an IPv6 address ("2001:db8::/64"), and anything else as "?".
 * And the network that it is in: the first 24 bits of an IPv4 address. */
void sign_in_source(const char *address, char ret_source[SOURCE_SIZE]);
void sign_in_network(const char *address, char ret_network[SOURCE_SIZE]);

#endif
