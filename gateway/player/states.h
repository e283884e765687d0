/* The states of a recording that is played, shared by the player and the supervisor, which logs them. Made from states.def. */
#ifndef PLAYER_STATES_H
#define PLAYER_STATES_H

enum play_state {
#define PLAY(NAME, what) PLAY_##NAME,
#include "player/states.def"
#undef PLAY
	PLAY_STATE_COUNT
};

#endif
