/* The host leg of a mediated session: libfreerdp's client. In sekisho-mediator; the bytes are the jump host's. It is fenced in here:
 * its one socket is the one that was given, its certificate is judged by host_certificate.c, and it has the credentials only once
 * that was the right one.
 */
#include "mediator/mediation_private.h"

#include "base/cleanup.h"
#include "mediator/certificates.h"
#include "rdp/mcs.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <freerdp/error.h>

#define TLS_LEAST 0x0303 /* 1.2 */
#define TPKT_VERSION 3
/* Of Set Error Info: ERRINFO_LICENSE_INTERNAL to ERRINFO_LICENSE_NO_REMOTE_CONNECTIONS. */
#define LICENSE_INTERNAL 0x100
#define LICENSE_LAST 0x10a

/* The only one, once. Whatever libfreerdp wants to connect to besides or again is refused. */
static int
on_tcp_connect(
	rdpContext *context, rdpSettings *settings, const char *host_name, int port, DWORD timeout)
{
	struct mediation *mediation = mediation_of(context);
	int fd;

	(void)settings;
	(void)host_name;
	(void)port;
	(void)timeout;
	(void)pthread_mutex_lock(&mediation->lock);
	fd = take_fd(&mediation->host_fd);
	(void)pthread_mutex_unlock(&mediation->lock);
	mediation->peeked_fd = fd;
	return fd;
}

/* libfreerdp takes the first byte of what is no RDP for a length, and waits for the rest. */
static bool
begins_like_rdp(const struct mediation *mediation)
{
	struct pollfd wait = {.fd = mediation->peeked_fd, .events = POLLIN};
	uint8_t first = 0;

	while (poll(&wait, 1, -1) < 0 && errno == EINTR)
		;
	return recv(mediation->peeked_fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) <= 0 ||
	       first == TPKT_VERSION;
}

/* libfreerdp keeps texts of its own; what can be overwritten is. */
static void
forget_credentials(rdpSettings *settings)
{
	static const FreeRDP_Settings_Keys_String keys[] = {
		FreeRDP_Password, FreeRDP_Username, FreeRDP_Domain};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *text = freerdp_settings_get_string_writable(settings, keys[i]);

		if (text != NULL)
			secret_wipe(text, strlen(text));
		(void)freerdp_settings_set_string(settings, keys[i], NULL);
	}
}

static bool
is_connecting(struct mediation *mediation)
{
	bool connecting;

	(void)pthread_mutex_lock(&mediation->lock);
	connecting = mediation->step == MEDIATION_CONNECTING;
	(void)pthread_mutex_unlock(&mediation->lock);
	return connecting;
}

/* A host that has closed the connection is told from one that broke, and both from one that libfreerdp does not want to listen to any
 * more: it does not keep the difference. */
static void
see_end(struct mediation *mediation)
{
	uint8_t next;
	ssize_t r = recv(mediation->peeked_fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);

	if (r == 0)
		mediation->host_closed = true;
	else if (r < 0 && errno != EAGAIN && errno != EINTR)
		mediation->host_broke = true;
}

/* Behind a PDU that did not come, after `got` bytes of it. While the desktop is not there, closed and broken are one. A host that ends
 * TLS has closed the connection, whether its socket follows or not. */
static void
see_failed_read(struct mediation *mediation, size_t got)
{
	see_end(mediation);
	if (is_connecting(mediation))
		return;
	if (got == 0)
		mediation->host_closed = true;
	else if (mediation->host_closed)
		mediation->host_broke = true;
}

/* In the thread of either leg: what the client types goes to the host from the worker's. */
static void
see_failed_write(struct mediation *mediation)
{
	if (mediation->peeked_fd < 0)
		return;
	see_end(mediation);
	if (!mediation->host_closed)
		mediation->host_broke = true;
}

/* libfreerdp goes itself, and may want to say so to a host that it has left: that fails, and is not the host's doing. */
static BOOL
on_disconnect(rdpTransport *transport)
{
	struct mediation *mediation = mediation_of(transport_get_context(transport));

	mediation->peeked_fd = -1;
	return mediation->host_io.TransportDisconnect(transport);
}

static int
on_write(rdpTransport *transport, wStream *s)
{
	struct mediation *mediation = mediation_of(transport_get_context(transport));
	int r = mediation->host_io.WritePdu(transport, s);

	if (r < 0)
		see_failed_write(mediation);
	return r;
}

static int
on_read(rdpTransport *transport, wStream *s)
{
	rdpContext *context = transport_get_context(transport);
	struct mediation *mediation = mediation_of(context);
	struct host_answers *answers = &mediation->answers;
	bool in_nla = answers->step != HOST_ANSWERS_MCS, was_active = answers->active;
	enum mediate_outcome outcome;
	int len;

	if (!notices_turn(mediation->notices))
		return -1;
	if (answers->step == HOST_ANSWERS_CONFIRM && !begins_like_rdp(mediation)) {
		mediation_tell(mediation, MEDIATE_NOT_RDP, 0, NULL);
		return -1;
	}
	see_end(mediation);
	len = mediation->host_io.ReadPdu(transport, s);
	if (len < 0)
		see_failed_read(mediation, Stream_GetPosition(s));
	if (len <= 0)
		return len;
	if (mcs_kind_of(Stream_Buffer(s), (size_t)len) == MCS_DISCONNECT_ULTIMATUM)
		mediation->host_said_end = true;
	outcome = host_answers_look(answers, Stream_Buffer(s), (size_t)len);
	if (outcome != MEDIATE_CONNECTED) {
		mediation_tell(mediation, outcome,
			outcome == MEDIATE_NO_LICENCE ? answers->status : 0, NULL);
		return -1;
	}
	/* libfreerdp would keep it in a file, and there is none. Up to here the device that asks for it has the client's name. */
	if (answers->licensed &&
		!freerdp_settings_set_bool(context->settings, FreeRDP_OldLicenseBehaviour, TRUE))
		return -1;
	if (answers->active && !was_active)
		mediation_host_is_active(mediation);
	/* NLA has logged on: Client Info needs to say nothing of who it was. */
	if (in_nla && answers->step == HOST_ANSWERS_MCS && answers->by_nla)
		forget_credentials(context->settings);
	return len;
}

struct flag {
	FreeRDP_Settings_Keys_Bool key;
	BOOL value;
};

/* The worker's client is not known by its capabilities yet, but for what its Connect-Initial says: the host is told what every client
 * can do. Graphics of the pipeline pass as they are, if it has said that it wants them. */
static bool
set_flags(rdpSettings *settings)
{
	static const struct flag flags[] = {
		{FreeRDP_AadSecurity, FALSE},
		{FreeRDP_AutoLogonEnabled, FALSE},
		{FreeRDP_BitmapCacheEnabled, FALSE},
		{FreeRDP_BitmapCachePersistEnabled, FALSE},
		{FreeRDP_CompressionEnabled, FALSE},
		{FreeRDP_DrawAllowColorSubsampling, FALSE},
		{FreeRDP_DrawAllowDynamicColorFidelity, FALSE},
		{FreeRDP_DrawAllowSkipAlpha, FALSE}, /* rdesktop reads no planar bitmap without */
		{FreeRDP_ExtSecurity, FALSE},
		{FreeRDP_ExternalCertificateManagement, TRUE},
		{FreeRDP_FastPathInput, TRUE},
		{FreeRDP_FastPathOutput, TRUE},
		{FreeRDP_FrameMarkerCommandEnabled, FALSE},
		{FreeRDP_GatewayEnabled, FALSE},
		{FreeRDP_IgnoreCertificate, FALSE},
		{FreeRDP_AutoAcceptCertificate, FALSE},
		{FreeRDP_JpegCodec, FALSE},
		{FreeRDP_NSCodec, FALSE},
		{FreeRDP_NetworkAutoDetect, TRUE},
		{FreeRDP_RdstlsSecurity, FALSE},
		{FreeRDP_RefreshRect, TRUE},
		{FreeRDP_RemoteFxCodec, FALSE},
		{FreeRDP_SupportMultitransport, FALSE},
		{FreeRDP_SuppressOutput, TRUE},
		{FreeRDP_SurfaceCommandsEnabled, FALSE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!freerdp_settings_set_bool(settings, flags[i].key, flags[i].value))
			return false;
	return true;
}

static bool
set_numbers(rdpSettings *settings)
{
	static const struct {
		FreeRDP_Settings_Keys_UInt32 key;
		UINT32 value;
	} numbers[] = {
		{FreeRDP_BrushSupportLevel, 0},
		{FreeRDP_LargePointerFlag, 0},
		{FreeRDP_OffscreenSupportLevel, 0},
		{FreeRDP_ProxyType, PROXY_TYPE_IGNORE},
		{FreeRDP_VCFlags, VCCAPS_NO_COMPR},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!freerdp_settings_set_uint32(settings, numbers[i].key, numbers[i].value))
			return false;
	return freerdp_settings_set_uint16(settings, FreeRDP_TLSMinVersion, TLS_LEAST);
}

/* Of this session's host, and its alone. */
static bool
set_cookie(rdpSettings *settings, struct msg_mediate_begin *begin)
{
	ARC_SC_PRIVATE_PACKET *cookie =
		freerdp_settings_get_pointer_writable(settings, FreeRDP_ServerAutoReconnectCookie);

	if (cookie == NULL)
		return false;
	memset(cookie, 0, sizeof(*cookie));
	if (begin->host_random_len == sizeof(cookie->arcRandomBits)) {
		cookie->cbLen = 28;
		cookie->version = AUTO_RECONNECT_VERSION_1;
		cookie->logonId = begin->host_logon_id;
		memcpy(cookie->arcRandomBits, begin->host_random, sizeof(cookie->arcRandomBits));
	}
	secret_wipe(begin->host_random, sizeof(begin->host_random));
	return true;
}

/* By default libfreerdp asks whoever sits at its terminal. */
static void
ask_nobody(freerdp *instance)
{
	instance->Authenticate = NULL;
	instance->AuthenticateEx = NULL;
	instance->GatewayAuthenticate = NULL;
	instance->ChooseSmartcard = NULL;
	instance->VerifyCertificateEx = NULL;
	instance->VerifyChangedCertificateEx = NULL;
	instance->PresentGatewayMessage = NULL;
	instance->GetAccessToken = NULL;
	instance->RetryDialog = NULL;
}

BOOL
host_leg_prepare(struct mediation *mediation, pClientContext *client)
{
	rdpContext *context = &client->context;
	rdpSettings *settings = context->settings;
	rdpTransportIo io;

	if (!freerdp_set_io_callback_context(context, mediation))
		return FALSE;
	mediation->host_io = *freerdp_get_io_callbacks(context);
	notices_on_host(mediation->notices, client);
	io = mediation->host_io;
	io.TCPConnect = on_tcp_connect;
	io.TransportDisconnect = on_disconnect;
	io.ReadPdu = on_read;
	io.WritePdu = on_write;
	forget_credentials(settings);
	ask_nobody(context->instance);
	return freerdp_set_io_callbacks(context, &io) && set_flags(settings) &&
	       set_numbers(settings) && set_cookie(settings, mediation->begin) &&
	       /* By Kerberos libkrb5 would look for a KDC by itself, over the network. */
	       freerdp_settings_set_string(
		       settings, FreeRDP_AuthenticationPackageList, "!kerberos,ntlm");
}

static bool
give_credentials(rdpSettings *settings, struct msg_mediate_begin *begin)
{
	bool given = begin->user[0] != '\0';
	bool done = !given ||
		    (freerdp_settings_set_string(settings, FreeRDP_Username, begin->user) &&
			    freerdp_settings_set_string(settings, FreeRDP_Domain, begin->domain) &&
			    freerdp_settings_set_string(
				    settings, FreeRDP_Password, (const char *)begin->password));

	secret_wipe(begin->password, sizeof(begin->password));
	return done;
}

/* During the handshake: nothing of the session has gone to the host. */
BOOL
host_leg_verify(struct mediation *mediation, pClientContext *client)
{
	struct msg_nla_certificate refused = {0};

	if (!certificates_are_trusted(mediation->trust, Stream_Buffer(client->remote_pem),
		    Stream_Length(client->remote_pem), &refused)) {
		mediation_tell_certificate(mediation, &refused);
		mediation_tell(mediation, MEDIATE_CERTIFICATE, 0, NULL);
		return FALSE;
	}
	return give_credentials(client->context.settings, mediation->begin);
}

void
host_leg_connected(struct mediation *mediation, pClientContext *client)
{
	struct msg_mediate_result *result = &mediation->news.result;

	forget_credentials(client->context.settings);
	(void)pthread_mutex_lock(&mediation->lock);
	if (mediation->ended == MEDIATE_CONNECTED) {
		*result = (struct msg_mediate_result){
			.outcome = MEDIATE_CONNECTED, .status = mediation->answers.by_nla ? 1 : 0};
		mediation->news.has_result = true;
	}
	(void)pthread_mutex_unlock(&mediation->lock);
}

/* Was it the host that went, or libfreerdp that would not go on with it? */
static enum mediate_outcome
who_ended(const struct mediation *mediation)
{
	return mediation->host_closed || mediation->host_broke || mediation->host_said_end
		       ? MEDIATE_REFUSED
		       : MEDIATE_BAD_PDU;
}

static enum mediate_outcome
outcome_of(const struct mediation *mediation, UINT32 error)
{
	const struct host_answers *answers = &mediation->answers;

	switch (answers->step) {
	case HOST_ANSWERS_CONFIRM:
		return MEDIATE_REFUSED;
	case HOST_ANSWERS_TLS:
		if (answers->status != 0)
			return MEDIATE_LOGON_REFUSED;
		if (error == FREERDP_ERROR_TLS_CONNECT_FAILED)
			return MEDIATE_TLS_FAILED;
		if (!answers->by_nla)
			return who_ended(mediation);
		return error == FREERDP_ERROR_CONNECT_TRANSPORT_FAILED ? MEDIATE_LOGON_CLOSED
								       : MEDIATE_LOGON_FAULT;
	default:
		return who_ended(mediation);
	}
}

/* Its own word for it (2.2.5.1.1). */
static void
tell_said(struct mediation *mediation, uint32_t error_info)
{
	bool licence = error_info >= LICENSE_INTERNAL && error_info <= LICENSE_LAST;

	mediation_tell(mediation, licence ? MEDIATE_NO_LICENCE : MEDIATE_REFUSED, error_info,
		freerdp_get_error_info_name(error_info));
}

/* For an administrator who reads it beside FreeRDP's own logs. */
void
host_leg_failed(struct mediation *mediation, pClientContext *client)
{
	const struct host_answers *answers = &mediation->answers;
	UINT32 error = freerdp_get_last_error(&client->context);
	enum mediate_outcome outcome = outcome_of(mediation, error);
	const char *name = error == FREERDP_ERROR_SUCCESS ? "" : freerdp_get_last_error_name(error);

	forget_credentials(client->context.settings);
	if (answers->error_info != 0)
		tell_said(mediation, answers->error_info);
	mediation_tell(mediation, outcome,
		outcome == MEDIATE_LOGON_REFUSED ? answers->status : error,
		mediate_text(outcome)[0] != '\0' ? NULL : name);
}

static enum mediate_outcome
who_left(const struct mediation *mediation)
{
	if (mediation->host_broke)
		return MEDIATE_HOST_LOST;
	return mediation->host_closed ? MEDIATE_HOST_GONE : MEDIATE_BAD_PDU;
}

/* Before the library ends the worker leg for it, if that has not ended first. */
void
host_leg_ended(struct mediation *mediation)
{
	bool gone;

	(void)pthread_mutex_lock(&mediation->lock);
	gone = mediation->step == MEDIATION_READY && !mediation->host_said_end;
	mediation->mute = mediation->mute || gone;
	(void)pthread_mutex_unlock(&mediation->lock);
	if (gone)
		mediation_tell(mediation, who_left(mediation), 0, NULL);
}
