/* Protection; see protection.h. */
#include "policy/protection.h"

#include "policy/text.h"

#include <string.h>

int
protected_note_parse(const char *text, char *ret_note, struct field_error *error)
{
	size_t len;
	const char *note = text_trim(text != NULL ? text : "", &len);
	int count = text_count(note, len, TEXT_LINES);

	if (text != NULL && (count <= 0 || count > PROTECTED_NOTE_MAX))
		return field_error_set(error, "protected", text,
			"a note of 1 to 500 characters: what breaks, what repair costs, whom to "
			"ask "
			"first",
			"Line to the PACS vendor. A change costs half a day; ask Sato (ext. "
			"2210).");
	memcpy(ret_note, note, len);
	ret_note[len] = '\0';
	return 0;
}
