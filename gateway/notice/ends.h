/* The ways in which a notice ends; see ends.def. */
#ifndef NOTICE_ENDS_H
#define NOTICE_ENDS_H

enum notice_end {
#define NOTICE_END(name, word) NOTICE_##name,
#include "notice/ends.def"
#undef NOTICE_END
	NOTICE_END_COUNT
};

const char *notice_end_word(enum notice_end end);

#endif
