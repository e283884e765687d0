/* libfreerdp's peer as the greeter uses it; see peer.h. In the greeter, sandboxed; every byte that is read here comes from a client
 * that has shown nothing yet, through FreeRDP's parsers. Input goes on in peer_input.c, pictures in pictures.c.
 */
#include "greeter/peer.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "greeter/keyboard.h"
#include "greeter/peer_private.h"
#include "greeter/pictures.h"
#include "greeter/screen.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freerdp/crypto/certificate.h>
#include <freerdp/primitives.h>
#include <freerdp/transport_io.h>
#include <winpr/wlog.h>

#define TILES_A_TURN 64
#define READS_A_TURN 32
#define MONITORS_MOST 16 /* 2.2.1.3.6 */

/* Showing */

static int
apply_show(struct peer *peer)
{
	int r = 0;

	if (peer->screen == NULL || peer->show == NULL)
		return 0;
	for (size_t i = 0; i < peer->choice_count && r == 0; i++)
		r = screen_add_choice(peer->screen, &peer->choices[i]);
	if (r == 0)
		r = screen_show(peer->screen, peer->show);
	free(take_pointer(&peer->choices));
	peer->choice_count = 0;
	secret_free(take_pointer(&peer->show));
	return r;
}

int
peer_choice(struct peer *peer, const struct msg_choice *choice)
{
	struct msg_choice *more;

	if (peer->screen != NULL)
		return screen_add_choice(peer->screen, choice);
	if (peer->choice_count > 0 && peer->choices[0].serial != choice->serial)
		peer->choice_count = 0; /* of a list that was never shown */
	if (peer->choice_count >= SCREEN_CHOICES_MAX)
		return -E2BIG;
	more = reallocarray(peer->choices, peer->choice_count + 1, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	peer->choices = more;
	peer->choices[peer->choice_count++] = *choice;
	return 0;
}

int
peer_show(struct peer *peer, const struct msg_show *show)
{
	if (peer->screen != NULL)
		return screen_show(peer->screen, show);
	if (peer->show == NULL)
		peer->show = malloc(sizeof(*peer->show));
	if (peer->show == NULL)
		return -ENOMEM;
	*peer->show = *show;
	return 0;
}

static void
screen_answered(void *owner, const struct msg_answer *answer)
{
	struct peer *peer = owner;

	peer->setup.answered(peer->setup.owner, answer);
}

static void
choose_area(struct peer *peer)
{
	const rdpSettings *settings = peer->rdp->context->settings;
	uint32_t count = freerdp_settings_get_uint32(settings, FreeRDP_MonitorCount);
	struct area_monitor monitors[MONITORS_MOST];

	if (count > MONITORS_MOST)
		count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const rdpMonitor *monitor =
			freerdp_settings_get_pointer_array(settings, FreeRDP_MonitorDefArray, i);

		if (monitor == NULL) {
			count = 0;
			break;
		}
		monitors[i] = (struct area_monitor){monitor->x, monitor->y, monitor->width,
			monitor->height, monitor->is_primary != FALSE};
	}
	area_choose(freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth),
		freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight), monitors, count,
		&peer->area);
}

/* The desktop's size stays what the Connect-Initial said: some clients cannot change it when they go over to the jump host. */
static int
make_screen(struct peer *peer)
{
	const rdpSettings *settings = peer->rdp->context->settings;
	uint32_t scale = freerdp_settings_get_uint32(settings, FreeRDP_DesktopScaleFactor);
	struct screen_setup setup = {
		.scale_percent = scale >= 100 && scale <= 500 ? (uint16_t)scale : 100,
		.facility = peer->facility,
		.language = peer->language,
		.now_ms = peer->setup.now_ms,
		.answered = screen_answered,
		.owner = peer,
	};
	int r;

	choose_area(peer);
	setup.width = peer->area.width;
	setup.height = peer->area.height;
	r = screen_new(&setup, &peer->screen);
	return r < 0 ? r : apply_show(peer);
}

/* Pictures */

/* What lies on the desktop of these rectangles. */
static size_t
cut_to_desktop(const struct area *area, struct screen_rectangle *rectangles, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct screen_rectangle one = rectangles[i];

		if (one.x >= area->seen_width || one.y >= area->seen_height)
			continue;
		if (one.x + one.width > area->seen_width)
			one.width = (uint16_t)(area->seen_width - one.x);
		if (one.y + one.height > area->seen_height)
			one.height = (uint16_t)(area->seen_height - one.y);
		rectangles[kept++] = one;
	}
	return kept;
}

/* Told when it has left us: then the worker may cut, and nothing of it is missing. */
static void
tell_shown(struct peer *peer)
{
	uint32_t serial = screen_serial(peer->screen);

	if (serial == peer->shown)
		return;
	peer->shown = serial;
	peer->setup.shown(peer->setup.owner, serial);
}

/* What has changed, as long as the socket takes it. A window that nobody sees shows everything. */
static int
send_picture(struct peer *peer)
{
	struct screen_rectangle rectangles[TILES_A_TURN];
	struct picture picture = {.left = peer->area.left, .top = peer->area.top};
	size_t count;

	if (!peer->active || peer->screen == NULL || peer->rdp->IsWriteBlocked(peer->rdp))
		return 0;
	if (peer->suppressed) {
		tell_shown(peer);
		return 0;
	}
	count = screen_draw(peer->screen, rectangles, TILES_A_TURN);
	peer->more = count == TILES_A_TURN;
	count = cut_to_desktop(&peer->area, rectangles, count);
	picture.pixels = screen_pixels(peer->screen, &picture.stride);
	if (!pictures_send(peer->pictures, peer->rdp->context, &picture, rectangles, count))
		return -ECONNRESET;
	if (!peer->more && !peer->rdp->IsWriteBlocked(peer->rdp))
		tell_shown(peer);
	return 0;
}

/* Callbacks of libfreerdp */

/* Whoever sits there has yet to sign in, on the screen: this only opens the desktop that shows it. */
static BOOL
on_logon(freerdp_peer *rdp, const SEC_WINNT_AUTH_IDENTITY *identity, BOOL automatic)
{
	(void)rdp;
	(void)identity;
	(void)automatic;
	return TRUE;
}

/* What a client's Client Info said of user and password is the supervisor's to judge, who has it from the worker. */
static BOOL
on_post_connect(freerdp_peer *rdp)
{
	rdpSettings *settings = rdp->context->settings;

	return freerdp_settings_set_string(settings, FreeRDP_Password, NULL) &&
	       freerdp_settings_set_string(settings, FreeRDP_Username, NULL) &&
	       freerdp_settings_set_string(settings, FreeRDP_Domain, NULL);
}

static BOOL
on_activate(freerdp_peer *rdp)
{
	struct peer *peer = peer_of(rdp->context);

	pictures_free(peer->pictures);
	peer->pictures = pictures_new(
		freerdp_settings_get_bool(rdp->context->settings, FreeRDP_DrawAllowSkipAlpha));
	if (peer->pictures == NULL || (peer->screen == NULL && make_screen(peer) < 0))
		peer->failed = true;
	else
		screen_redraw(peer->screen);
	peer->active = !peer->failed;
	return peer->active;
}

static BOOL
on_capabilities(freerdp_peer *rdp)
{
	(void)rdp;
	return TRUE;
}

static BOOL
on_tls_accept(rdpTransport *transport)
{
	(void)transport;
	return TRUE; /* the worker has done it */
}

static BOOL
on_refresh(rdpContext *context, BYTE count, const RECTANGLE_16 *areas)
{
	struct peer *peer = peer_of(context);

	(void)count;
	(void)areas;
	if (peer->screen != NULL)
		screen_redraw(peer->screen);
	return TRUE;
}

static BOOL
on_suppress(rdpContext *context, BYTE allow, const RECTANGLE_16 *area)
{
	struct peer *peer = peer_of(context);

	peer->suppressed = allow == 0;
	return on_refresh(context, 0, area);
}

/* Beginning and end */

int
peer_warm_up(void)
{
	/* libfreerdp wants to know where its user's settings are. There is no user, and there are none. */
	if (setenv("HOME", "/nonexistent", 1) < 0)
		return -errno;
	/* Its lines would hold what clients say; ours tell what happened. */
	if (!WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF))
		return -ENOMEM;
	/* The best of several implementations is looked for otherwise, by measuring them for 0.3 seconds. */
	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	return primitives_get() != NULL ? 0 : -ENOMEM;
}

static bool
set_numbers(rdpSettings *settings)
{
	static const struct {
		FreeRDP_Settings_Keys_UInt32 key;
		uint32_t value;
	} numbers[] = {
		{FreeRDP_ColorDepth, 32},
		{FreeRDP_OsMajorType, OSMAJORTYPE_UNIX},
		{FreeRDP_OsMinorType, OSMINORTYPE_PSEUDO_XSERVER},
		{FreeRDP_EncryptionLevel, ENCRYPTION_LEVEL_NONE},
		{FreeRDP_LargePointerFlag, LARGE_POINTER_FLAG_96x96 | LARGE_POINTER_FLAG_384x384},
		{FreeRDP_MultifragMaxRequestSize, 0x400000},
		{FreeRDP_VCFlags, VCCAPS_NO_COMPR},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!freerdp_settings_set_uint32(settings, numbers[i].key, numbers[i].value))
			return false;
	return true;
}

/* What a server lacks some clients remember for the jump host that follows. */
static bool
set_flags(rdpSettings *settings)
{
	static const struct {
		FreeRDP_Settings_Keys_Bool key;
		BOOL value;
	} flags[] = {
		{FreeRDP_RdpSecurity, FALSE},
		{FreeRDP_NlaSecurity, FALSE},
		{FreeRDP_TlsSecurity, TRUE},
		{FreeRDP_UseRdpSecurityLayer, FALSE},
		{FreeRDP_CompressionEnabled, FALSE},
		{FreeRDP_SupportGraphicsPipeline, FALSE},
		{FreeRDP_RemoteFxCodec, FALSE},
		{FreeRDP_NSCodec, FALSE},
		{FreeRDP_SupportMultitransport, FALSE},
		{FreeRDP_NetworkAutoDetect, FALSE},
		{FreeRDP_SupportHeartbeatPdu, FALSE},
		{FreeRDP_SurfaceCommandsEnabled, TRUE},
		{FreeRDP_FrameMarkerCommandEnabled, TRUE},
		{FreeRDP_SurfaceFrameMarkerEnabled, TRUE},
		{FreeRDP_FastPathOutput, TRUE},
		{FreeRDP_FastPathInput, TRUE},
		{FreeRDP_UnicodeInput, TRUE},
		{FreeRDP_RefreshRect, TRUE},
		{FreeRDP_SuppressOutput, TRUE},
		{FreeRDP_DrawAllowSkipAlpha, TRUE},
		/* It would wait for a client that does not read, and answer nobody else meanwhile. */
		{FreeRDP_WaitForOutputBufferFlush, FALSE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!freerdp_settings_set_bool(settings, flags[i].key, flags[i].value))
			return false;
	return true;
}

/* libfreerdp will not accept without one, and never uses it: TLS is the worker's. */
static bool
set_certificate(rdpSettings *settings)
{
	rdpCertificate *certificate = freerdp_certificate_new();

	return certificate != NULL && freerdp_settings_set_pointer_len(settings,
					      FreeRDP_RdpServerCertificate, certificate, 1);
}

static void
set_callbacks(freerdp_peer *rdp)
{
	rdpUpdate *update = rdp->context->update;

	rdp->Capabilities = on_capabilities;
	rdp->PostConnect = on_post_connect;
	rdp->Activate = on_activate;
	rdp->Logon = on_logon;
	peer_set_input(rdp->context->input);
	update->RefreshRect = on_refresh;
	update->SuppressOutput = on_suppress;
}

bool
peer_callbacks_are_set(const struct peer *peer)
{
	const freerdp_peer *rdp = peer->rdp;
	const rdpUpdate *update = rdp->context->update;
	const rdpTransportIo *io = freerdp_get_io_callbacks(rdp->context);

	return rdp->Capabilities == on_capabilities && rdp->PostConnect == on_post_connect &&
	       rdp->Activate == on_activate && rdp->Logon == on_logon &&
	       peer_input_is_set(rdp->context->input) && update->RefreshRect == on_refresh &&
	       update->SuppressOutput == on_suppress && io != NULL &&
	       io->TLSAccept == on_tls_accept;
}

static int
set_up(struct peer *peer)
{
	freerdp_peer *rdp = peer->rdp;
	rdpTransportIo io;

	rdp->ContextSize = sizeof(struct peer_context);
	if (!freerdp_peer_context_new(rdp))
		return -ENOMEM;
	((struct peer_context *)rdp->context)->peer = peer;
	io = *freerdp_get_io_callbacks(rdp->context);
	io.TLSAccept = on_tls_accept;
	if (!freerdp_set_io_callbacks(rdp->context, &io) || !set_numbers(rdp->context->settings) ||
		!set_flags(rdp->context->settings) || !set_certificate(rdp->context->settings))
		return -ENOMEM;
	set_callbacks(rdp);
	assert(peer_callbacks_are_set(peer));
	return rdp->Initialize(rdp) ? 0 : -EIO;
}

/* libfreerdp takes its socket when it begins: this one keeps the place of the client's, its other end is closed. */
static int
make_place(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	(void)close(ends[1]);
	return ends[0];
}

int
peer_new(struct peer **ret_peer)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int r = -ENOMEM;

	if (peer == NULL)
		return -ENOMEM;
	peer->fd = make_place();
	if (peer->fd < 0) {
		r = peer->fd;
		free(peer);
		return r;
	}
	peer->rdp = freerdp_peer_new(peer->fd);
	if (peer->rdp != NULL)
		r = set_up(peer);
	else
		(void)close(peer->fd);
	if (r < 0) {
		peer_free(peer);
		return r;
	}
	*ret_peer = peer;
	return 0;
}

int
peer_begin(struct peer *peer, const struct peer_setup *setup, int *fd)
{
	auto_fd int taken = take_fd(fd);
	int flags = fcntl(taken, F_GETFL);

	if (flags < 0 || fcntl(taken, F_SETFL, flags | O_NONBLOCK) < 0 ||
		dup3(taken, peer->fd, O_CLOEXEC) < 0)
		return -errno;
	peer->setup = *setup;
	peer->keyboard = setup->keyboard;
	snprintf(peer->facility, sizeof(peer->facility), "%s", setup->facility);
	snprintf(peer->language, sizeof(peer->language), "%s", setup->language);
	return 0;
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	if (peer->rdp != NULL) {
		freerdp_peer_context_free(peer->rdp);
		freerdp_peer_free(peer->rdp);
	}
	screen_free(peer->screen);
	pictures_free(peer->pictures);
	free(peer->choices);
	secret_free(peer->show);
	free(peer);
}

/* Serving */

int
peer_fd(const struct peer *peer)
{
	return peer->fd;
}

short
peer_events(const struct peer *peer)
{
	return (short)(POLLIN | (peer->rdp->IsWriteBlocked(peer->rdp) ? POLLOUT : 0));
}

/* Of the rest of a turn: bytes that libfreerdp has read already, tiles that are drawn. */
static bool
has_more(const struct peer *peer)
{
	return peer->rdp->HasMoreToRead(peer->rdp) ||
	       (peer->more && !peer->rdp->IsWriteBlocked(peer->rdp));
}

int
peer_wait_ms(const struct peer *peer)
{
	if (has_more(peer))
		return 0;
	return peer->active && peer->screen != NULL ? screen_tick(peer->screen) : -1;
}

int
peer_serve(struct peer *peer, short revents)
{
	freerdp_peer *rdp = peer->rdp;

	if ((revents & POLLOUT) != 0 && rdp->DrainOutputBuffer(rdp) < 0)
		return -ECONNRESET;
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 || rdp->HasMoreToRead(rdp)) {
		for (unsigned int i = 0; i == 0 || (i < READS_A_TURN && rdp->HasMoreToRead(rdp));
			i++)
			if (!rdp->CheckFileDescriptor(rdp))
				return peer->failed ? -EIO : -ECONNRESET;
	}
	return send_picture(peer);
}
