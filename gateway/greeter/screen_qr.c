/* A key URI as a QR code; see screen_qr.h. */
#include "greeter/screen_qr.h"

#include "base/secret.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN 4 /* modules on each side, ISO/IEC 18004 */

void
qr_wipe(struct qr *qr)
{
	secret_free(qr->modules);
	secret_wipe(qr, sizeof(*qr));
}

/* The letters of RFC 4648's base 32 behind "secret=", for somebody who types them. */
static void
find_key(const char *uri, char ret_key[QR_KEY_SIZE])
{
	const char *at = strstr(uri, "secret=");
	size_t letters = 0, used = 0;

	if (at == NULL || (at > uri && at[-1] != '?' && at[-1] != '&'))
		return;
	for (at += strlen("secret="); *at != '\0' && used + 3 < QR_KEY_SIZE; at++, letters++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", *at) == NULL)
			break;
		if (letters > 0 && letters % 4 == 0)
			ret_key[used++] = ' ';
		ret_key[used++] = *at;
	}
}

void
qr_set(struct qr *qr, const char *uri)
{
	QRcode *code;
	size_t size;

	qr_wipe(qr);
	find_key(uri, qr->key);
	code = uri[0] != '\0' ? QRcode_encodeString8bit(uri, 0, QR_ECLEVEL_M) : NULL;
	if (code == NULL)
		return;
	size = (size_t)code->width * (size_t)code->width;
	qr->modules = malloc(size);
	if (qr->modules != NULL) {
		memcpy(qr->modules, code->data, size);
		qr->width = code->width;
	}
	secret_wipe(code->data, size);
	QRcode_free(code);
}

int
qr_fitting(const struct qr *qr, int most)
{
	int modules = qr->width + 2 * MARGIN;

	return qr->width > 0 && most >= modules ? most / modules * modules : 0;
}

void
qr_paint(const struct qr *qr, cairo_t *cairo, int x, int y, int size)
{
	int module = size / (qr->width + 2 * MARGIN);
	int left = x + MARGIN * module, top = y + MARGIN * module;

	cairo_set_source_rgb(cairo, 1, 1, 1);
	cairo_rectangle(cairo, x, y, size, size);
	cairo_fill(cairo);
	cairo_set_source_rgb(cairo, 0, 0, 0);
	for (int row = 0; row < qr->width; row++) {
		for (int column = 0; column < qr->width; column++) {
			if ((qr->modules[row * qr->width + column] & 1) != 0)
				cairo_rectangle(cairo, left + column * module, top + row * module,
					module, module);
		}
	}
	cairo_fill(cairo);
}
