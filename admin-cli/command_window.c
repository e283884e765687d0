/* window add: a window for every terminal is asked about, because it ends everybody's sessions. */
#include "admin-cli/command.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"

enum admin_exit
command_window_add(struct admin *admin)
{
	const struct fact facts[] = {
		{value_label("from"), argument_text(admin->arguments, "from")},
		{value_label("until"), argument_text(admin->arguments, "until")},
	};
	enum admin_exit exit_code = ADMIN_DONE;

	if (argument_flag(admin->arguments, "all"))
		exit_code = admin_confirm(admin, facts, 2,
			_("While it lasts nobody can connect to any terminal, and sessions that "
			  "run when it "
			  "begins end."),
			_("Add this window for every terminal?"));
	return exit_code != ADMIN_DONE
		       ? exit_code
		       : admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}
