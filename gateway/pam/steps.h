/* The steps of steps.def, for the two ends of a conversation. */
#ifndef PAM_STEPS_H
#define PAM_STEPS_H

enum pam_step {
#define STEP(name, text) PAM_STEP_##name,
#include "pam/steps.def"
#undef STEP
	PAM_STEP_COUNT
};

#endif
