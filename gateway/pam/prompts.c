/* See prompts.h. */
#include "pam/prompts.h"

#include "base/sentence.h"

#include <assert.h>
#include <security/_pam_types.h>

static const struct {
	const char *text;
	int style;
} rows[PROMPT_COUNT] = {
#define PROMPT(name, prompt_style, prompt_text) \
	[PROMPT_##name] = {.text = prompt_text, .style = prompt_style},
#include "pam/prompts.def"
#undef PROMPT
};

const char *
prompt_text(enum prompt prompt)
{
	assert(prompt > PROMPT_NOTHING && prompt < PROMPT_COUNT);
	return rows[prompt].text;
}

int
prompt_style(enum prompt prompt)
{
	assert(prompt > PROMPT_NOTHING && prompt < PROMPT_COUNT);
	return rows[prompt].style;
}
