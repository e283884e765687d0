/* The worker leg of a mediated session: libfreerdp's server, in the place of the jump host. In sekisho-mediator; the bytes are a
 * client's, as far as the relay worker lets them through. Its TLS is the worker's.
 */
#include "mediator/mediation_private.h"

#include "base/cleanup.h"
#include "mediator/updates.h"

#include <assert.h>

/* Waits, in the worker leg's thread, for the jump host's desktop. */
static bool
wait_for_host(struct mediation *mediation)
{
	bool ready;

	(void)pthread_mutex_lock(&mediation->lock);
	while (mediation->step == MEDIATION_CONNECTING)
		(void)pthread_cond_wait(&mediation->changed, &mediation->lock);
	ready = mediation->step == MEDIATION_READY;
	(void)pthread_mutex_unlock(&mediation->lock);
	return ready;
}

/* What the library has copied from the host leg and is not the worker leg's. */
static bool
mend_settings(rdpSettings *settings)
{
	static const FreeRDP_Settings_Keys_Bool off[] = {FreeRDP_NetworkAutoDetect,
		FreeRDP_SupportMultitransport, FreeRDP_ServerLicenseRequired,
		FreeRDP_CompressionEnabled};

	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		if (!freerdp_settings_set_bool(settings, off[i], FALSE))
			return false;
	return true;
}

/* The layout that the client had asked for is that of another desktop. */
static bool
forget_monitors(rdpSettings *settings)
{
	uint32_t count = freerdp_settings_get_uint32(settings, FreeRDP_MonitorCount);
	int32_t right = 0, bottom = 0;

	for (uint32_t i = 0; i < count; i++) {
		const rdpMonitor *monitor =
			freerdp_settings_get_pointer_array(settings, FreeRDP_MonitorDefArray, i);

		if (monitor != NULL && monitor->x + monitor->width > right)
			right = monitor->x + monitor->width;
		if (monitor != NULL && monitor->y + monitor->height > bottom)
			bottom = monitor->y + monitor->height;
	}
	if (count > 1 &&
		right <= (int32_t)freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth) &&
		bottom <= (int32_t)freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight))
		return true;
	return freerdp_settings_set_uint32(settings, FreeRDP_MonitorCount, 0) != FALSE;
}

/* In the host leg's thread: the host's desktop has begun, or has another size. What it draws from now on is for a client that has
 * followed: until then nothing of it is read. The first time the client knows of no desktop yet, and is told of this one. Later it
 * is activated again, in the worker leg's thread: what the client says meanwhile would be taken for parts of two
 * activations. */
static BOOL
on_desktop_resize(rdpContext *context)
{
	struct mediation *mediation = mediation_of(context);
	bool first, over;

	if (!mend_settings(context->settings) || !forget_monitors(context->settings))
		return FALSE;
	(void)pthread_mutex_lock(&mediation->lock);
	first = mediation->step == MEDIATION_CONNECTING;
	mediation->active = false;
	mediation->resize = !first;
	(void)pthread_mutex_unlock(&mediation->lock);
	if (first)
		mediation_go(mediation, MEDIATION_READY);
	else if (!SetEvent(mediation->wake))
		return FALSE;
	(void)pthread_mutex_lock(&mediation->lock);
	while (!mediation->active && mediation->step != MEDIATION_OVER)
		(void)pthread_cond_wait(&mediation->changed, &mediation->lock);
	over = mediation->step == MEDIATION_OVER;
	(void)pthread_mutex_unlock(&mediation->lock);
	if (first && !over)
		mediation_await_host(mediation);
	return !over;
}

/* The worker leg's thread waits for these. */
static DWORD
on_get_event_handles(freerdp_peer *peer, HANDLE *handles, DWORD count)
{
	struct mediation *mediation = mediation_of(peer->context);
	DWORD used = mediation->get_event_handles(peer, handles, count);

	if (used == 0 || used >= count)
		return 0;
	handles[used] = mediation->wake;
	return used + 1;
}

/* The library keeps the state of the locks for a host that is not active at the moment, and calls that a failure. */
static BOOL
on_synchronize(rdpInput *input, UINT32 flags)
{
	(void)mediation_of(input->context)->synchronize(input, flags);
	return TRUE;
}

/* It sets its own each time that the host is activated. */
static void
take_synchronize(struct mediation *mediation, rdpInput *input)
{
	if (input->SynchronizeEvent == on_synchronize)
		return;
	mediation->synchronize = input->SynchronizeEvent;
	if (mediation->synchronize != NULL)
		input->SynchronizeEvent = on_synchronize;
}

static BOOL
on_check_descriptor(freerdp_peer *peer)
{
	struct mediation *mediation = mediation_of(peer->context);
	bool resize;

	take_synchronize(mediation, peer->context->input);
	(void)ResetEvent(mediation->wake);
	(void)pthread_mutex_lock(&mediation->lock);
	resize = mediation->resize;
	mediation->resize = false;
	(void)pthread_mutex_unlock(&mediation->lock);
	if (resize && !mediation->desktop_resize(peer->context))
		return FALSE;
	return mediation->check_descriptor(peer);
}

void
worker_leg_activated(struct mediation *mediation)
{
	(void)pthread_mutex_lock(&mediation->lock);
	mediation->active = true;
	(void)pthread_cond_broadcast(&mediation->changed);
	(void)pthread_mutex_unlock(&mediation->lock);
	notices_on_activated(mediation->notices);
}

/* Behind the client's Client Info, before licensing: the library would go on to a desktop of its own now, and connect to the host
 * behind it. */
static BOOL
on_reached_state(freerdp_peer *peer, CONNECTION_STATE state)
{
	struct mediation *mediation = mediation_of(peer->context);

	if (state != CONNECTION_STATE_CONNECT_TIME_AUTO_DETECT_REQUEST || mediation->asked)
		return TRUE;
	mediation->asked = true;
	if (!mediation->post_connect(peer)) {
		mediation_tell(
			mediation, MEDIATE_FAULT, 0, "libfreerdp's client could not be made");
		mediation_go(mediation, MEDIATION_OVER);
		return FALSE;
	}
	return wait_for_host(mediation);
}

/* It was done before. */
static BOOL
on_post_connect(freerdp_peer *peer)
{
	return mediation_of(peer->context)->asked;
}

/* libfreerdp goes on after a callback that says no: then nothing of it may reach the worker. */
static int
on_write(rdpTransport *transport, wStream *s)
{
	struct mediation *mediation = mediation_of(transport_get_context(transport));
	bool refused;

	(void)pthread_mutex_lock(&mediation->lock);
	refused = mediation->mute ||
		  (mediation->asked && mediation->step == MEDIATION_OVER && !mediation->active);
	(void)pthread_mutex_unlock(&mediation->lock);
	return refused ? -1 : mediation->worker_io.WritePdu(transport, s);
}

/* How much one update may be was agreed on with the host before the client was heard: it may take less (2.2.7.2.6). */
static BOOL
on_bitmap_update(rdpContext *context, const BITMAP_UPDATE *update)
{
	struct mediation *mediation = mediation_of(context);
	size_t most =
		freerdp_settings_get_uint32(context->settings, FreeRDP_MultifragMaxRequestSize);

	return updates_write(context, update, most, mediation->bitmap_update);
}

static BOOL
on_tls_accept(rdpTransport *transport)
{
	(void)transport;
	return TRUE; /* the worker has done it */
}

BOOL
worker_leg_initialize(struct mediation *mediation, freerdp_peer *peer)
{
	rdpContext *context = peer->context;
	rdpTransportIo io;

	if (!freerdp_set_io_callback_context(context, mediation))
		return FALSE;
	mediation->worker_io = *freerdp_get_io_callbacks(context);
	io = mediation->worker_io;
	io.TLSAccept = on_tls_accept;
	io.WritePdu = on_write;
	mediation->post_connect = peer->PostConnect;
	mediation->desktop_resize = context->update->DesktopResize;
	mediation->bitmap_update = context->update->BitmapUpdate;
	mediation->get_event_handles = peer->GetEventHandles;
	mediation->check_descriptor = peer->CheckFileDescriptor;
	assert(mediation->post_connect != NULL && mediation->desktop_resize != NULL &&
		mediation->bitmap_update != NULL && mediation->get_event_handles != NULL &&
		mediation->check_descriptor != NULL);
	peer->GetEventHandles = on_get_event_handles;
	peer->CheckFileDescriptor = on_check_descriptor;
	peer->PostConnect = on_post_connect;
	peer->ReachedState = on_reached_state;
	context->update->DesktopResize = on_desktop_resize;
	context->update->BitmapUpdate = on_bitmap_update;
	notices_on_peer(mediation->notices, peer);
	return freerdp_set_io_callbacks(context, &io) && mend_settings(context->settings);
}
