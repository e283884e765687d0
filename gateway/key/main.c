/* sekisho-key - holds the TLS private key and signs with it; no byte of a client or jump host comes
 * here.
 *
 *	fd 3   the supervisor: HELLO, KEY_ADD_WORKER, PING
 *	fd 4   the PEM of the key; read once, closed before the sandbox is
 *
 * Exits with 0 when the supervisor goes, CHILD_EXIT_UNUSABLE if the key cannot be used.
 */
#include "base/lock_down.h"
#include "base/log.h"
#include "base/secret.h"
#include "key/key_server.h"
#include "supervisor/children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PEM_MOST_BYTES 65536

/* Reads fd to its end and closes it. Returns the length or a negative errno; -EFBIG if there is no
 * end. */
static ssize_t
read_all(int fd, uint8_t *room, size_t size)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, room + len, size - len);
		if (got > 0)
			len += (size_t)got;
	} while ((got > 0 && len < size) || (got < 0 && errno == EINTR));
	if (got < 0)
		got = -errno;
	else
		got = len == size ? -EFBIG : (ssize_t)len;
	(void)close(fd);
	return got;
}

static int
unusable(const char *why)
{
	log_event(EV_KEY_UNUSABLE, "why='%s'", why);
	return CHILD_EXIT_UNUSABLE;
}

static int
load_key(struct signer **ret_signer)
{
	static uint8_t pem[PEM_MOST_BYTES];
	const char *why;
	ssize_t len = read_all(CHILD_FD_KEY, pem, sizeof(pem));
	int r;

	if (len < 0)
		return unusable(len == -EFBIG ? "it is longer than 64 KB" : strerror((int)-len));
	r = signer_new(pem, (size_t)len, ret_signer, &why);
	secret_wipe(pem, sizeof(pem));
	return r < 0 ? unusable(why) : 0;
}

int
main(void)
{
	struct signer *signer;
	int r;

	log_init("sekisho-key");
	(void)signal(SIGPIPE, SIG_IGN);
	if (lock_down_early() < 0)
		return 1;
	r = load_key(&signer);
	if (r != 0)
		return r;
	/* What OpenSSL opens and loads at its first signature, before nothing can be opened any
	 * more. */
	r = signer_warm_up(signer);
	if (r < 0)
		return unusable("it does not sign");
	if (lock_down(LOCK_DOWN_KEY) < 0)
		return 1;
	if (signer_is_slow(signer))
		log_event(EV_KEY_SLOW, "key='%s'", signer_name(signer));
	log_event(EV_KEY_READY, "key='%s'", signer_name(signer));
	r = key_server_run(signer);
	signer_free(signer);
	return r < 0 ? 1 : 0;
}
