/* See krb5_profile.h. */
#include "nla/krb5_profile.h"

#include "base/cleanup.h"

#include <dlfcn.h>
#include <errno.h>
#include <krb5.h>
#include <profile.h>
#include <stdlib.h>
#include <string.h>

/* Whatever the facility's file says. The gateway asks the listed KDCs and nobody else, by the names that the administrator
 * wrote: neither DNS nor a search list has a say in whose ticket it is. */
static const struct {
	const char *name, *value;
} ours[] = {
	{"dns_lookup_kdc", "false"},
	{"dns_lookup_realm", "false"},
	{"dns_canonicalize_hostname", "false"},
	{"dns_uri_lookup", "false"},
	{"rdns", "false"},
	{"qualify_shortname", ""},
	{"udp_preference_limit", "1"},
	{"default_ccache_name", "MEMORY:none"},
	{"default_keytab_name", "MEMORY:none"},
	{"default_client_keytab_name", "MEMORY:none"},
	{"default_rcache_name", "none:"},
};

static const char *given = "";

void
krb5_profile_set(const char *relations)
{
	given = relations;
}

static char *
find_given(const char *name)
{
	size_t len = strlen(name);
	const char *line = given;

	while (*line != '\0') {
		size_t whole = strcspn(line, "\n");

		if (whole > len && strncmp(line, name, len) == 0 && line[len] == ' ')
			return strndup(line + len + 1, whole - len - 1);
		line += whole + (line[whole] == '\n');
	}
	return NULL;
}

static char *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (strcmp(ours[i].name, name) == 0)
			return strdup(ours[i].value);
	return find_given(name);
}

static long
get_values(void *data, const char *const *names, char ***ret_values)
{
	char **values;

	(void)data;
	/* Also for a section that is not there, as from a file: libkrb5 takes PROF_NO_SECTION for a fault and does without its
	 * own pre-authentication. */
	if (names[0] == NULL || strcmp(names[0], "libdefaults") != 0 || names[1] == NULL ||
		names[2] != NULL)
		return PROF_NO_RELATION;
	values = calloc(2, sizeof(*values));
	if (values == NULL)
		return ENOMEM;
	values[0] = find(names[1]);
	if (values[0] == NULL) {
		free(values);
		return PROF_NO_RELATION;
	}
	*ret_values = values;
	return 0;
}

static void
free_values(void *data, char **values)
{
	(void)data;
	free(values[0]);
	free(values);
}

krb5_error_code KRB5_CALLCONV
krb5_init_context(krb5_context *ret_context)
{
	struct profile_vtable functions = {
		.minor_ver = 1, .get_values = get_values, .free_values = free_values};
	profile_t profile = NULL;
	krb5_error_code code = profile_init_vtable(&functions, NULL, &profile);

	if (code != 0)
		return code;
	code = krb5_init_context_profile(profile, KRB5_INIT_CONTEXT_SECURE, ret_context);
	profile_release(profile);
	return code;
}

bool
krb5_profile_is_used(void)
{
	void *found = dlsym(RTLD_DEFAULT, "krb5_init_context");

	return found == (void *)krb5_init_context;
}
