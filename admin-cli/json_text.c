/* JSON on a terminal or for a program; see json_text.h. */
#include "admin-cli/json_text.h"

#include "admin-cli/text.h"
#include "base/utf_8.h"

/* jansson hands over whole characters, and has escaped what is below a blank. Its own blanks and line ends stand
 * outside of strings. */
static int
write_piece(const char *text, size_t len, void *argument)
{
	FILE *out = argument;
	uint32_t character;

	for (size_t at = 0, step; at < len; at += step) {
		step = utf_8_read(text + at, len - at, &character);
		if (step == 0)
			return -1;
		if (character >= 0x20 && text_is_hostile(character))
			fprintf(out, "\\u%04X", (unsigned int)character);
		else
			(void)fwrite(text + at, 1, step, out);
	}
	return 0;
}

void
json_text_write(FILE *out, const json_t *value, size_t flags)
{
	(void)json_dump_callback(value, write_piece, out, flags);
}
