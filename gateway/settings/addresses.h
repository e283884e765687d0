/* Addresses and networks as people write them (private to settings/). */
#ifndef SETTINGS_ADDRESSES_H
#define SETTINGS_ADDRESSES_H

#include "settings/settings.h"

/* Each returns 0 or -EINVAL, and sets *ret_why where more can be said than "not of this form". */

/* "10.0.0.0/8", "fd00::/8"; without a prefix the address alone. Bits past the prefix must be 0. */
int network_read(const char *text, struct settings_network *ret_network, const char **ret_why);

/* "10.0.0.1:3389", "[::]:3389"; port 1-65535. */
int endpoint_read(const char *text, struct settings_endpoint *ret_endpoint, const char **ret_why);

/* "rdp.example.jp:3389"; also -ENOMEM. The name is the caller's to free. */
int host_read(const char *text, struct settings_host *ret_host, const char **ret_why);

#endif
