/* Password hashes of crypt(5): how they are computed, and what tells one at full cost. The gateway computes those of the
 * passwords that it makes (passwords.h), a PAM conversation those of what a person types (pam/hashes.h). */
#ifndef POLICY_PASSWORD_HASH_H
#define POLICY_PASSWORD_HASH_H

#include <stddef.h>

/* A yescrypt hash with the longest salt that we make, and to spare. */
#define PASSWORD_HASH_SIZE 128

/* How each hash begins that protects what a person chose: yescrypt at the cost that crypt_gensalt(3) calls 5. */
#define PASSWORD_FULL_COST "$y$j9T$"
#define PASSWORD_FULL_COST_COUNT 5

/* crypt(3) in a room of its own, which is wiped. 0; -EINVAL: the setting is none, or the password cannot be hashed;
 * -ENOBUFS: the hash is longer than its room; -ENOMEM. */
int password_hash(const char *password, const char *setting, char *ret_hash, size_t size);

#endif
