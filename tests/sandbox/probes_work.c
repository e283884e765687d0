/* Probes of what must go on working inside. See probes.def. */
#include "probe.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

int
probe_poll(const struct probe_hands *hands)
{
	struct pollfd waiting = {.fd = hands->stream[0], .events = POLLOUT};

	return poll(&waiting, 1, 1000) == 1 ? 0 : EIO;
}

int
probe_memory(const struct probe_hands *hands)
{
	(void)hands;
	for (size_t size = 16; size <= 64u << 20; size *= 4) {
		char *bytes = malloc(size);
		char *more;

		if (bytes == NULL)
			return ENOMEM;
		memset(bytes, 1, size);
		more = realloc(bytes, size * 2);
		if (more == NULL)
			return ENOMEM;
		memset(more, 2, size * 2);
		free(more);
	}
	return 0;
}

int
probe_random(const struct probe_hands *hands)
{
	unsigned char bytes[64];

	(void)hands;
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return errno;
	return RAND_bytes(bytes, sizeof(bytes)) == 1 && RAND_priv_bytes(bytes, 32) == 1 ? 0 : EIO;
}

int
probe_time(const struct probe_hands *hands)
{
	struct timespec little = {.tv_nsec = 1000};
	int64_t before = clock_boottime_ms();

	(void)hands;
	if (nanosleep(&little, NULL) < 0 || usleep(1) < 0)
		return errno;
	return clock_boottime_ms() >= before && clock_now() > 0 ? 0 : EIO;
}

int
probe_log(const struct probe_hands *hands)
{
	(void)hands;
	log_event(EV_GATEWAY_READY, "probe='%s' number=%d", log_quote("text"), 1);
	return 0;
}

int
probe_abort(const struct probe_hands *hands)
{
	(void)hands;
	abort();
}

/* What has happened on the loop. */
struct loop_seen {
	unsigned int polls, timers, asyncs, idles;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_async_t async;
	uv_idle_t idle;
};

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct loop_seen *seen = handle->data;

	if (status == 0 && (events & UV_READABLE) != 0)
		seen->polls++;
	uv_close((uv_handle_t *)handle, NULL);
}

static void
on_timer(uv_timer_t *handle)
{
	struct loop_seen *seen = handle->data;

	seen->timers++;
	(void)uv_async_send(&seen->async);
	uv_close((uv_handle_t *)handle, NULL);
}

static void
on_async(uv_async_t *handle)
{
	struct loop_seen *seen = handle->data;

	seen->asyncs++;
	uv_close((uv_handle_t *)handle, NULL);
}

static void
on_idle(uv_idle_t *handle)
{
	struct loop_seen *seen = handle->data;

	seen->idles++;
	uv_close((uv_handle_t *)handle, NULL);
}

int
probe_loop(const struct probe_hands *hands)
{
	/* A worker's loop is made after lock_down_early and before lock_down; here what it may make
	 * later is tried. */
	static struct loop_seen seen;
	uv_loop_t *loop = hands->loop;

	seen.poll.data = seen.timer.data = seen.async.data = seen.idle.data = &seen;
	if (write(hands->stream[1], "x", 1) != 1)
		return EIO;
	if (uv_poll_init(loop, &seen.poll, hands->stream[0]) < 0 ||
		uv_timer_init(loop, &seen.timer) < 0 ||
		uv_async_init(loop, &seen.async, on_async) < 0 ||
		uv_idle_init(loop, &seen.idle) < 0)
		return EIO;
	if (uv_poll_start(&seen.poll, UV_READABLE, on_poll) < 0 ||
		uv_timer_start(&seen.timer, on_timer, 1, 0) < 0 ||
		uv_idle_start(&seen.idle, on_idle) < 0)
		return EIO;
	uv_run(loop, UV_RUN_DEFAULT);
	return seen.polls == 1 && seen.timers == 1 && seen.asyncs == 1 && seen.idles == 1 ? 0 : EIO;
}

static X509 *
self_signed(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	if (certificate == NULL)
		return NULL;
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
		(const unsigned char *)"probe", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

static SSL *
tls_end(const SSL_METHOD *method, int fd, EVP_PKEY *key, X509 *certificate)
{
	SSL_CTX *context = SSL_CTX_new(method);
	SSL *tls;

	if (context == NULL)
		return NULL;
	if (key != NULL && (SSL_CTX_use_certificate(context, certificate) != 1 ||
				   SSL_CTX_use_PrivateKey(context, key) != 1))
		return NULL;
	tls = SSL_new(context);
	SSL_CTX_free(context);
	if (tls == NULL || SSL_set_fd(tls, fd) != 1)
		return NULL;
	return tls;
}

int
probe_tls(const struct probe_hands *hands)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = key == NULL ? NULL : self_signed(key);
	SSL *server, *client;
	char byte = 0;
	int one = 0, other = 0, on = 1;

	if (certificate == NULL)
		return EIO;
	if (ioctl(hands->stream[0], FIONBIO, &on) < 0 || ioctl(hands->stream[1], FIONBIO, &on) < 0)
		return errno;
	server = tls_end(TLS_server_method(), hands->stream[0], key, certificate);
	client = tls_end(TLS_client_method(), hands->stream[1], NULL, NULL);
	if (server == NULL || client == NULL)
		return EIO;
	for (int step = 0; step < 20 && (one != 1 || other != 1); step++) {
		other = SSL_connect(client);
		one = SSL_accept(server);
	}
	if (one != 1 || other != 1 || SSL_write(client, "x", 1) != 1 ||
		SSL_read(server, &byte, 1) != 1 || SSL_write(server, "y", 1) != 1 ||
		SSL_read(client, &byte, 1) != 1)
		return EIO;
	return byte == 'y' ? 0 : EIO;
}

static int
sign_with(EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	int r = EIO;

	if (key != NULL && context != NULL &&
		EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestSign(context, signature, &len, (const unsigned char *)"x", 1) == 1)
		r = 0;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return r;
}

int
probe_sign(const struct probe_hands *hands)
{
	int r = sign_with(EVP_EC_gen("P-256"));

	(void)hands;
	return r == 0 ? sign_with(EVP_RSA_gen(2048)) : r;
}
