/* Addresses, clock, epoll and TLS contexts of the test peers; see loop.h. */
#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"

_Noreturn void
loop_die(const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s\n", what, detail);
	exit(2);
}

void
loop_prepare_process(void (*on_signal)(int number))
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct rlimit files;

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

uint64_t
loop_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct sockaddr_in
parse_address(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *colon = strrchr(address, ':');
	char host[64];

	if (colon == NULL || (size_t)(colon - address) >= sizeof(host))
		loop_die(address, "expected ADDRESS:PORT");
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		loop_die(address, "expected an IPv4 address");
	in.sin_port = htons((uint16_t)loop_number(address, colon + 1, UINT16_MAX));
	return in;
}

static int
listen_at_path(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, 4096) < 0)
		loop_die(path, strerror(errno));
	return fd;
}

int
loop_listen(const char *address)
{
	struct sockaddr_in in;
	int fd, one = 1;

	if (strncmp(address, "unix:", 5) == 0)
		return listen_at_path(address + 5);
	in = parse_address(address);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 || listen(fd, 4096) < 0)
		loop_die(address, strerror(errno));
	return fd;
}

int
loop_connect(const char *address)
{
	struct sockaddr_in in = parse_address(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0 && errno != EINPROGRESS) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	return fd;
}

void
loop_watch(int epoll, int fd, void *data, bool writing, bool is_new)
{
	struct epoll_event event = {
		.events = EPOLLIN | (writing ? (uint32_t)EPOLLOUT : 0), .data.ptr = data};

	if (epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0)
		loop_die("epoll_ctl", strerror(errno));
}

static void
set_modes(SSL_CTX *context)
{
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	/* RDP peers close TCP without close_notify. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86400L);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"rdp-test-host", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	if (X509_sign(certificate, key, EVP_sha256()) == 0)
		loop_die("certificate", "cannot be made");
	return certificate;
}

static void
use_made_certificate(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate;

	if (key == NULL)
		loop_die("key", "cannot be made");
	certificate = make_certificate(key);
	if (SSL_CTX_use_certificate(context, certificate) != 1 ||
		SSL_CTX_use_PrivateKey(context, key) != 1)
		loop_die("certificate", "cannot be used");
	X509_free(certificate);
	EVP_PKEY_free(key);
}

SSL_CTX *
loop_server_context(const char *certificate, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL)
		loop_die("TLS", "no context");
	set_modes(context);
	SSL_CTX_set_num_tickets(context, 0);
	if (certificate == NULL) {
		use_made_certificate(context);
		return context;
	}
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		loop_die(certificate, "no certificate in it");
	if (key == NULL || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		loop_die(key == NULL ? "--key" : key, "no key in it");
	return context;
}

SSL_CTX *
loop_client_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		loop_die("TLS", "no context");
	set_modes(context);
	return context;
}

void
loop_fingerprint(SSL_CTX *context, char *ret_text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (X509_digest(SSL_CTX_get0_certificate(context), EVP_sha256(), digest, &len) != 1)
		loop_die("certificate", "no digest");
	bytes_to_hex(digest, len, ret_text);
}

unsigned long
loop_number(const char *option, const char *text, unsigned long max)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > max)
		loop_die(option, "expected a number within its range");
	return number;
}
