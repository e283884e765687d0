/* The texts of prompts.def by name. */
#ifndef PAM_PROMPTS_H
#define PAM_PROMPTS_H

enum prompt {
	PROMPT_NOTHING,
#define PROMPT(name, style, text) PROMPT_##name,
#include "pam/prompts.def"
#undef PROMPT
	PROMPT_COUNT
};

/* Of a prompt that is not PROMPT_NOTHING. */
const char *prompt_text(enum prompt prompt);
int prompt_style(enum prompt prompt); /* PAM_PROMPT_ECHO_OFF, … of pam_conv(3) */

#endif
