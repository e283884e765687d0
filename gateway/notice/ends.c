/* See ends.h. */
#include "notice/ends.h"

#include <assert.h>

static const struct {
	const char *word;
	bool over;
} ends[] = {
#define NOTICE_END(name, word, over) {word, over},
#include "notice/ends.def"
#undef NOTICE_END
};

const char *
notice_end_word(enum notice_end end)
{
	assert(end < NOTICE_END_COUNT);
	return ends[end].word;
}

bool
notice_end_is_over(enum notice_end end)
{
	assert(end < NOTICE_END_COUNT);
	return ends[end].over;
}
