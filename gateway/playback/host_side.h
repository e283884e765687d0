/* The host of a recorded connection, as far as libfreerdp's client must meet one: what it answers until the recording begins, and which
 * of the recorded PDUs a decoder is shown.
 *
 * Pure: bytes in, bytes or a verdict out. The recording may have been made by a hostile host.
 */
#ifndef PLAYBACK_HOST_SIDE_H
#define PLAYBACK_HOST_SIDE_H

#include "base/bytes.h"
#include "recording/records.h"

#include <stddef.h>
#include <stdint.h>

/* More than the answers can have: Connect-Response, Attach User Confirm, three joins, licence. */
#define HOST_SIDE_ANSWERS_MOST 1024

/* The one static channel that draws. */
#define HOST_SIDE_CHANNEL "drdynvc"

/* Its place in the segment; NULL if the connection had none, or it was not recorded. */
const struct recording_channel *host_side_channel(const struct recording_segment *segment);

/* All answers of the connection sequence up to the licence, whole frames in the order in which a client reads them that negotiates no
 * security layer and asks for no more than that channel. */
void host_side_answer(const struct recording_segment *segment, struct bytes_writer *writer);

enum host_side_use {
	HOST_SIDE_DROP, /* of no concern to the picture, or meant to lead a client away */
	HOST_SIDE_SHOW,
	HOST_SIDE_DEMAND,   /* show it: a Demand Active, the desktop begins */
	HOST_SIDE_FONT_MAP, /* show it: the connection sequence ends with it */
};

/* What is to be done with one whole PDU (rdp/pdu.h) of FROM_HOST. */
enum host_side_use host_side_judge(
	const struct recording_segment *segment, const uint8_t *pdu, size_t len);

#endif
