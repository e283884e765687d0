/* libfreerdp's peer as the greeter uses it; see peer.h. In the greeter, sandboxed; every byte that is read here comes from a client
 * that has shown nothing yet, through FreeRDP's parsers.
 */
#include "greeter/peer.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "greeter/keyboard.h"
#include "greeter/screen.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <freerdp/codec/interleaved.h>
#include <freerdp/codec/planar.h>
#include <freerdp/crypto/certificate.h>
#include <freerdp/crypto/privatekey.h>
#include <freerdp/freerdp.h>
#include <freerdp/peer.h>
#include <freerdp/primitives.h>
#include <freerdp/transport_io.h>

#define TILE 64
#define TILE_ROW (TILE * 4)
#define UPDATE_BYTES 14000 /* of pictures in one PDU: below what a client may have to reassemble */
#define UPDATE_TILES 32
#define TILES_A_TURN 256
#define READS_A_TURN 32
#define FALLBACK_WIDTH 1024
#define FALLBACK_HEIGHT 768

struct peer {
	freerdp_peer *rdp;
	struct screen *screen; /* NULL before Activate has told the size */
	struct keyboard *keyboard;
	struct peer_setup setup;
	char facility[257];
	char language[9];
	int fd;
	bool active;     /* pictures may be sent */
	bool suppressed; /* the client's window is not seen */
	bool failed;
	uint32_t shown; /* serial of the last SHOW that was sent whole */
	uint32_t buttons;
	uint16_t half;         /* first of two UTF-16 units */
	struct msg_show *show; /* what is to be shown once there is a screen */
	struct msg_choice *choices;
	size_t choice_count;
	BITMAP_PLANAR_CONTEXT *planar;
	BITMAP_INTERLEAVED_CONTEXT *interleaved;
	uint8_t tile[TILE * TILE_ROW];
};

struct peer_context {
	rdpContext context; /* first: FreeRDP's */
	struct peer *peer;
};

static struct peer *
peer_of(const rdpContext *context)
{
	return ((const struct peer_context *)context)->peer;
}

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

static uint16_t
size_between(uint32_t size, uint16_t otherwise)
{
	return size >= 200 && size <= 8192 ? (uint16_t)size : otherwise;
}

/* The size stays what the Connect-Initial said: some clients cannot change it when they go over to the jump host. */
static int
make_screen(struct peer *peer)
{
	const rdpSettings *settings = peer->rdp->context->settings;
	uint32_t scale = freerdp_settings_get_uint32(settings, FreeRDP_DesktopScaleFactor);
	const struct screen_setup setup = {
		.width = size_between(freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth),
			FALLBACK_WIDTH),
		.height = size_between(freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight),
			FALLBACK_HEIGHT),
		.scale_percent = scale >= 100 && scale <= 500 ? (uint16_t)scale : 100,
		.facility = peer->facility,
		.language = peer->language,
		.now_ms = peer->setup.now_ms,
		.answered = screen_answered,
		.owner = peer,
	};
	int r = screen_new(&setup, &peer->screen);

	return r < 0 ? r : apply_show(peer);
}

/* Pictures */

/* The tile's pixels in rows of TILE, its last column repeated up to a multiple of four. */
static uint32_t
copy_tile(struct peer *peer, const struct screen_rectangle *tile)
{
	uint32_t width = (tile->width + 3u) & ~3u;
	size_t stride;
	const uint8_t *pixels = screen_pixels(peer->screen, &stride);

	for (uint32_t row = 0; row < tile->height; row++) {
		uint8_t *to = peer->tile + (size_t)row * TILE_ROW;

		memcpy(to, pixels + (tile->y + row) * stride + tile->x * 4u, tile->width * 4u);
		for (uint32_t column = tile->width; column < width; column++)
			memcpy(to + column * 4u, to + (tile->width - 1u) * 4u, 4);
	}
	return width;
}

static bool
compress_tile(
	struct peer *peer, uint32_t width, uint32_t height, uint32_t bits, BITMAP_DATA *bitmap)
{
	uint32_t size = TILE * TILE * 4;

	if (bits == 32) {
		free(bitmap->bitmapDataStream);
		bitmap->bitmapDataStream = freerdp_bitmap_compress_planar(peer->planar, peer->tile,
			PIXEL_FORMAT_BGRX32, width, height, TILE_ROW, NULL, &size);
	} else if (!interleaved_compress(peer->interleaved, bitmap->bitmapDataStream, &size, width,
			   height, peer->tile, PIXEL_FORMAT_BGRX32, TILE_ROW, 0, 0, NULL, bits)) {
		return false;
	}
	bitmap->bitmapLength = size;
	return bitmap->bitmapDataStream != NULL;
}

static bool
fill_bitmap(
	struct peer *peer, const struct screen_rectangle *tile, uint32_t bits, BITMAP_DATA *bitmap)
{
	uint32_t width = copy_tile(peer, tile);

	bitmap->destLeft = tile->x;
	bitmap->destTop = tile->y;
	bitmap->destRight = tile->x + tile->width - 1u;
	bitmap->destBottom = tile->y + tile->height - 1u;
	bitmap->width = width;
	bitmap->height = tile->height;
	bitmap->bitsPerPixel = bits;
	bitmap->compressed = TRUE;
	if (!compress_tile(peer, width, tile->height, bits, bitmap))
		return false;
	bitmap->cbScanWidth = width * (bits + 7) / 8;
	bitmap->cbUncompressedSize = width * tile->height * (bits + 7) / 8;
	bitmap->cbCompFirstRowSize = 0;
	bitmap->cbCompMainBodySize = bitmap->bitmapLength;
	return true;
}

static bool
send_bitmaps(struct peer *peer, BITMAP_DATA *bitmaps, uint32_t count)
{
	rdpUpdate *update = peer->rdp->context->update;
	const BITMAP_UPDATE bitmap_update = {
		.number = count, .rectangles = bitmaps, .skipCompression = TRUE};

	return count == 0 || update->BitmapUpdate(peer->rdp->context, &bitmap_update);
}

static bool
send_tiles(struct peer *peer, const struct screen_rectangle *tiles, size_t count)
{
	uint32_t bits =
		freerdp_settings_get_uint32(peer->rdp->context->settings, FreeRDP_ColorDepth);
	BITMAP_DATA bitmaps[UPDATE_TILES] = {0};
	uint32_t filled = 0, bytes = 0;
	bool ok = true;

	if (bits != 32)
		for (size_t i = 0; i < UPDATE_TILES; i++)
			bitmaps[i].bitmapDataStream = malloc(TILE * TILE * 4);
	for (size_t i = 0; i < count && ok; i++) {
		ok = (bits == 32 || bitmaps[filled].bitmapDataStream != NULL) &&
		     fill_bitmap(peer, &tiles[i], bits, &bitmaps[filled]);
		bytes += ok ? bitmaps[filled].bitmapLength : 0;
		filled += ok;
		if (ok && (filled == UPDATE_TILES || bytes > UPDATE_BYTES)) {
			ok = send_bitmaps(peer, bitmaps, filled);
			filled = bytes = 0;
		}
	}
	ok = ok && send_bitmaps(peer, bitmaps, filled);
	for (size_t i = 0; i < UPDATE_TILES; i++)
		free(bitmaps[i].bitmapDataStream);
	return ok;
}

/* What has changed, as long as the socket takes it. */
static int
send_picture(struct peer *peer)
{
	struct screen_rectangle tiles[TILES_A_TURN];
	size_t count;

	if (!peer->active || peer->suppressed || peer->screen == NULL)
		return 0;
	while (!peer->rdp->IsWriteBlocked(peer->rdp)) {
		count = screen_draw(peer->screen, tiles, TILES_A_TURN);
		if (count == 0) {
			uint32_t serial = screen_serial(peer->screen);

			if (serial != peer->shown)
				peer->setup.shown(peer->setup.owner, serial);
			peer->shown = serial;
			return 0;
		}
		if (!send_tiles(peer, tiles, count))
			return -EPIPE;
	}
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

static BOOL
on_post_connect(freerdp_peer *rdp)
{
	(void)rdp;
	return TRUE;
}

static BOOL
on_activate(freerdp_peer *rdp)
{
	struct peer *peer = peer_of(rdp->context);

	if (peer->screen == NULL && make_screen(peer) < 0)
		peer->failed = true;
	if (peer->screen != NULL)
		screen_redraw(peer->screen);
	peer->active = !peer->failed;
	return !peer->failed;
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
on_keyboard(rdpInput *input, UINT16 flags, UINT8 code)
{
	struct peer *peer = peer_of(input->context);
	struct key_press press;

	if (peer->screen == NULL)
		return TRUE;
	if (keyboard_scancode(peer->keyboard, code, (flags & KBD_FLAGS_EXTENDED) != 0,
		    (flags & KBD_FLAGS_RELEASE) == 0, &press))
		screen_key(peer->screen, press.keysym, press.character, press.modifiers);
	return TRUE;
}

static size_t
write_utf8(uint32_t character, char *text)
{
	size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

	for (size_t i = len; i-- > 0; character >>= 6)
		text[i] = (char)(i > 0 ? 0x80 | (character & 0x3f) : first[len] | character);
	text[len] = '\0';
	return len;
}

/* UTF-16 units, one event each. */
static BOOL
on_unicode(rdpInput *input, UINT16 flags, UINT16 code)
{
	struct peer *peer = peer_of(input->context);
	uint32_t character = code;
	char text[5];

	if (peer->screen == NULL || (flags & KBD_FLAGS_RELEASE) != 0)
		return TRUE;
	if ((code & 0xfc00) == 0xd800) {
		peer->half = code;
		return TRUE;
	}
	if ((code & 0xfc00) == 0xdc00) {
		if (peer->half == 0)
			return TRUE;
		character = 0x10000u + ((peer->half & 0x3ffu) << 10) + (code & 0x3ffu);
	}
	peer->half = 0;
	(void)write_utf8(character, text);
	screen_text(peer->screen, text);
	return TRUE;
}

static BOOL
on_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	static const struct {
		uint16_t flag;
		uint32_t button;
	} buttons[] = {
		{PTR_FLAGS_BUTTON1, SCREEN_BUTTON_LEFT}, {PTR_FLAGS_BUTTON2, SCREEN_BUTTON_RIGHT}};
	struct peer *peer = peer_of(input->context);
	int wheel = 0;

	if (peer->screen == NULL)
		return TRUE;
	for (size_t i = 0; i < ARRAY_SIZE(buttons); i++) {
		if ((flags & buttons[i].flag) == 0 || (flags & PTR_FLAGS_WHEEL) != 0)
			continue;
		if ((flags & PTR_FLAGS_DOWN) != 0)
			peer->buttons |= buttons[i].button;
		else
			peer->buttons &= ~buttons[i].button;
	}
	if ((flags & PTR_FLAGS_WHEEL) != 0)
		wheel = (flags & PTR_FLAGS_WHEEL_NEGATIVE) != 0 ? -1 : 1;
	screen_pointer(peer->screen, x, y, peer->buttons, wheel);
	return TRUE;
}

static BOOL
on_extended_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	(void)input;
	(void)flags;
	(void)x;
	(void)y;
	return TRUE; /* buttons that mean nothing here */
}

static BOOL
on_synchronize(rdpInput *input, UINT32 flags)
{
	struct peer *peer = peer_of(input->context);
	uint32_t modifiers = keyboard_synchronize(peer->keyboard, (flags & KBD_SYNC_CAPS_LOCK) != 0,
		(flags & KBD_SYNC_NUM_LOCK) != 0);

	if (peer->screen != NULL)
		screen_modifiers(peer->screen, modifiers);
	return TRUE;
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

	(void)area;
	peer->suppressed = allow == 0;
	return on_refresh(context, 0, NULL);
}

/* Beginning and end */

int
peer_warm_up(void)
{
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
	rdpInput *input = rdp->context->input;
	rdpUpdate *update = rdp->context->update;

	rdp->Capabilities = on_capabilities;
	rdp->PostConnect = on_post_connect;
	rdp->Activate = on_activate;
	rdp->Logon = on_logon;
	input->SynchronizeEvent = on_synchronize;
	input->KeyboardEvent = on_keyboard;
	input->UnicodeKeyboardEvent = on_unicode;
	input->MouseEvent = on_mouse;
	input->ExtendedMouseEvent = on_extended_mouse;
	update->RefreshRect = on_refresh;
	update->SuppressOutput = on_suppress;
}

bool
peer_callbacks_are_set(const struct peer *peer)
{
	const freerdp_peer *rdp = peer->rdp;
	const rdpInput *input = rdp->context->input;
	const rdpUpdate *update = rdp->context->update;
	const rdpTransportIo *io = freerdp_get_io_callbacks(rdp->context);

	return rdp->Capabilities == on_capabilities && rdp->PostConnect == on_post_connect &&
	       rdp->Activate == on_activate && rdp->Logon == on_logon &&
	       input->SynchronizeEvent == on_synchronize && input->KeyboardEvent == on_keyboard &&
	       input->UnicodeKeyboardEvent == on_unicode && input->MouseEvent == on_mouse &&
	       input->ExtendedMouseEvent == on_extended_mouse &&
	       update->RefreshRect == on_refresh && update->SuppressOutput == on_suppress &&
	       io != NULL && io->TLSAccept == on_tls_accept;
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

int
peer_new(const struct peer_setup *setup, int *fd, struct peer **ret_peer)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int r = -ENOMEM;

	if (peer == NULL)
		return -ENOMEM;
	peer->setup = *setup;
	peer->keyboard = setup->keyboard;
	peer->fd = *fd;
	snprintf(peer->facility, sizeof(peer->facility), "%s", setup->facility);
	snprintf(peer->language, sizeof(peer->language), "%s", setup->language);
	peer->planar = freerdp_bitmap_planar_context_new(
		PLANAR_FORMAT_HEADER_NA | PLANAR_FORMAT_HEADER_RLE, TILE, TILE);
	peer->interleaved = bitmap_interleaved_context_new(TRUE);
	peer->rdp = freerdp_peer_new(*fd);
	if (peer->planar != NULL && peer->interleaved != NULL && peer->rdp != NULL)
		r = set_up(peer);
	if (r < 0) {
		peer_free(peer);
		return r;
	}
	*fd = -1; /* libfreerdp's now */
	*ret_peer = peer;
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
	keyboard_free(peer->keyboard);
	freerdp_bitmap_planar_context_free(peer->planar);
	bitmap_interleaved_context_free(peer->interleaved);
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

int
peer_wait_ms(const struct peer *peer)
{
	return peer->active && peer->screen != NULL ? screen_tick(peer->screen) : -1;
}

int
peer_serve(struct peer *peer, short revents)
{
	freerdp_peer *rdp = peer->rdp;

	if ((revents & POLLOUT) != 0 && rdp->DrainOutputBuffer(rdp) < 0)
		return -ECONNRESET;
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
		for (unsigned int i = 0; i == 0 || (i < READS_A_TURN && rdp->HasMoreToRead(rdp));
			i++)
			if (!rdp->CheckFileDescriptor(rdp))
				return -ECONNRESET;
	}
	if (peer->failed)
		return -EIO;
	return send_picture(peer);
}
