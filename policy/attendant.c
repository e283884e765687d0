/* Which terminals are an attendant's; see attendance.h. */
#include "policy/attendance.h"

#include "policy/civil.h"
#include "policy/store/account_table.h"
#include "policy/store/assignment_table.h"
#include "policy/store/store.h"
#include "policy/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OF_UNIX "unix:"

const char *
attendant_name(const char *actor)
{
	return strncmp(actor, OF_UNIX, strlen(OF_UNIX)) == 0 ? actor + strlen(OF_UNIX) : actor;
}

/* Accounts are found in either case, but Unix knows YAMADA and yamada as two people. */
static bool
is_named(const struct account *account, const char *user)
{
	char lower[ACCOUNT_ID_SIZE];

	text_to_lower(account->id, lower);
	return strcmp(user, account->id) == 0 || strcmp(user, lower) == 0;
}

static bool
attends(struct store_db *db, const struct account *account)
{
	struct civil_time now;

	civil_from_instant(store_db_now(db), &now);
	return account->kind == ACCOUNT_ATTENDANT && !account->locked &&
	       civil_date_compare(now.date, account->valid_from) >= 0 &&
	       civil_date_compare(now.date, account->valid_until) <= 0;
}

static int
compare(const void *one, const void *other)
{
	int64_t left = *(const int64_t *)one, right = *(const int64_t *)other;

	return left < right ? -1 : left > right;
}

static int
load_terminals(struct store_db *db, int64_t account, int64_t **ret_terminals, size_t *ret_count)
{
	struct assignments assignments = {0};
	int64_t *terminals;
	int r;

	r = assignments_load(db, account, &assignments);
	if (r < 0)
		return r;
	terminals = calloc(assignments.count + 1, sizeof(*terminals));
	for (size_t i = 0; terminals != NULL && i < assignments.count; i++)
		terminals[i] = assignments.items[i].terminal;
	if (terminals != NULL) {
		qsort(terminals, assignments.count, sizeof(*terminals), compare);
		*ret_terminals = terminals;
		*ret_count = assignments.count;
	}
	assignments_done(&assignments);
	return terminals == NULL ? -ENOMEM : 0;
}

int
attendant_terminals(struct store_db *db, const char *actor, int64_t *ret_account,
	int64_t **ret_terminals, size_t *ret_count)
{
	struct account account;
	int r;

	*ret_account = 0;
	*ret_terminals = NULL;
	*ret_count = 0;
	r = account_find(db, attendant_name(actor), &account);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!is_named(&account, attendant_name(actor)) || !attends(db, &account))
		return 0;
	*ret_account = account.number;
	return load_terminals(db, account.number, ret_terminals, ret_count);
}
