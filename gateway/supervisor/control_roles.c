/* Roles of local users; see control_roles.h. */
#include "supervisor/control_roles.h"

#include "settings/settings.h"
#include "supervisor/control_methods.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* A user or group that has no name may be given by its number. */
static bool
number_of(const char *name, uint32_t *ret_id)
{
	char *end;
	unsigned long value = strtoul(name, &end, 10);

	if (name[0] < '0' || name[0] > '9' || *end != '\0' || value >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)value;
	return true;
}

static bool
user_of(const char *name, uint32_t *ret_id)
{
	const struct passwd *user = getpwnam(name);

	if (user != NULL)
		*ret_id = user->pw_uid;
	return user != NULL || number_of(name, ret_id);
}

static bool
group_of(const char *name, uint32_t *ret_id)
{
	const struct group *group = getgrnam(name);

	if (group != NULL)
		*ret_id = group->gr_gid;
	return group != NULL || number_of(name, ret_id);
}

/* A service that is not installed needs no refusing. */
static void
do_not_mind(const char *kind, const char *name)
{
	(void)kind;
	(void)name;
}

static int
load_list(const struct settings_names *names, bool (*find)(const char *name, uint32_t *ret_id),
	void (*unknown)(const char *kind, const char *name), struct id_list *ret_list)
{
	uint32_t *items = calloc(names->count + 1, sizeof(*items));

	if (items == NULL)
		return -ENOMEM;
	ret_list->items = items;
	ret_list->count = 0;
	for (size_t i = 0; i < names->count; i++) {
		if (find(names->items[i], &items[ret_list->count]))
			ret_list->count++;
		else
			unknown(find == user_of ? "user" : "group", names->items[i]);
	}
	return 0;
}

int
control_roles_load(const struct settings *settings,
	void (*unknown)(const char *kind, const char *name), struct control_roles *ret_roles)
{
	const struct {
		uint32_t role;
		const struct settings_role *names;
	} sources[] = {
		{CONTROL_ROLE_ADMIN, &settings->roles.admin},
		{CONTROL_ROLE_AUDITOR, &settings->roles.auditor},
		{CONTROL_ROLE_ATTENDANT, &settings->roles.attendant},
	};
	struct control_roles roles = {0};
	int r = 0;

	for (size_t i = 0; i < 3 && r == 0; i++) {
		roles.rows[i].role = sources[i].role;
		r = load_list(&sources[i].names->users, user_of, unknown, &roles.rows[i].users);
		if (r == 0)
			r = load_list(&sources[i].names->groups, group_of, unknown,
				&roles.rows[i].groups);
	}
	if (r == 0)
		r = load_list(&settings->roles.refused_users, user_of, do_not_mind, &roles.refused);
	if (r < 0) {
		control_roles_done(&roles);
		return r;
	}
	*ret_roles = roles;
	return 0;
}

void
control_roles_done(struct control_roles *roles)
{
	for (size_t i = 0; i < 3; i++) {
		free(roles->rows[i].users.items);
		free(roles->rows[i].groups.items);
	}
	free(roles->refused.items);
	*roles = (struct control_roles){0};
}

static bool
contains(const struct id_list *list, uint32_t id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i] == id)
			return true;
	}
	return false;
}

uint32_t
control_roles_of(
	const struct control_roles *roles, uid_t user, const gid_t *groups, size_t group_count)
{
	uint32_t found = user == 0 ? CONTROL_ROLE_ADMIN : 0;

	if (user != 0 && contains(&roles->refused, user))
		return 0;
	for (size_t i = 0; i < 3; i++) {
		bool has = contains(&roles->rows[i].users, user);

		for (size_t k = 0; k < group_count && !has; k++)
			has = contains(&roles->rows[i].groups, groups[k]);
		found |= has ? roles->rows[i].role : 0;
	}
	return found;
}
