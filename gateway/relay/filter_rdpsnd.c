/* The filter of sound (MS-RDPEA): it is played and not recorded. Some clients and servers record by the same channel, with
 * PDUs that no specification knows; they are left out unless the microphone is granted. What comes from the host is
 * not looked at: the second PDU of a wave begins with anything.
 */
#include "relay/channel_filter.h"

#define HEADER_LEN 4 /* of SNDPROLOG, 2.2.1 */

/* msgType of what a client says, 2.2.1. */
enum {
	WAVE_CONFIRM = 5,
	TRAINING = 6,
	FORMATS = 7,
	QUALITY_MODE = 12,
};

static bool
is_of_playing(uint8_t type)
{
	return type == WAVE_CONFIRM || type == TRAINING || type == FORMATS || type == QUALITY_MODE;
}

static enum filter_verdict
judge(struct channel_filter *filter, struct filter_pdu *pdu)
{
	if (pdu->from == SIDE_HOST || channel_filter_may(filter, SESSION_RIGHT_MICROPHONE))
		return FILTER_PASS;
	return pdu->have > 0 && is_of_playing(pdu->bytes[0]) ? FILTER_PASS : FILTER_DROP;
}

const struct channel_filter_ops filter_rdpsnd = {
	.head_len = HEADER_LEN,
	.judge = judge,
};
