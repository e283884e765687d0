/* See decoder.h. */
#include "playback/decoder.h"

#include "base/cleanup.h"
#include "playback/host_side.h"
#include "rdp/pdu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <freerdp/addin.h>
#include <freerdp/channels/channels.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/rdpgfx.h>
#include <freerdp/client/channels.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/client/rdpgfx.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/gdi/gfx.h>
#include <freerdp/primitives.h>
#include <freerdp/transport_io.h>
#include <winpr/wlog.h>

/* Once in the life of the process: /dev/null. libfreerdp waits until it can be read, and then has the PDUs from on_read. */
static int always_ready = -1;

struct decoder {
	freerdp *client;
	decoder_source *source;
	void *owner;
	int place; /* what libfreerdp takes for its socket */

	uint8_t answers[HOST_SIDE_ANSWERS_MOST];
	size_t answers_len, answered;
	bool connected, failed;
	bool has_channel;

	bool drawn, changed;
	struct picture_rectangle change;
};

struct decoder_context {
	rdpContext context; /* first: FreeRDP's */
	struct decoder *decoder;
};

static struct decoder *
decoder_of(const rdpContext *context)
{
	return ((const struct decoder_context *)context)->decoder;
}

/* The network that is none */

static bool
next_pdu(struct decoder *decoder, const uint8_t **ret_pdu, size_t *ret_len)
{
	struct frame frame;

	if (decoder->answered == decoder->answers_len)
		return decoder->source(decoder->owner, ret_pdu, ret_len);
	*ret_pdu = decoder->answers + decoder->answered;
	if (frame_parse(*ret_pdu, decoder->answers_len - decoder->answered, &frame) != PARSE_OK)
		return false;
	*ret_len = frame.len;
	decoder->answered += frame.len;
	return true;
}

/* While it connects, nothing more means that it never will. */
static int
on_read(rdpTransport *transport, wStream *stream)
{
	struct decoder *decoder = decoder_of(transport_get_context(transport));
	const uint8_t *pdu;
	size_t len;

	if (!next_pdu(decoder, &pdu, &len))
		return decoder->connected ? 0 : -1;
	Stream_SetPosition(stream, 0);
	if (!Stream_EnsureCapacity(stream, len))
		return -1;
	Stream_Write(stream, pdu, len);
	Stream_SealLength(stream);
	Stream_SetPosition(stream, 0);
	return (int)len;
}

static int
on_write(rdpTransport *transport, wStream *stream)
{
	(void)transport;
	return (int)Stream_GetPosition(stream);
}

static BOOL
on_secure(rdpTransport *transport)
{
	(void)transport;
	return TRUE;
}

static int
on_dial(rdpContext *context, rdpSettings *settings, const char *host, int port, DWORD timeout)
{
	struct decoder *decoder = decoder_of(context);

	(void)settings;
	(void)host;
	(void)port;
	(void)timeout;
	return take_fd(&decoder->place);
}

/* Drawing */

static BOOL
on_begin_paint(rdpContext *context)
{
	HGDI_WND window = context->gdi->primary->hdc->hwnd;

	window->invalid->null = TRUE;
	window->ninvalid = 0;
	return TRUE;
}

static int32_t
within(int32_t value, int32_t most)
{
	return value < 0 ? 0 : value > most ? most : value;
}

static void
add_change(struct decoder *decoder, int32_t x, int32_t y, int32_t width, int32_t height)
{
	const rdpGdi *gdi = decoder->client->context->gdi;
	struct picture_rectangle *change = &decoder->change;
	int32_t right = within(x + width, gdi->width), below = within(y + height, gdi->height);

	x = within(x, gdi->width);
	y = within(y, gdi->height);
	if (right <= x || below <= y)
		return;
	if (decoder->changed) {
		int32_t old_right = change->x + change->width,
			old_below = change->y + change->height;

		x = x < change->x ? x : change->x;
		y = y < change->y ? y : change->y;
		right = right > old_right ? right : old_right;
		below = below > old_below ? below : old_below;
	}
	*change = (struct picture_rectangle){
		(uint16_t)x, (uint16_t)y, (uint16_t)(right - x), (uint16_t)(below - y)};
	decoder->changed = decoder->drawn = true;
}

static BOOL
on_end_paint(rdpContext *context)
{
	HGDI_WND window = context->gdi->primary->hdc->hwnd;

	if (!window->invalid->null)
		add_change(decoder_of(context), window->invalid->x, window->invalid->y,
			window->invalid->w, window->invalid->h);
	window->invalid->null = TRUE;
	window->ninvalid = 0;
	return TRUE;
}

static BOOL
on_resize(rdpContext *context)
{
	const rdpSettings *settings = context->settings;
	struct decoder *decoder = decoder_of(context);

	if (!gdi_resize(context->gdi, freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth),
		    freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight)))
		return FALSE;
	decoder->changed = false;
	add_change(decoder, 0, 0, context->gdi->width, context->gdi->height);
	return TRUE;
}

/* Channels */

static void
on_channel(void *context, const ChannelConnectedEventArgs *event)
{
	const rdpContext *rdp = context;

	if (strcmp(event->name, RDPGFX_DVC_CHANNEL_NAME) == 0)
		(void)gdi_graphics_pipeline_init(rdp->gdi, event->pInterface);
}

static void
on_channel_gone(void *context, const ChannelDisconnectedEventArgs *event)
{
	const rdpContext *rdp = context;

	if (strcmp(event->name, RDPGFX_DVC_CHANNEL_NAME) == 0)
		gdi_graphics_pipeline_uninit(rdp->gdi, event->pInterface);
}

static BOOL
on_load_channels(freerdp *client)
{
	static const char *const graphics[] = {RDPGFX_CHANNEL_NAME};
	rdpContext *context = client->context;
	rdpSettings *settings = context->settings;
	PVIRTUALCHANNELENTRY entry;

	if (!decoder_of(context)->has_channel)
		return TRUE;
	if (!freerdp_client_add_dynamic_channel(settings, ARRAY_SIZE(graphics), graphics))
		return FALSE;
	entry = freerdp_load_channel_addin_entry(HOST_SIDE_CHANNEL, NULL, NULL,
		FREERDP_ADDIN_CHANNEL_STATIC | FREERDP_ADDIN_CHANNEL_ENTRYEX);
	return entry != NULL && freerdp_channels_client_load_ex(context->channels, settings,
					(PVIRTUALCHANNELENTRYEX)(uintptr_t)entry, settings) == 0;
}

static BOOL
on_pre_connect(freerdp *client)
{
	rdpContext *context = client->context;

	return PubSub_SubscribeChannelConnected(context->pubSub, on_channel) >= 0 &&
	       PubSub_SubscribeChannelDisconnected(context->pubSub, on_channel_gone) >= 0;
}

static BOOL
on_post_connect(freerdp *client)
{
	rdpUpdate *update = client->context->update;

	if (!gdi_init(client, PIXEL_FORMAT_BGRX32))
		return FALSE;
	update->BeginPaint = on_begin_paint;
	update->EndPaint = on_end_paint;
	update->DesktopResize = on_resize;
	return TRUE;
}

static void
on_post_disconnect(freerdp *client)
{
	gdi_free(client);
}

/* Settings */

static bool
set_flags(rdpSettings *settings)
{
	static const struct {
		FreeRDP_Settings_Keys_Bool key;
		BOOL value;
	} flags[] = {
		{FreeRDP_RdpSecurity, FALSE},
		{FreeRDP_NlaSecurity, FALSE},
		{FreeRDP_ExtSecurity, FALSE},
		{FreeRDP_TlsSecurity, TRUE},
		{FreeRDP_NegotiateSecurityLayer, FALSE},
		{FreeRDP_IgnoreCertificate, TRUE},
		{FreeRDP_SynchronousDynamicChannels, TRUE},
		{FreeRDP_SynchronousStaticChannels, TRUE},
		{FreeRDP_AutoReconnectionEnabled, FALSE},
		{FreeRDP_NetworkAutoDetect, FALSE},
		{FreeRDP_SupportHeartbeatPdu, FALSE},
		{FreeRDP_SupportMultitransport, FALSE},
		{FreeRDP_AsyncUpdate, FALSE},
		{FreeRDP_SoftwareGdi, TRUE},
		/* Whatever the recorded client said that it can, this one must. */
		{FreeRDP_AllowUnanouncedOrdersFromServer, TRUE},
		{FreeRDP_CompressionEnabled, TRUE},
		{FreeRDP_FastPathOutput, TRUE},
		{FreeRDP_SurfaceCommandsEnabled, TRUE},
		{FreeRDP_FrameMarkerCommandEnabled, TRUE},
		{FreeRDP_RemoteFxCodec, TRUE},
		{FreeRDP_NSCodec, TRUE},
		{FreeRDP_BitmapCacheEnabled, TRUE},
		{FreeRDP_GfxProgressive, TRUE},
		{FreeRDP_GfxProgressiveV2, TRUE},
		{FreeRDP_GfxH264, TRUE},
		{FreeRDP_GfxAVC444, TRUE},
		{FreeRDP_GfxAVC444v2, TRUE},
		{FreeRDP_GfxThinClient, FALSE},
		{FreeRDP_GfxSmallCache, FALSE},
		{FreeRDP_DesktopResize, TRUE},
		{FreeRDP_DynamicResolutionUpdate, FALSE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!freerdp_settings_set_bool(settings, flags[i].key, flags[i].value))
			return false;
	return true;
}

static bool
set_numbers(rdpSettings *settings, const struct recording_segment *segment)
{
	const struct {
		FreeRDP_Settings_Keys_UInt32 key;
		uint32_t value;
	} numbers[] = {
		{FreeRDP_DesktopWidth, segment->width},
		{FreeRDP_DesktopHeight, segment->height},
		{FreeRDP_ColorDepth, segment->bits_per_pixel},
		/* No thread is started for a codec. */
		{FreeRDP_ThreadingFlags, THREADING_FLAGS_DISABLE_THREADS},
		{FreeRDP_LargePointerFlag, LARGE_POINTER_FLAG_96x96 | LARGE_POINTER_FLAG_384x384},
		{FreeRDP_MultifragMaxRequestSize, 0x1000000},
		{FreeRDP_GlyphSupportLevel, GLYPH_SUPPORT_FULL},
		{FreeRDP_OffscreenSupportLevel, TRUE},
		{FreeRDP_PointerCacheSize, 384},
		{FreeRDP_ColorPointerCacheSize, 384},
		{FreeRDP_TcpAckTimeout, 2000},
		{FreeRDP_TcpConnectTimeout, 2000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!freerdp_settings_set_uint32(settings, numbers[i].key, numbers[i].value))
			return false;
	return freerdp_settings_set_string(settings, FreeRDP_ServerHostname, "recording") &&
	       freerdp_settings_set_string(settings, FreeRDP_Username, "recording");
}

static bool
set_channel(rdpSettings *settings, bool has_channel)
{
	return freerdp_settings_set_bool(settings, FreeRDP_SupportGraphicsPipeline, has_channel) &&
	       freerdp_settings_set_bool(settings, FreeRDP_SupportDynamicChannels, has_channel);
}

static bool
set_io(rdpContext *context)
{
	rdpTransportIo io = *freerdp_get_io_callbacks(context);

	io.TCPConnect = on_dial;
	io.TLSConnect = on_secure;
	io.ReadPdu = on_read;
	io.WritePdu = on_write;
	return freerdp_set_io_callbacks(context, &io);
}

/* Life */

static int
set_up(struct decoder *decoder, const struct recording_segment *segment)
{
	freerdp *client = decoder->client = freerdp_new();
	rdpSettings *settings;

	if (client == NULL)
		return -ENOMEM;
	client->ContextSize = sizeof(struct decoder_context);
	client->PreConnect = on_pre_connect;
	client->LoadChannels = on_load_channels;
	client->PostConnect = on_post_connect;
	client->PostDisconnect = on_post_disconnect;
	if (!freerdp_context_new(client))
		return -ENOMEM;
	((struct decoder_context *)client->context)->decoder = decoder;
	settings = client->context->settings;
	return set_flags(settings) && set_numbers(settings, segment) &&
			       set_channel(settings, decoder->has_channel) &&
			       set_io(client->context)
		       ? 0
		       : -ENOMEM;
}

int
decoder_new(const struct recording_segment *segment, decoder_source *source, void *owner,
	struct decoder **ret_decoder)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	struct bytes_writer writer;
	int r;

	if (decoder == NULL)
		return -ENOMEM;
	decoder->source = source;
	decoder->owner = owner;
	decoder->has_channel = host_side_channel(segment) != NULL;
	bytes_writer_init(&writer, decoder->answers, sizeof(decoder->answers));
	host_side_answer(segment, &writer);
	decoder->answers_len = writer.len;
	decoder->place = fcntl(always_ready, F_DUPFD_CLOEXEC, 0);
	r = writer.failed        ? -EBADMSG
	    : decoder->place < 0 ? decoder->place
				 : set_up(decoder, segment);
	if (r == 0 && !freerdp_connect(decoder->client))
		r = -EBADMSG;
	decoder->connected = r == 0;
	if (r < 0)
		decoder_free(decoder);
	else
		*ret_decoder = decoder;
	return r;
}

void
decoder_free(struct decoder *decoder)
{
	if (decoder == NULL)
		return;
	if (decoder->client != NULL) {
		if (decoder->connected)
			(void)freerdp_disconnect(decoder->client);
		freerdp_context_free(decoder->client);
		freerdp_free(decoder->client);
	}
	if (decoder->place >= 0)
		(void)close(decoder->place);
	free(decoder);
}

int
decoder_work(struct decoder *decoder)
{
	if (!decoder->failed && !freerdp_check_event_handles(decoder->client->context))
		decoder->failed = true;
	return decoder->failed ? -EBADMSG : 0;
}

bool
decoder_look(const struct decoder *decoder, struct decoder_picture *ret_picture)
{
	const rdpGdi *gdi = decoder->client->context->gdi;

	if (gdi == NULL || gdi->primary_buffer == NULL || !decoder->drawn)
		return false;
	*ret_picture = (struct decoder_picture){
		gdi->primary_buffer, gdi->stride, (uint16_t)gdi->width, (uint16_t)gdi->height};
	return true;
}

bool
decoder_take_change(struct decoder *decoder, struct picture_rectangle *ret_rectangle)
{
	if (!decoder->changed)
		return false;
	decoder->changed = false;
	*ret_rectangle = decoder->change;
	return true;
}

/* Warming up */

/* A desktop that says nothing: the channels' code is found, the codecs' libraries are there, and what libfreerdp looks for in files
 * it has looked for. */
int
decoder_warm_up(void)
{
	freerdp *client;
	bool ok;

	/* It wants to know where its user's settings are. There is no user, and there are none. */
	if (setenv("HOME", "/nonexistent", 1) < 0)
		return -errno;
	/* Its lines would hold what hosts say. */
	if (!WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF))
		return -ENOMEM;
	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	if (primitives_get() == NULL ||
		freerdp_register_addin_provider(freerdp_channels_load_static_addin_entry, 0) != 0)
		return -ENOMEM;
	if (always_ready < 0)
		always_ready = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (always_ready < 0)
		return -errno;
	client = freerdp_new();
	if (client == NULL)
		return -ENOMEM;
	ok = freerdp_context_new(client);
	if (ok)
		freerdp_context_free(client);
	freerdp_free(client);
	return ok ? 0 : -ENOMEM;
}
