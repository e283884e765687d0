/* See take_over.h. */
#include "policy/take_over.h"

#include "policy/store/session_table.h"
#include "policy/store/terminal_table.h"

#include <errno.h>

int
take_over_look(struct store_db *db, int64_t account, int64_t terminal, struct take_over *ret_view)
{
	struct terminal found = {0};
	int64_t sessions = 0;
	int r;

	*ret_view = (struct take_over){0};
	r = terminal_load(db, terminal, &found);
	terminal_done(&found);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = session_count_on_terminal(db, terminal, NULL, &sessions);
	if (r < 0)
		return r;
	ret_view->room = found.capacity == 0 || sessions < found.capacity;
	if (ret_view->room || !found.take_over || found.attendance_required)
		return 0;
	r = session_below(db, account, terminal, ret_view->session);
	ret_view->possible = r == 0;
	return r == -ENOENT ? 0 : r;
}
