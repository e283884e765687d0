/* Which roles a local user has: the settings' names, turned into numbers once, so that the loop asks no name
 * service.
 */
#ifndef SUPERVISOR_CONTROL_ROLES_H
#define SUPERVISOR_CONTROL_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct settings;

struct id_list {
	uint32_t *items;
	size_t count;
};

struct control_roles {
	struct {
		uint32_t role; /* enum control_role */
		struct id_list users;
		struct id_list groups;
	} rows[3];
	struct id_list refused;
};

/* May block (NSS): for the start and reloads. Names that no user or group has are told to `unknown` and left out.
 * Returns 0 or -ENOMEM. */
int control_roles_load(const struct settings *settings,
	void (*unknown)(const char *kind, const char *name), struct control_roles *ret_roles);
void control_roles_done(struct control_roles *roles);

/* Bits of enum control_role; 0: not served. A refused user has none, whatever its groups; root is an administrator, whatever
 * the settings say: it could make itself one. */
uint32_t control_roles_of(
	const struct control_roles *roles, uid_t user, const gid_t *groups, size_t group_count);

#endif
