/* The .rdp file of a ticket; see rdp_file.h. Names of the properties: "Supported RDP properties" of
 * Microsoft's Remote Desktop documentation. */
#include "supervisor/rdp_file.h"

#include "base/cleanup.h"
#include "policy/rights.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The same for every ticket. */
static const char *const fixed_lines[] = {
	/* The ticket is all there is to show: a client that asks first, asks for nothing. */
	"enablecredsspsupport:i:0",
	"prompt for credentials:i:0",
	"promptcredentialonce:i:0",
	"prompt for credentials on client:i:0",
	/* Warn when the gateway's certificate is not trusted, and let the user decide. */
	"authentication level:i:2",
	"negotiate security layer:i:1",
	/* A redirected client comes back to the gateway's own address. */
	"use redirection server name:i:1",
	"gatewayusagemethod:i:0",
	"remoteapplicationmode:i:0",
	"alternate shell:s:",
	"shell working directory:s:",
	"screen mode id:i:2",
	"session bpp:i:32",
	/* Not smart sizing too: xfreerdp takes one of them only, and scaled text is hard to read. */
	"dynamic resolution:i:1",
	"compression:i:1",
	"autoreconnection enabled:i:1",
};

/* A line for granted and one for not; 0: no right grants it. */
static const struct {
	uint32_t right;
	const char *granted;
	const char *denied;
} redirections[] = {
	{SESSION_RIGHTS_CLIPBOARD, "redirectclipboard:i:1", "redirectclipboard:i:0"},
	{SESSION_RIGHTS_DRIVES, "drivestoredirect:s:*", "drivestoredirect:s:"},
	{SESSION_RIGHT_SOUND, "audiomode:i:0", "audiomode:i:2"},
	{SESSION_RIGHT_MICROPHONE, "audiocapturemode:i:1", "audiocapturemode:i:0"},
	{SESSION_RIGHT_CAMERA, "camerastoredirect:s:*", "camerastoredirect:s:"},
	{SESSION_RIGHT_USB, "devicestoredirect:s:*", "devicestoredirect:s:"},
	{SESSION_RIGHT_USB, "usbdevicestoredirect:s:*", "usbdevicestoredirect:s:"},
	{SESSION_RIGHT_PRINTER, "redirectprinters:i:1", "redirectprinters:i:0"},
	{0, "", "redirectcomports:i:0"},
	{SESSION_RIGHT_SMARTCARD, "redirectsmartcards:i:1", "redirectsmartcards:i:0"},
	{0, "", "redirectposdevices:i:0"},
	{0, "", "redirectlocation:i:0"},
	{SESSION_RIGHT_SMARTCARD, "redirectwebauthn:i:1", "redirectwebauthn:i:0"},
};

struct text {
	char *room;
	size_t size;
	size_t len;
	bool failed;
};

static void
add(struct text *text, const char *part)
{
	size_t len = strlen(part);

	if (text->failed || text->size - text->len <= len) {
		text->failed = true;
		return;
	}
	memcpy(text->room + text->len, part, len + 1);
	text->len += len;
}

static void
add_line(struct text *text, const char *line)
{
	add(text, line);
	add(text, "\r\n");
}

static bool
is_one_word(const char *value)
{
	for (const char *at = value; *at != '\0'; at++) {
		if ((unsigned char)*at <= ' ' || (unsigned char)*at > '~')
			return false;
	}
	return *value != '\0';
}

static void
add_address(struct text *text, const struct rdp_file *file)
{
	bool brackets = strchr(file->host, ':') != NULL;
	char port[16];

	snprintf(port, sizeof(port), ":%u", (unsigned int)file->port);
	add(text, "full address:s:");
	add(text, brackets ? "[" : "");
	add(text, file->host);
	add(text, brackets ? "]" : "");
	add_line(text, port);
}

int
rdp_file_write(const struct rdp_file *file, char *room, size_t size)
{
	struct text text = {.room = room, .size = size};

	if (!is_one_word(file->host) || !is_one_word(file->handle) || !is_one_word(file->secret))
		return -EINVAL;
	add_address(&text, file);
	add(&text, "loadbalanceinfo:s:Cookie: msts=");
	add_line(&text, file->handle);
	add(&text, "username:s:");
	add_line(&text, file->secret);
	for (size_t i = 0; i < ARRAY_SIZE(fixed_lines); i++)
		add_line(&text, fixed_lines[i]);
	for (size_t i = 0; i < ARRAY_SIZE(redirections); i++) {
		bool granted = (file->rights & redirections[i].right) != 0;

		add_line(&text, granted ? redirections[i].granted : redirections[i].denied);
	}
	return text.failed ? -EMSGSIZE : (int)text.len;
}
