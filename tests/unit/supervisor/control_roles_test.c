/* gateway/supervisor/control_roles.c */
#include "supervisor/control_roles.h"

#include "settings/settings.h"
#include "supervisor/control_methods.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int unknown_names;

static void
count_unknown(const char *kind, const char *name)
{
	(void)kind;
	(void)name;
	unknown_names++;
}

static void
load(struct control_roles *ret_roles)
{
	static char *admin_groups[] = {"4001", "no-such-group-here"};
	static char *auditors[] = {"3001", "3003"};
	static char *attendant_groups[] = {"4002"};
	static char *refused[] = {"3003", "3004"};
	struct settings settings = {
		.roles.admin.groups = {admin_groups, 2},
		.roles.auditor.users = {auditors, 2},
		.roles.attendant.groups = {attendant_groups, 1},
		.roles.refused_users = {refused, 2},
	};

	unknown_names = 0;
	assert_int_equal(control_roles_load(&settings, count_unknown, ret_roles), 0);
}

static void
users_and_groups_give_roles(void **state)
{
	struct control_roles roles;
	const gid_t admins[] = {100, 4001}, both[] = {4001, 4002}, others[] = {100};

	(void)state;
	load(&roles);
	assert_int_equal(unknown_names, 1);
	assert_int_equal(control_roles_of(&roles, 3000, admins, 2), CONTROL_ROLE_ADMIN);
	assert_int_equal(control_roles_of(&roles, 3001, others, 1), CONTROL_ROLE_AUDITOR);
	assert_int_equal(control_roles_of(&roles, 3001, both, 2),
		CONTROL_ROLE_ADMIN | CONTROL_ROLE_AUDITOR | CONTROL_ROLE_ATTENDANT);
	assert_int_equal(control_roles_of(&roles, 3002, others, 1), 0);
	control_roles_done(&roles);
}

static void
a_service_user_is_refused_whatever_its_groups(void **state)
{
	struct control_roles roles;
	const gid_t admins[] = {4001};

	(void)state;
	load(&roles);
	assert_int_equal(control_roles_of(&roles, 3003, admins, 1), 0);
	assert_int_equal(control_roles_of(&roles, 3004, admins, 1), 0);
	control_roles_done(&roles);
}

static void
root_is_an_administrator(void **state)
{
	struct control_roles roles = {0};

	(void)state;
	assert_int_equal(control_roles_of(&roles, 0, NULL, 0), CONTROL_ROLE_ADMIN);
	assert_int_equal(control_roles_of(&roles, 1, NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_and_groups_give_roles),
		cmocka_unit_test(a_service_user_is_refused_whatever_its_groups),
		cmocka_unit_test(root_is_an_administrator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
