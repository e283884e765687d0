/* A key URI (otpauth://) as a QR code and as letters. */
#ifndef GREETER_SCREEN_QR_H
#define GREETER_SCREEN_QR_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

#define QR_KEY_SIZE 128

struct qr {
	int width; /* modules; 0: it could not be made */
	unsigned char *modules;
	char key[QR_KEY_SIZE]; /* in groups of four; "" if the URI names none */
};

/* What there was before is wiped. uri may be "". */
void qr_set(struct qr *qr, const char *uri);
void qr_wipe(struct qr *qr);

/* The largest size up to `most` at which every module has as many whole pixels, with the light margin that scanners
 * need; 0: there is no code, or it does not fit. */
int qr_fitting(const struct qr *qr, int most);

/* size: one of qr_fitting. */
void qr_paint(const struct qr *qr, cairo_t *cairo, int x, int y, int size);

#endif
