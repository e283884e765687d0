/* See mediation.h. */
#include "mediator/mediation.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "mediator/mediation_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include <freerdp/channels/channels.h>
#include <freerdp/primitives.h>
#include <winpr/ssl.h>
#include <winpr/wlog.h>
#include <winpr/wtsapi.h>

struct mediation *
mediation_of(rdpContext *context)
{
	return freerdp_get_io_callback_context(context);
}

/* News */

static void
wake_loop(const struct mediation *mediation)
{
	(void)eventfd_write(mediation->news_fd, 1);
}

static void
on_notice_news(void *mediation)
{
	wake_loop(mediation);
}

struct notices *
mediation_notices(const struct mediation *mediation)
{
	return mediation->notices;
}

void
mediation_go(struct mediation *mediation, enum mediation_step step)
{
	(void)pthread_mutex_lock(&mediation->lock);
	if (step > mediation->step)
		mediation->step = step;
	if (step == MEDIATION_OVER && !mediation->news.over) {
		mediation->news.over = true;
		if (mediation->ended == MEDIATE_CONNECTED) {
			mediation->news.result.outcome = MEDIATE_ENDED;
			mediation->news.has_result = true;
		}
	}
	(void)pthread_cond_broadcast(&mediation->changed);
	(void)pthread_mutex_unlock(&mediation->lock);
	wake_loop(mediation);
}

/* A process that does not listen any more is ended soon. */
#define HEARD_SECONDS 2
#define MOST_WAIT_MS 60000

void
mediation_end(struct mediation *mediation)
{
	struct timespec until;

	mediation_go(mediation, MEDIATION_OVER);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HEARD_SECONDS;
	(void)pthread_mutex_lock(&mediation->lock);
	while (!mediation->heard && pthread_cond_clockwait(&mediation->changed, &mediation->lock,
					    CLOCK_MONOTONIC, &until) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&mediation->lock);
}

void
mediation_await_host(struct mediation *mediation)
{
	(void)pthread_mutex_lock(&mediation->lock);
	mediation->activate_until_ms = clock_boottime_ms() + mediation->activate_ms;
	(void)pthread_mutex_unlock(&mediation->lock);
	wake_loop(mediation);
}

void
mediation_host_is_active(struct mediation *mediation)
{
	(void)pthread_mutex_lock(&mediation->lock);
	mediation->activate_until_ms = 0;
	(void)pthread_mutex_unlock(&mediation->lock);
}

int
mediation_wait_ms(struct mediation *mediation)
{
	int64_t left = -1;

	(void)pthread_mutex_lock(&mediation->lock);
	if (mediation->activate_until_ms != 0) {
		left = mediation->activate_until_ms - clock_boottime_ms();
		left = left < 0 ? 0 : left;
	}
	(void)pthread_mutex_unlock(&mediation->lock);
	return left > MOST_WAIT_MS ? MOST_WAIT_MS : (int)left;
}

void
mediation_look_at_clock(struct mediation *mediation)
{
	bool late;

	(void)pthread_mutex_lock(&mediation->lock);
	late = mediation->activate_until_ms != 0 &&
	       clock_boottime_ms() >= mediation->activate_until_ms;
	if (late)
		mediation->activate_until_ms = 0;
	mediation->mute = mediation->mute || late;
	(void)pthread_mutex_unlock(&mediation->lock);
	if (!late)
		return;
	mediation_tell(mediation, MEDIATE_TOO_SLOW, 0, NULL);
	mediation_go(mediation, MEDIATION_OVER);
}

void
mediation_heard(struct mediation *mediation)
{
	(void)pthread_mutex_lock(&mediation->lock);
	mediation->heard = true;
	(void)pthread_cond_broadcast(&mediation->changed);
	(void)pthread_mutex_unlock(&mediation->lock);
}

void
mediation_tell(
	struct mediation *mediation, enum mediate_outcome outcome, uint32_t status, const char *why)
{
	(void)pthread_mutex_lock(&mediation->lock);
	if (mediation->ended == MEDIATE_CONNECTED) {
		struct msg_mediate_result *result = &mediation->news.result;

		mediation->ended = outcome;
		mediation->news.has_result = true;
		result->outcome = (uint8_t)outcome;
		result->status = status;
		(void)snprintf(result->why, sizeof(result->why), "%s",
			why != NULL ? why : mediate_text(outcome));
	}
	(void)pthread_mutex_unlock(&mediation->lock);
	wake_loop(mediation);
}

void
mediation_tell_certificate(struct mediation *mediation, const struct msg_nla_certificate *refused)
{
	(void)pthread_mutex_lock(&mediation->lock);
	COPY_CERTIFICATE(&mediation->news.certificate, refused);
	mediation->news.has_certificate = true;
	(void)pthread_mutex_unlock(&mediation->lock);
}

int
mediation_fd(const struct mediation *mediation)
{
	return mediation->news_fd;
}

void
mediation_take_news(struct mediation *mediation, struct mediation_news *ret_news)
{
	eventfd_t count;

	(void)eventfd_read(mediation->news_fd, &count);
	(void)pthread_mutex_lock(&mediation->lock);
	*ret_news = mediation->news;
	mediation->news.has_certificate = mediation->news.has_result = false;
	(void)pthread_mutex_unlock(&mediation->lock);
}

/* Hooks of the library */

static struct mediation *
mediation_of_plugin(const proxyPlugin *plugin)
{
	return plugin->userdata;
}

static BOOL
on_session_initialize(proxyPlugin *plugin, proxyData *data, void *peer)
{
	(void)data;
	return worker_leg_initialize(mediation_of_plugin(plugin), peer);
}

static BOOL
on_activate(proxyPlugin *plugin, proxyData *data, void *peer)
{
	(void)data;
	(void)peer;
	worker_leg_activated(mediation_of_plugin(plugin));
	return TRUE;
}

static BOOL
on_session_end(proxyPlugin *plugin, proxyData *data, void *peer)
{
	(void)data;
	(void)peer;
	notices_on_end(mediation_of_plugin(plugin)->notices);
	mediation_end(mediation_of_plugin(plugin));
	return TRUE;
}

/* The host leg's context is there and its thread is not. */
static BOOL
on_server_post_connect(proxyPlugin *plugin, proxyData *data, void *peer)
{
	(void)peer;
	return host_leg_prepare(mediation_of_plugin(plugin), data->pc);
}

static BOOL
on_verify(proxyPlugin *plugin, proxyData *data, void *client)
{
	(void)data;
	return host_leg_verify(mediation_of_plugin(plugin), client);
}

static BOOL
on_client_post_connect(proxyPlugin *plugin, proxyData *data, void *client)
{
	(void)data;
	host_leg_connected(mediation_of_plugin(plugin), client);
	return TRUE;
}

static BOOL
on_login_failure(proxyPlugin *plugin, proxyData *data, void *client)
{
	(void)data;
	host_leg_failed(mediation_of_plugin(plugin), client);
	return FALSE;
}

/* host_answers.c is in front of this; it stays shut. */
static BOOL
on_redirect(proxyPlugin *plugin, proxyData *data, void *client)
{
	(void)data;
	(void)client;
	mediation_tell(mediation_of_plugin(plugin), MEDIATE_REDIRECTED, 0, NULL);
	return FALSE;
}

static BOOL
on_client_post_disconnect(proxyPlugin *plugin, proxyData *data, void *client)
{
	(void)data;
	(void)client;
	host_leg_ended(mediation_of_plugin(plugin));
	return TRUE;
}

static BOOL
on_client_over(proxyPlugin *plugin, proxyData *data, void *client)
{
	(void)data;
	(void)client;
	mediation_end(mediation_of_plugin(plugin));
	return TRUE;
}

/* FALSE: it does not reach the host. */
static BOOL
on_mouse(proxyPlugin *plugin, proxyData *data, void *event)
{
	const proxyMouseEventInfo *mouse = event;

	(void)data;
	return notices_on_mouse(
		mediation_of_plugin(plugin)->notices, mouse->flags, mouse->x, mouse->y);
}

static BOOL
register_plugin(proxyPluginsManager *manager, void *mediation)
{
	const proxyPlugin plugin = {
		.name = "sekisho",
		.description = "sekisho",
		.userdata = mediation,
		.ServerSessionInitialize = on_session_initialize,
		.ServerPostConnect = on_server_post_connect,
		.ServerPeerActivate = on_activate,
		.ServerSessionEnd = on_session_end,
		.ClientX509Certificate = on_verify,
		.ClientPostConnect = on_client_post_connect,
		.ClientLoginFailure = on_login_failure,
		.ClientPostDisconnect = on_client_post_disconnect,
		.ClientRedirect = on_redirect,
		.ClientUninitConnect = on_client_over,
		.MouseEvent = on_mouse,
	};

	return manager->RegisterPlugin(manager, &plugin);
}

/* Beginning and end */

int
mediation_warm_up(const char **ret_what)
{
	*ret_what = "libfreerdp";
	/* libfreerdp wants to know where its user's settings are. There is no user, and there are none. */
	if (setenv("HOME", "/nonexistent", 1) < 0)
		return -errno;
	/* Its lines would hold what hosts say; ours tell what happened. */
	if (!WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF))
		return -ENOMEM;
	/* The best of several implementations is looked for otherwise, by measuring them for 0.3 seconds. */
	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	if (primitives_get() == NULL)
		return -ENOMEM;
	*ret_what = "OpenSSL's legacy provider, which NTLM needs";
	if (!winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT))
		return -ENOTSUP;
	*ret_what = "libfreerdp's channels";
	return WTSRegisterWtsApiFunctionTable(FreeRDP_InitWtsApi()) ? 0 : -ENOTSUP;
}

static int
new_server(struct mediation *mediation, const struct mediation_setup *setup)
{
	proxyConfig *configuration = mediator_configuration(setup->key, setup->begin->host_name,
		setup->port, (enum attach_nla)setup->begin->nla);

	if (configuration == NULL)
		return -ENOMEM;
	mediation->server = pf_server_new(configuration);
	pf_server_config_free(configuration);
	if (mediation->server == NULL ||
		!pf_server_add_module(mediation->server, register_plugin, mediation))
		return -ENOMEM;
	return 0;
}

static struct mediation *
mediation_new(const struct mediation_setup *setup)
{
	struct mediation *mediation = calloc(1, sizeof(*mediation));

	if (mediation == NULL)
		return NULL;
	mediation->host_fd = -1;
	mediation->peeked_fd = -1;
	mediation->begin = setup->begin;
	mediation->trust = setup->trust;
	mediation->answers.nla = (enum attach_nla)setup->begin->nla;
	mediation->activate_ms = setup->activate_ms;
	mediation->notices = notices_new(on_notice_news, mediation);
	if (mediation->notices == NULL) {
		free(mediation);
		return NULL;
	}
	(void)pthread_mutex_init(&mediation->lock, NULL);
	(void)pthread_cond_init(&mediation->changed, NULL);
	mediation->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mediation->wake = CreateEvent(NULL, TRUE, FALSE, NULL);
	return mediation;
}

int
mediation_start(const struct mediation_setup *setup, int *worker_fd, int *host_fd,
	struct mediation **ret_mediation)
{
	struct mediation *mediation = mediation_new(setup);
	auto_fd int worker = take_fd(worker_fd);
	auto_fd int host = take_fd(host_fd);
	int r;

	if (mediation == NULL)
		return -ENOMEM;
	r = mediation->news_fd < 0 || mediation->wake == NULL ? -EMFILE
							      : new_server(mediation, setup);
	if (r == 0) {
		mediation->host_fd = take_fd(&host);
		/* The library closes it, also when it cannot begin. */
		if (!pf_server_start_with_peer_socket(mediation->server, take_fd(&worker)))
			r = -EIO;
	}
	if (r < 0)
		mediation_free(mediation);
	else
		*ret_mediation = mediation;
	return r;
}

void
mediation_free(struct mediation *mediation)
{
	if (mediation == NULL)
		return;
	mediation_go(mediation, MEDIATION_OVER);
	mediation_heard(mediation);
	pf_server_free(mediation->server);
	notices_free(mediation->notices);
	cleanup_close(&mediation->host_fd);
	cleanup_close(&mediation->news_fd);
	if (mediation->wake != NULL)
		(void)CloseHandle(mediation->wake);
	(void)pthread_cond_destroy(&mediation->changed);
	(void)pthread_mutex_destroy(&mediation->lock);
	free(mediation);
}
