/* The phases of a connection; see phases.def. */
#include "relay/phases.h"

#define TO(name) (1u << PHASE_##name)

static const struct phase_row rows[PHASE_COUNT] = {
#define PHASE(name_, letter_, limit, next_, meanwhile_) \
	[PHASE_##name_] = {                             \
		.name = #name_,                         \
		.letter = letter_,                      \
		.next = (next_) | TO(CLOSED),           \
		.meanwhile = meanwhile_,                \
	},
#include "relay/phases.def"
#undef PHASE
};

const struct phase_row *
phase_row(uint32_t phase)
{
	return &rows[phase < PHASE_COUNT ? phase : PHASE_CLOSED];
}

bool
phase_may_go_to(enum phase from, enum phase to)
{
	return (phase_row(from)->next & 1u << to) != 0;
}
