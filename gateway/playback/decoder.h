/* One recorded connection as a picture: libfreerdp's client and its gdi, without a network. The client is told what the minimal host
 * side (host_side.h) says, then what the owner gives it, PDU by PDU; what it would send is thrown away.
 *
 * It runs on one thread, decodes in software, opens nothing and measures nothing once decoder_warm_up was called. The PDUs may have
 * been made to attack it: to be used in a sandbox alone.
 */
#ifndef PLAYBACK_DECODER_H
#define PLAYBACK_DECODER_H

#include "picture/rectangle.h"
#include "recording/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;

struct decoder_picture {
	const uint8_t *pixels; /* B, G, R, unused; borrowed until the decoder is next used */
	size_t stride;
	uint16_t width, height;
};

/* The next whole PDU, or false: there is none for now. The bytes are borrowed until the next call. */
typedef bool decoder_source(void *owner, const uint8_t **ret_pdu, size_t *ret_len);

/* Makes a decoder and throws it away: once in the life of the process, before the sandbox closes. Returns 0 or a negative errno. */
int decoder_warm_up(void);

/* For a segment of which the PDUs up to the Font Map can be given at once: they are asked for here. Returns 0, -EBADMSG (they do not
 * make a desktop), -ENOMEM. */
int decoder_new(const struct recording_segment *segment, decoder_source *source, void *owner,
	struct decoder **ret_decoder);
void decoder_free(struct decoder *decoder); /* accepts NULL */

/* Decodes what the source gives, until it gives nothing, for 100 ms at most. Returns 0, or -EBADMSG: the PDU given last is not to be
 * understood, and nothing after it. */
int decoder_work(struct decoder *decoder);

/* False: nothing has been drawn. */
bool decoder_look(const struct decoder *decoder, struct decoder_picture *ret_picture);

/* What has changed since the last call, as one rectangle. False: nothing. A picture of another size has changed as a whole. */
bool decoder_take_change(struct decoder *decoder, struct picture_rectangle *ret_rectangle);

#endif
