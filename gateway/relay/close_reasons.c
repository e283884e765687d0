/* The ways in which a connection ends; see close_reasons.def. */
#include "relay/close_reasons.h"

static const struct close_reason_row rows[CLOSE_REASON_COUNT] = {
#define CLOSE(                                                                                  \
	name_, who_, state_, level, id, refused_, running_, text, meaning, text_ja, meaning_ja) \
	[CLOSE_##name_] = {                                                                     \
		.name = #name_,                                                                 \
		.who = who_,                                                                    \
		.state = END_STATE_##state_,                                                    \
		.event = EV_CLOSE_##name_,                                                      \
		.refused = ERROR_INFO_##refused_,                                               \
		.running = ERROR_INFO_##running_,                                               \
	},
#include "relay/close_reasons.def"
#undef CLOSE
};

const struct close_reason_row *
close_reason_row(uint32_t reason)
{
	if (reason == CLOSE_NONE || reason >= CLOSE_REASON_COUNT)
		reason = CLOSE_OUR_MISTAKE;
	return &rows[reason];
}
