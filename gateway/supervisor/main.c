/* sekisho-gateway: the supervisor. Options; start.c does the rest. */
#include "base/cleanup.h"
#include "base/lock_down.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/start.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_CONFIG "/etc/sekisho/gateway.yaml"
#define EXIT_USAGE 2

static const char usage[] =
	"Usage: sekisho-gateway [FILE]\n"
	"       sekisho-gateway --check FILE\n"
	"\n"
	"The Sekisho gateway: lets remote engineers reach their terminals by RDP, and nothing "
	"else.\n"
	"\n"
	"  FILE, --config FILE  the settings to run with (default " DEFAULT_CONFIG ")\n"
	"  --check FILE         say everything that is wrong with these settings, and exit\n"
	"  --version            print the version and exit\n"
	"  --help               print this text and exit\n"
	"\n"
	"SIGTERM stops: every session is ended and recorded. SIGHUP reads the settings and opens\n"
	"session.log again. See sekisho-gateway.yaml(5).\n";

static int
check(const char *path)
{
	struct settings *settings = NULL;
	struct settings_errors errors = {0};
	int r;

	r = settings_load(path, &settings, &errors);
	if (r == 0)
		r = settings_check_key(settings, &errors);
	settings_print_errors(&errors, stderr);
	if (r == 0)
		printf("%s is right.\n", path);
	settings_errors_done(&errors);
	settings_free(settings);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run(const char *path)
{
	struct settings *settings = NULL;
	struct settings_errors errors = {0};
	int r;

	if (lock_down_early() < 0)
		return EXIT_FAILURE;
	r = settings_load(path, &settings, &errors);
	settings_print_errors(&errors, stderr);
	settings_errors_done(&errors);
	if (r < 0) {
		log_event(EV_GATEWAY_FAILED, "what='settings' why='the file is wrong'");
		return EXIT_FAILURE;
	}
	return supervisor_run(settings);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", required_argument, NULL, 'k'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *config = DEFAULT_CONFIG;
	int option;

	log_init("sekisho-gateway");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'k':
			return check(optarg);
		case 'v':
			printf("sekisho-gateway %s\n", SEKISHO_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc - 1)
		config = argv[optind++];
	if (optind != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return run(config);
}
