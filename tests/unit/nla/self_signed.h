/* A jump host's certificate for tests: of itself, from an hour ago until in an hour. */
#ifndef UNIT_NLA_SELF_SIGNED_H
#define UNIT_NLA_SELF_SIGNED_H

#include <openssl/x509.h>

/* The caller's. */
X509 *self_signed(const char *name, EVP_PKEY *key);

#endif
