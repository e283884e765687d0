/* See viewer.h. */
#include "viewer.h"

#include "base/cleanup.h"

#include <stdlib.h>

#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/input.h>
#include <freerdp/primitives.h>
#include <freerdp/transport_io.h>
#include <winpr/synch.h>
#include <winpr/wlog.h>

struct viewer {
	freerdp *instance;
	int fd;
	unsigned int updates;
	pBitmapUpdate draw;
	struct viewer_setup setup;
};

struct viewer_context {
	rdpContext context;
	struct viewer *viewer;
};

static struct viewer *
viewer_of(rdpContext *context)
{
	return ((struct viewer_context *)context)->viewer;
}

static int
on_tcp_connect(
	rdpContext *context, rdpSettings *settings, const char *name, int port, DWORD timeout)
{
	(void)settings;
	(void)name;
	(void)port;
	(void)timeout;
	return take_fd(&viewer_of(context)->fd);
}

static BOOL
on_tls(rdpTransport *transport)
{
	(void)transport;
	return TRUE;
}

static BOOL
on_bitmap_update(rdpContext *context, const BITMAP_UPDATE *bitmap)
{
	struct viewer *viewer = viewer_of(context);

	viewer->updates++;
	return viewer->draw(context, bitmap);
}

static BOOL
on_begin_paint(rdpContext *context)
{
	(void)context;
	return TRUE;
}

static BOOL
on_post_connect(freerdp *instance)
{
	struct viewer *viewer = viewer_of(instance->context);
	rdpUpdate *update = instance->context->update;

	if (!gdi_init(instance, PIXEL_FORMAT_BGRX32))
		return FALSE;
	viewer->draw = update->BitmapUpdate;
	update->BitmapUpdate = on_bitmap_update;
	update->BeginPaint = on_begin_paint;
	update->EndPaint = on_begin_paint;
	return TRUE;
}

static bool
fill_settings(rdpSettings *settings, const struct viewer_setup *setup)
{
	return freerdp_settings_set_string(settings, FreeRDP_ServerHostname, "greeter") &&
	       freerdp_settings_set_string(settings, FreeRDP_Username, "user") &&
	       freerdp_settings_set_string(settings, FreeRDP_Password, "secret of Client Info") &&
	       freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, setup->width) &&
	       freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, setup->height) &&
	       freerdp_settings_set_uint32(settings, FreeRDP_ColorDepth, setup->depth) &&
	       freerdp_settings_set_uint32(
		       settings, FreeRDP_KeyboardLayout, setup->keyboard_layout) &&
	       (setup->scale_percent == 0 ||
		       freerdp_settings_set_uint32(
			       settings, FreeRDP_DesktopScaleFactor, setup->scale_percent)) &&
	       (setup->multifrag == 0 ||
		       freerdp_settings_set_uint32(
			       settings, FreeRDP_MultifragMaxRequestSize, setup->multifrag)) &&
	       freerdp_settings_set_bool(settings, FreeRDP_NlaSecurity, FALSE) &&
	       freerdp_settings_set_bool(settings, FreeRDP_RdpSecurity, FALSE) &&
	       freerdp_settings_set_bool(settings, FreeRDP_TlsSecurity, TRUE) &&
	       freerdp_settings_set_bool(settings, FreeRDP_SupportGraphicsPipeline, FALSE) &&
	       freerdp_settings_set_bool(
		       settings, FreeRDP_DrawAllowSkipAlpha, !setup->keep_alpha) &&
	       freerdp_settings_set_bool(settings, FreeRDP_UnicodeInput, TRUE) &&
	       freerdp_settings_set_bool(settings, FreeRDP_AutoLogonEnabled, TRUE) &&
	       freerdp_settings_set_bool(settings, FreeRDP_IgnoreCertificate, TRUE);
}

static bool
set_up(struct viewer *viewer)
{
	freerdp *instance = viewer->instance;
	rdpTransportIo io;

	instance->ContextSize = sizeof(struct viewer_context);
	instance->PostConnect = on_post_connect;
	if (!freerdp_context_new(instance))
		return false;
	((struct viewer_context *)instance->context)->viewer = viewer;
	io = *freerdp_get_io_callbacks(instance->context);
	io.TCPConnect = on_tcp_connect;
	io.TLSConnect = on_tls;
	return freerdp_set_io_callbacks(instance->context, &io) &&
	       fill_settings(instance->context->settings, &viewer->setup);
}

struct viewer *
viewer_new(const struct viewer_setup *setup, int fd)
{
	struct viewer *viewer = calloc(1, sizeof(*viewer));

	(void)WLog_SetLogLevel(
		WLog_GetRoot(), getenv("VIEWER_LOG") != NULL ? WLOG_DEBUG : WLOG_OFF);
	primitives_set_hints(PRIMITIVES_ONLY_CPU);
	if (viewer == NULL)
		return NULL;
	viewer->setup = *setup;
	viewer->fd = fd;
	viewer->instance = freerdp_new();
	if (viewer->instance != NULL && set_up(viewer) && freerdp_connect(viewer->instance))
		return viewer;
	viewer_free(viewer);
	return NULL;
}

void
viewer_free(struct viewer *viewer)
{
	if (viewer == NULL)
		return;
	if (viewer->instance != NULL) {
		if (viewer->instance->context != NULL) {
			(void)freerdp_disconnect(viewer->instance);
			gdi_free(viewer->instance);
			freerdp_context_free(viewer->instance);
		}
		freerdp_free(viewer->instance);
	}
	if (viewer->fd >= 0)
		(void)close(viewer->fd);
	free(viewer);
}

bool
viewer_serve(struct viewer *viewer, int wait_ms)
{
	rdpContext *context = viewer->instance->context;
	HANDLE handles[64];
	DWORD count = freerdp_get_event_handles(context, handles, ARRAY_SIZE(handles));

	if (count == 0)
		return false;
	if (WaitForMultipleObjects(count, handles, FALSE, (DWORD)wait_ms) == WAIT_TIMEOUT)
		return true;
	return freerdp_check_event_handles(context) && !freerdp_shall_disconnect_context(context);
}

const uint8_t *
viewer_pixels(const struct viewer *viewer, size_t *ret_stride)
{
	const rdpGdi *gdi = viewer->instance->context->gdi;

	*ret_stride = gdi->stride;
	return gdi->primary_buffer;
}

unsigned int
viewer_updates(const struct viewer *viewer)
{
	return viewer->updates;
}

void
viewer_key(struct viewer *viewer, uint32_t scancode, bool down)
{
	(void)freerdp_input_send_keyboard_event_ex(
		viewer->instance->context->input, down, FALSE, scancode);
}

void
viewer_character(struct viewer *viewer, uint16_t character)
{
	(void)freerdp_input_send_unicode_keyboard_event(
		viewer->instance->context->input, 0, character);
}

void
viewer_synchronize(struct viewer *viewer, uint32_t locks)
{
	(void)freerdp_input_send_synchronize_event(viewer->instance->context->input, locks);
}

void
viewer_mouse(struct viewer *viewer, uint16_t flags, uint16_t x, uint16_t y)
{
	(void)freerdp_input_send_mouse_event(viewer->instance->context->input, flags, x, y);
}

void
viewer_suppress(struct viewer *viewer, bool suppressed)
{
	rdpContext *context = viewer->instance->context;
	const RECTANGLE_16 all = {0, 0, (UINT16)viewer->setup.width, (UINT16)viewer->setup.height};

	(void)context->update->SuppressOutput(context, !suppressed, &all);
}

void
viewer_refresh(struct viewer *viewer)
{
	rdpContext *context = viewer->instance->context;
	const RECTANGLE_16 all = {0, 0, (UINT16)viewer->setup.width, (UINT16)viewer->setup.height};

	(void)context->update->RefreshRect(context, 1, &all);
}
