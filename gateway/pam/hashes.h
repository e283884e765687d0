/* Password hashes of crypt(5), and what looking at one costs.
 *
 * A hash at full cost takes some 60 ms and 16 MB, an initial password's (policy/passwords.h) a thousandth of that. Who may
 * measure must not learn which of them an account has, or whether there is such an account: every look costs
 * one yescrypt at full cost, exactly, whatever the hash is.
 */
#ifndef PAM_HASHES_H
#define PAM_HASHES_H

#include <stdbool.h>
#include <stddef.h>

/* Does the password open it? Returns 0 or -ENOMEM. A hash that is none is opened by no password. */
int hash_check(const char *password, const char *hash, bool *ret_opens);

/* The same without the cost of a hash at full cost for a cheap one: for earlier passwords of somebody who has
 * signed in. */
int hash_check_plainly(const char *password, const char *hash, bool *ret_opens);

/* At full cost, with a new salt. Returns 0 or a negative errno. */
int hash_make(const char *password, char *ret_hash, size_t size);

#endif
