/* libfreerdp's peer as greeter and player use it; see desk.h. Sandboxed; every byte that is read here comes from a client, which at
 * a greeter has shown nothing yet, through FreeRDP's parsers. Input goes on in desk_input.c, pictures in picture/pictures.c.
 */
#include "desk/desk_private.h"

#include "base/cleanup.h"
#include "child/program.h"
#include "desk/keyboard.h"
#include "picture/pictures.h"

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

static void
choose_area(struct desk *desk)
{
	const rdpSettings *settings = desk->rdp->context->settings;
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
		&desk->area);
}

/* The desktop's size stays what the Connect-Initial said: some clients cannot change it when they go over to the jump host. */
static int
begin(struct desk *desk)
{
	const rdpSettings *settings = desk->rdp->context->settings;
	uint32_t scale = freerdp_settings_get_uint32(settings, FreeRDP_DesktopScaleFactor);
	struct desk_size size = {
		.scale_percent = scale >= 100 && scale <= 500 ? (uint16_t)scale : 100};
	int r;

	choose_area(desk);
	size.width = desk->area.width;
	size.height = desk->area.height;
	r = desk->user->begin(desk->owner, &size);
	desk->begun = r == 0;
	return r;
}

/* Pictures */

/* What lies on the desktop of these rectangles. */
static size_t
cut_to_desktop(const struct area *area, struct picture_rectangle *rectangles, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct picture_rectangle one = rectangles[i];

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

/* What has changed, as long as the socket takes it. A window that nobody sees shows everything. */
static int
send_picture(struct desk *desk)
{
	struct picture_rectangle rectangles[TILES_A_TURN];
	struct picture picture = {.left = desk->area.left, .top = desk->area.top};
	size_t count;

	if (!desk->active || desk->rdp->IsWriteBlocked(desk->rdp))
		return 0;
	if (desk->suppressed) {
		desk->user->sent(desk->owner);
		return 0;
	}
	count = desk->user->draw(desk->owner, rectangles, TILES_A_TURN);
	desk->more = count == TILES_A_TURN;
	count = cut_to_desktop(&desk->area, rectangles, count);
	picture.pixels = desk->user->pixels(desk->owner, &picture.stride);
	if (!pictures_send(desk->pictures, desk->rdp->context, &picture, rectangles, count))
		return -ECONNRESET;
	if (!desk->more && !desk->rdp->IsWriteBlocked(desk->rdp))
		desk->user->sent(desk->owner);
	return 0;
}

/* Callbacks of libfreerdp */

/* Whoever sits there has yet to sign in, on the screen, or was let through to a recording: this only opens the desktop. */
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
	struct desk *desk = desk_of(rdp->context);

	pictures_free(desk->pictures);
	desk->pictures = pictures_new(
		freerdp_settings_get_bool(rdp->context->settings, FreeRDP_DrawAllowSkipAlpha));
	if (desk->pictures == NULL || (!desk->begun && begin(desk) < 0))
		desk->failed = true;
	else
		desk->user->redraw(desk->owner);
	desk->active = !desk->failed;
	return desk->active;
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
	struct desk *desk = desk_of(context);

	(void)count;
	(void)areas;
	if (desk->begun)
		desk->user->redraw(desk->owner);
	return TRUE;
}

static BOOL
on_suppress(rdpContext *context, BYTE allow, const RECTANGLE_16 *area)
{
	struct desk *desk = desk_of(context);

	desk->suppressed = allow == 0;
	return on_refresh(context, 0, area);
}

/* Beginning and end */

int
desk_warm_up(void)
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
	desk_set_input(rdp->context->input);
	update->RefreshRect = on_refresh;
	update->SuppressOutput = on_suppress;
}

bool
desk_callbacks_are_set(const struct desk *desk)
{
	const freerdp_peer *rdp = desk->rdp;
	const rdpUpdate *update = rdp->context->update;
	const rdpTransportIo *io = freerdp_get_io_callbacks(rdp->context);

	return rdp->Capabilities == on_capabilities && rdp->PostConnect == on_post_connect &&
	       rdp->Activate == on_activate && rdp->Logon == on_logon &&
	       desk_input_is_set(rdp->context->input) && update->RefreshRect == on_refresh &&
	       update->SuppressOutput == on_suppress && io != NULL &&
	       io->TLSAccept == on_tls_accept;
}

static int
set_up(struct desk *desk)
{
	freerdp_peer *rdp = desk->rdp;
	rdpTransportIo io;

	rdp->ContextSize = sizeof(struct desk_context);
	if (!freerdp_peer_context_new(rdp))
		return -ENOMEM;
	((struct desk_context *)rdp->context)->desk = desk;
	io = *freerdp_get_io_callbacks(rdp->context);
	io.TLSAccept = on_tls_accept;
	if (!freerdp_set_io_callbacks(rdp->context, &io) || !set_numbers(rdp->context->settings) ||
		!set_flags(rdp->context->settings) || !set_certificate(rdp->context->settings))
		return -ENOMEM;
	set_callbacks(rdp);
	assert(desk_callbacks_are_set(desk));
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
desk_new(const struct desk_user *user, void *owner, struct desk **ret_desk)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	int r = -ENOMEM;

	if (desk == NULL)
		return -ENOMEM;
	desk->user = user;
	desk->owner = owner;
	desk->fd = make_place();
	if (desk->fd < 0) {
		r = desk->fd;
		free(desk);
		return r;
	}
	desk->rdp = freerdp_peer_new(desk->fd);
	if (desk->rdp != NULL)
		r = set_up(desk);
	else
		(void)close(desk->fd);
	if (r < 0) {
		desk_free(desk);
		return r;
	}
	*ret_desk = desk;
	return 0;
}

int
desk_begin(struct desk *desk, struct keyboard *keyboard, int *fd)
{
	auto_fd int taken = take_fd(fd);
	int flags = fcntl(taken, F_GETFL);

	if (flags < 0 || fcntl(taken, F_SETFL, flags | O_NONBLOCK) < 0 ||
		dup3(taken, desk->fd, O_CLOEXEC) < 0)
		return -errno;
	desk->keyboard = keyboard;
	return 0;
}

void
desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	if (desk->rdp != NULL) {
		freerdp_peer_context_free(desk->rdp);
		freerdp_peer_free(desk->rdp);
	}
	pictures_free(desk->pictures);
	free(desk);
}

/* Serving */

int
desk_fd(const struct desk *desk)
{
	return desk->fd;
}

short
desk_events(const struct desk *desk)
{
	return (short)(POLLIN | (desk->rdp->IsWriteBlocked(desk->rdp) ? POLLOUT : 0));
}

/* Of the rest of a turn: bytes that libfreerdp has read already, tiles that are drawn. */
static bool
has_more(const struct desk *desk)
{
	return desk->rdp->HasMoreToRead(desk->rdp) ||
	       (desk->more && !desk->rdp->IsWriteBlocked(desk->rdp));
}

int
desk_wait_ms(const struct desk *desk)
{
	if (has_more(desk))
		return 0;
	return desk->active ? desk->user->tick(desk->owner) : -1;
}

bool
desk_is_hidden(const struct desk *desk)
{
	return desk->suppressed;
}

int
desk_serve(struct desk *desk, short revents)
{
	freerdp_peer *rdp = desk->rdp;

	if ((revents & POLLOUT) != 0 && rdp->DrainOutputBuffer(rdp) < 0)
		return -ECONNRESET;
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 || rdp->HasMoreToRead(rdp)) {
		for (unsigned int i = 0; i == 0 || (i < READS_A_TURN && rdp->HasMoreToRead(rdp));
			i++)
			if (!rdp->CheckFileDescriptor(rdp))
				return desk->failed ? -EIO : -ECONNRESET;
	}
	return send_picture(desk);
}

int
desk_turn(struct running *running, struct desk *desk, int most_ms)
{
	struct pollfd waits[2] = {[1] = {.fd = -1}};
	int r;

	if (desk != NULL) {
		waits[1] = (struct pollfd){.fd = desk_fd(desk), .events = desk_events(desk)};
		most_ms = program_sooner(most_ms, desk_wait_ms(desk));
	}
	r = program_wait(running, waits, ARRAY_SIZE(waits), most_ms);
	if (r == 0)
		r = program_hear(running, waits[0].revents);
	if (r < 0 || desk == NULL)
		return r;
	r = desk_serve(desk, waits[1].revents);
	return r < 0 && r != -ECONNRESET ? program_fail(running, "the RDP server", r) : r;
}
