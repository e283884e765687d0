/* See configure.h. */
#include "supervisor/configure.h"

#include "base/cleanup.h"
#include "messages/messages.h"
#include "settings/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The certificate with its chain, as the workers show it. */
static int
read_certificate(const char *path, struct msg_configure *configure)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t most = sizeof(configure->certificate_chain) - 1, len = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		/* One byte more than fits tells a file that is too large from one that just fits. */
		ssize_t count = read(fd, configure->certificate_chain + len, most + 1 - len);

		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		len += (size_t)count;
		if (len > most)
			return -EFBIG;
	}
	configure->certificate_chain_len = (uint32_t)len;
	return 0;
}

int
configure_fill(const struct settings *settings, struct msg_configure *configure)
{
	configure->tls_minimum = settings->tls.minimum == SETTINGS_TLS_1_3 ? 0x0304 : 0x0303;
	configure->sniff_ms = settings->limits.sniff_ms;
	configure->secure_ms = settings->limits.secure_ms;
	configure->introduce_ms = settings->limits.introduce_ms;
	configure->decide_ms = settings->limits.decide_ms;
	/* The supervisor ends who takes too long to sign in; the worker only knows the longest wait of all. */
	configure->greet_ms = settings->limits.greet_ms + settings->limits.consent_ms +
			      settings->limits.watcher_ms;
	configure->redirect_ms = settings->limits.redirect_ms;
	configure->attach_ms = settings->limits.attach_ms;
	configure->drain_ms = settings->limits.drain_ms;
	configure->stall_ms = settings->limits.stall_ms;
	return read_certificate(settings->tls.certificate, configure);
}
