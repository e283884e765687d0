/* See krb5_conf.h. */
#include "settings/krb5_conf.h"

#include "base/cleanup.h"
#include "settings/addresses.h"
#include "settings/errors.h"
#include "settings/places.h"

#include <ctype.h>
#include <errno.h>
#include <profile.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY "kerberos.config"
#define KDC_PORT "88"

struct reading {
	const char *path;
	profile_t profile;
	struct krb5_conf *conf;
	struct settings_errors *errors;
	struct settings_place place;
};

#define COMPLAIN(reading, add, format, ...)                                    \
	add((reading)->errors, (reading)->place.line, (reading)->place.column, \
		"`" KEY "`: %s: " format, (reading)->path, __VA_ARGS__)

/* Calls back for each name in a section, or each value of a relation. Nothing there is nothing. */
static int
each(struct reading *reading, long (*get)(profile_t, const char *const *, char ***),
	const char *const *names, int (*take)(struct reading *reading, const char *text))
{
	char **texts = NULL;
	int r = 0;

	if (get(reading->profile, names, &texts) != 0)
		return 0;
	for (char **text = texts; *text != NULL && r == 0; text++)
		r = take(reading, *text);
	profile_free_list(texts);
	return r;
}

static long
get_values(profile_t profile, const char *const *names, char ***ret_values)
{
	return profile_get_values(profile, names, ret_values);
}

static long
get_sections(profile_t profile, const char *const *names, char ***ret_names)
{
	return profile_get_subsection_names(profile, (const char **)names, ret_names);
}

static long
get_relations(profile_t profile, const char *const *names, char ***ret_names)
{
	return profile_get_relation_names(profile, (const char **)names, ret_names);
}

/* "host", "host:88", "[::1]", "[::1]:88" */
static int
read_kdc(const char *text, struct settings_host *ret_host)
{
	const char *colon = strrchr(text, ':');
	bool has_port = colon != NULL && (text[0] != '[' || colon[-1] == ']');
	auto_free char *with_port = NULL;
	const char *why = NULL;

	if (has_port)
		return host_read(text, ret_host, &why);
	if (asprintf(&with_port, "%s:" KDC_PORT, text) < 0)
		return -ENOMEM;
	return host_read(with_port, ret_host, &why);
}

static struct krb5_realm *
last_realm(const struct krb5_conf *conf)
{
	return &conf->realms[conf->realm_count - 1];
}

static int
take_kdc(struct reading *reading, const char *text)
{
	struct krb5_realm *realm = last_realm(reading->conf);
	struct settings_host *grown =
		realloc(realm->kdcs, (realm->kdc_count + 1) * sizeof(*realm->kdcs));
	int r;

	if (grown == NULL)
		return -ENOMEM;
	realm->kdcs = grown;
	r = read_kdc(text, &realm->kdcs[realm->kdc_count]);
	if (r == -EINVAL)
		COMPLAIN(reading, settings_errors_add,
			"realm %s has `kdc = %s`; allowed is a name or an address, with or without "
			"a "
			"port, for example dc1.sakura.example.jp:88",
			realm->name, settings_shown(text));
	if (r == 0)
		realm->kdc_count++;
	return r;
}

static bool
is_in_capitals(const char *name)
{
	for (; *name != '\0'; name++)
		if (islower((unsigned char)*name))
			return false;
	return true;
}

static void
realm_done(struct krb5_realm *realm)
{
	for (size_t i = 0; i < realm->kdc_count; i++)
		free(realm->kdcs[i].name);
	free(realm->kdcs);
	free(realm->name);
}

static int
take_realm(struct reading *reading, const char *name)
{
	const char *const names[] = {"realms", name, "kdc", NULL};
	struct krb5_conf *conf = reading->conf;
	struct krb5_realm *grown =
		realloc(conf->realms, (conf->realm_count + 1) * sizeof(*conf->realms));
	int r;

	if (grown == NULL)
		return -ENOMEM;
	conf->realms = grown;
	conf->realms[conf->realm_count] = (struct krb5_realm){.name = strdup(name)};
	if (conf->realms[conf->realm_count].name == NULL)
		return -ENOMEM;
	conf->realm_count++;
	r = each(reading, get_values, names, take_kdc);
	if (r < 0)
		return r;
	if (last_realm(conf)->kdc_count == 0)
		COMPLAIN(reading, settings_errors_warn,
			"realm %s is not used: it has no `kdc`, and the gateway asks none that is "
			"not listed",
			settings_shown(name));
	else if (!is_in_capitals(name) || strlen(name) > KRB5_REALM_MAX)
		COMPLAIN(reading, settings_errors_warn,
			"realm %s is not used: a realm of Active Directory is written in capitals",
			settings_shown(name));
	else
		return 0;
	realm_done(&conf->realms[--conf->realm_count]);
	return 0;
}

static int
take_domain(struct reading *reading, const char *name)
{
	const char *const names[] = {"domain_realm", name, NULL};
	struct krb5_conf *conf = reading->conf;
	struct krb5_domain *grown;
	struct krb5_realm *realm;
	char *text = NULL;

	if (profile_get_string(reading->profile, names[0], names[1], NULL, "", &text) != 0)
		return -ENOMEM;
	realm = krb5_conf_find(conf, text);
	profile_release_string(text);
	if (realm == NULL)
		return 0;
	grown = realloc(conf->domains, (conf->domain_count + 1) * sizeof(*conf->domains));
	if (grown == NULL)
		return -ENOMEM;
	conf->domains = grown;
	grown[conf->domain_count].name = strdup(name[0] == '.' ? name + 1 : name);
	grown[conf->domain_count].realm = (size_t)(realm - conf->realms);
	return grown[conf->domain_count++].name != NULL ? 0 : -ENOMEM;
}

static int
take_relations(struct reading *reading)
{
	static const char *const names[] = {
#define RELATION(name) #name,
#include "settings/krb5_relations.def"
#undef RELATION
	};
	char *relations = reading->conf->relations;
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *value = NULL;
		int written;

		if (profile_get_string(
			    reading->profile, "libdefaults", names[i], NULL, "", &value) != 0)
			return -ENOMEM;
		written = value[0] == '\0' ? 0
					   : snprintf(relations + len, KRB5_RELATIONS_MAX - len,
						     "%s %s\n", names[i], value);
		profile_release_string(value);
		if (written < 0 || (size_t)written >= KRB5_RELATIONS_MAX - len) {
			COMPLAIN(reading, settings_errors_add, "[libdefaults] is too long at `%s`",
				names[i]);
			return -EINVAL;
		}
		len += (size_t)written;
	}
	return 0;
}

static int
read_all(struct reading *reading)
{
	static const char *const realms[] = {"realms", NULL}, *const domains[] = {
								      "domain_realm", NULL};
	int r = each(reading, get_sections, realms, take_realm);

	if (r == 0 && reading->conf->realm_count == 0) {
		COMPLAIN(reading, settings_errors_add, "%s",
			"no realm with a `kdc` in it; needed is [realms] with, for example, "
			"AD.SAKURA.EXAMPLE.JP = { kdc = dc1.ad.sakura.example.jp }");
		return -EINVAL;
	}
	if (r == 0)
		r = each(reading, get_relations, domains, take_domain);
	return r < 0 ? r : take_relations(reading);
}

int
krb5_conf_read(const struct settings *settings, struct krb5_conf **ret_conf,
	struct settings_errors *errors)
{
	const_profile_filespec_t files[] = {settings->kerberos.config, NULL};
	struct reading reading = {.path = settings->kerberos.config,
		.errors = errors,
		.place = places_find(settings->places, KEY)};
	long code = profile_init(files, &reading.profile);
	int r;

	if (code != 0) {
		COMPLAIN(&reading, settings_errors_add, "%s", error_message(code));
		return -EINVAL;
	}
	reading.conf = calloc(1, sizeof(*reading.conf));
	r = reading.conf == NULL ? -ENOMEM : read_all(&reading);
	profile_release(reading.profile);
	if (r < 0) {
		krb5_conf_free(reading.conf);
		return r;
	}
	*ret_conf = reading.conf;
	return 0;
}

void
krb5_conf_free(struct krb5_conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->realm_count; i++)
		realm_done(&conf->realms[i]);
	for (size_t i = 0; i < conf->domain_count; i++)
		free(conf->domains[i].name);
	free(conf->realms);
	free(conf->domains);
	free(conf);
}

struct krb5_realm *
krb5_conf_find(const struct krb5_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->realm_count; i++)
		if (strcasecmp(conf->realms[i].name, name) == 0)
			return &conf->realms[i];
	for (size_t i = 0; i < conf->domain_count; i++)
		if (strcasecmp(conf->domains[i].name, name) == 0)
			return &conf->realms[conf->domains[i].realm];
	return NULL;
}
