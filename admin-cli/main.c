/* sekisho-admin: everything that an administrator does to the gateway, over its control socket. It holds no
 * rights of its own: the gateway looks at who is calling (design 5).
 */
#include "admin-cli/command.h"
#include "admin-cli/help.h"
#include "admin-cli/text.h"
#include "base/secret.h"

#include <stdlib.h>

static enum admin_exit
complain_of_usage(const struct admin *admin, const char *why)
{
	const struct arguments *arguments = admin->arguments;

	(void)admin_refuse(admin, ADMIN_USAGE, "%s", why);
	if (arguments->command != NULL) {
		fputs(_("Usage: "), stderr);
		help_synopsis(stderr, arguments->command);
	}
	fprintf(stderr, _("See: sekisho-admin%s%s%s%s --help\n"),
		arguments->group != NULL ? " " : "",
		arguments->group != NULL ? arguments->group->name : "",
		arguments->command != NULL && arguments->command->name[0] != '\0' ? " " : "",
		arguments->command != NULL ? arguments->command->name : "");
	return ADMIN_USAGE;
}

int
main(int argc, char **argv)
{
	struct arguments arguments;
	struct admin admin = {.arguments = &arguments};
	enum admin_exit exit_code = ADMIN_DONE;
	char why[512];
	int r;

	json_set_alloc_funcs(malloc, secret_free); /* answers may hold secrets */
	text_init();
	r = arguments_parse(argc, argv, &arguments, why, sizeof(why));
	if (r < 0)
		return complain_of_usage(&admin, why);
	if (arguments.help)
		help_print(stdout, &arguments);
	else if (arguments.version)
		printf("sekisho-admin %s\n", SEKISHO_VERSION);
	else
		exit_code = arguments.command->run(&admin);
	rpc_close(admin.rpc);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		perror("sekisho-admin");
		return ADMIN_REFUSED;
	}
	return exit_code;
}
