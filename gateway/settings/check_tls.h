/* The certificate and its key (private to settings/). */
#ifndef SETTINGS_CHECK_TLS_H
#define SETTINGS_CHECK_TLS_H

#include "settings/places.h"

/* Reads the chain; complains of what is no certificate, not yet or no longer valid, a weak or too large
 * key; warns when it ends within 30 days. */
void check_certificate(
	const char *path, const struct settings_place *place, struct settings_errors *errors);

/* Reads the private key. Only for --check. */
void check_private_key(const char *key, const char *certificate, const struct settings_place *place,
	struct settings_errors *errors);

#endif
