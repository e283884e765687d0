/* Second factors in the database; see second_factor_table.h. */
#include "policy/store/second_factor_table.h"

#include "policy/store/sql.h"

#include <errno.h>

int
second_factor_unbind(struct store_db *db, int64_t account)
{
	int r;

	r = sql_run(db, "DELETE FROM second_factor WHERE account = ?", "i", account);
	if (r < 0)
		return r;
	return sql_changed(db) > 0 ? 0 : -ENOENT;
}
