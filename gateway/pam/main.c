/* sekisho-pam - one PAM conversation, then the end. Started by systemd for each connection to its socket
 * (sekisho-pam.socket, Accept=yes), as user sekisho-pam.
 *
 *	fd 3   the supervisor: messages 50-57
 *
 * PAM modules are other people's code: they run here, where there is nothing but what this one user typed. What it reads
 * comes from the supervisor. NO_NEW_PRIVS is the unit's to set: a stack whose modules need a helper with rights of
 * its own can do without it.
 */
#include "base/log.h"
#include "pam/conversation.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define EXIT_USAGE 2
#define NICENESS 10

static const char usage[] =
	"Usage: sekisho-pam [--peer USER] [--confdir FOLDER]\n"
	"\n"
	"One PAM conversation of the service " SEKISHO_SERVICE
	" for the Sekisho gateway. It is started by its socket\n"
	"(sekisho-pam.socket), not by hand.\n"
	"\n"
	"  --peer USER       the gateway's user, by name or number; nobody else is answered\n"
	"                    (the owner of the socket, if nothing is said)\n"
	"  --confdir FOLDER  where the PAM stack is, in the place of /etc/pam.d\n"
	"  --version         print the version and exit\n"
	"  --help            print this text and exit\n"
	"\n"
	"See sekisho-pam(8).\n";

struct options {
	const char *peer;
	const char *confdir;
};

/* Returns -1 to go on, or what to exit with. */
static int
read_options(int argc, char **argv, struct options *ret_options)
{
	static const struct option options[] = {
		{"peer", required_argument, NULL, 'p'},
		{"confdir", required_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			ret_options->peer = optarg;
			break;
		case 'c':
			ret_options->confdir = optarg;
			break;
		case 'v':
			puts("sekisho-pam " SEKISHO_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fputs(usage, stderr);
	return EXIT_USAGE;
}

static int
uid_of_name(const char *name, uid_t *ret_uid)
{
	const struct passwd *user = getpwnam(name);
	unsigned long number;
	char *end;

	if (user != NULL) {
		*ret_uid = user->pw_uid;
		return 0;
	}
	errno = 0;
	number = strtoul(name, &end, 10);
	if (errno != 0 || end == name || *end != '\0' || number > INT32_MAX)
		return -ENOENT;
	*ret_uid = (uid_t)number;
	return 0;
}

/* The owner of the socket that was connected to: systemd made it for the gateway (SocketUser=). */
static int
uid_of_owner(int fd, uid_t *ret_uid)
{
	struct sockaddr_un address = {0};
	socklen_t len = sizeof(address) - 1;
	struct stat status;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	if (len <= offsetof(struct sockaddr_un, sun_path) || address.sun_path[0] != '/')
		return -ENOTSOCK;
	if (lstat(address.sun_path, &status) < 0)
		return -errno;
	if (!S_ISSOCK(status.st_mode))
		return -ENOTSOCK;
	*ret_uid = status.st_uid;
	return 0;
}

/* The socket's mode keeps others away; the kernel says once more who it is. */
static bool
peer_is_gateway(int fd, const char *name)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uid_t wanted;
	int r = name == NULL ? uid_of_owner(fd, &wanted) : uid_of_name(name, &wanted);

	if (r < 0) {
		log_event(
			EV_PAM_FAILED, "why='who the gateway is, is not known: %s'", strerror(-r));
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		log_event(EV_PAM_FAILED, "why='who asks, is not known: %s'", strerror(errno));
		return false;
	}
	if (peer.uid != wanted) {
		log_event(EV_PAM_OTHER_PEER, "uid=%ld pid=%ld", (long)peer.uid, (long)peer.pid);
		return false;
	}
	return true;
}

/* What this one user typed must not land on a disk, nor be read by others of the same user. */
static int
keep_memory_to_itself(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return 0;
}

/* A check of a password is made to cost a processor: what it costs, running sessions shall not miss. */
static void
stand_back(void)
{
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
}

int
main(int argc, char **argv)
{
	struct options options = {0};
	int fd = SD_LISTEN_FDS_START;
	int r = read_options(argc, argv, &options);

	if (r >= 0)
		return r;
	log_init("sekisho-pam");
	(void)signal(SIGPIPE, SIG_IGN);
	stand_back();
	if (keep_memory_to_itself() < 0)
		return EXIT_FAILURE;
	if (sd_listen_fds(1) != 1 || sd_is_socket(fd, AF_UNIX, SOCK_SEQPACKET, 0) <= 0) {
		log_event(EV_PAM_FAILED, "why='there is no connection on descriptor 3'");
		return EXIT_USAGE;
	}
	if (!peer_is_gateway(fd, options.peer))
		return EXIT_FAILURE;
	return conversation_run(&fd, options.confdir);
}
