/* The facility's krb5.conf, as far as the gateway uses it: realms with their KDCs, the other names of their domains, and some
 * relations for libkrb5. Read by the supervisor, with libkrb5's own reader; no process that meets a network's bytes opens it.
 *
 *	[realms]         kdc = HOST or HOST:PORT, asked in this order; realms without one are left out
 *	[domain_realm]   a domain as it stands before the \ or behind the @ of a user's name, and its realm
 *	[libdefaults]    the rows of krb5_relations.def
 */
#ifndef SETTINGS_KRB5_CONF_H
#define SETTINGS_KRB5_CONF_H

#include "settings/settings.h"

#define KRB5_REALM_MAX 255
#define KRB5_RELATIONS_MAX 4096

struct krb5_realm {
	char *name; /* in capitals */
	struct settings_host *kdcs;
	size_t kdc_count; /* never 0 */
	size_t preferred; /* which of them has answered last */
};

struct krb5_domain {
	char *name;
	size_t realm;
};

struct krb5_conf {
	struct krb5_realm *realms;
	size_t realm_count;
	struct krb5_domain *domains;
	size_t domain_count;
	char relations[KRB5_RELATIONS_MAX + 1]; /* "name value\n" */
};

/* Complains in `errors` at the place of kerberos.config. Returns 0, -EINVAL or -ENOMEM. */
int krb5_conf_read(const struct settings *settings, struct krb5_conf **ret_conf,
	struct settings_errors *errors);
void krb5_conf_free(struct krb5_conf *conf); /* accepts NULL */

/* By the realm's own name or that of a domain, whichever the case. NULL if there is none. */
struct krb5_realm *krb5_conf_find(const struct krb5_conf *conf, const char *name);

#endif
