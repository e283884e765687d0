/* See ends.h. */
#include "notice/ends.h"

#include <assert.h>

static const char *const words[] = {
#define NOTICE_END(name, word) word,
#include "notice/ends.def"
#undef NOTICE_END
};

const char *
notice_end_word(enum notice_end end)
{
	assert(end < NOTICE_END_COUNT);
	return words[end];
}
