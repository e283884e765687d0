/* gateway/supervisor/child_lines.c: what a child writes, in reads of any size. */
#include "fuzz.h"

#include <string.h>

#include "supervisor/child_lines.h"

static size_t
take_all(struct child_lines *lines, bool is_end)
{
	const char *line;
	size_t len, total = 0;

	while (child_lines_next(lines, is_end, &line, &len)) {
		fuzz_expect(len > 0 && len <= CHILD_LINE_MOST && memchr(line, '\n', len) == NULL);
		total += len;
	}
	return total;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct child_lines lines = {.len = 0};
	size_t given = 0, newlines = 0;

	for (size_t at = 0; at < len;) {
		size_t room, step = 1 + bytes[at] % 200u;
		char *into = child_lines_room(&lines, &room);

		/* All lines have been taken: there is room. */
		fuzz_expect(room > 0);
		step = step < room ? step : room;
		step = step < len - at ? step : len - at;
		memcpy(into, bytes + at, step);
		child_lines_add(&lines, step);
		at += step;
		given += take_all(&lines, false);
	}
	given += take_all(&lines, true);
	for (size_t i = 0; i < len; i++)
		newlines += bytes[i] == '\n';
	fuzz_expect(given + newlines == len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char report[] =
		"==7==ERROR: AddressSanitizer: heap-use-after-free\n    #0 0x1 in main\n\n";
	char longest[3 * CHILD_LINE_MOST];

	memset(longest, 'a', sizeof(longest));
	fuzz_seed(seeds, report, sizeof(report) - 1);
	fuzz_seed(seeds, longest, sizeof(longest));
	fuzz_seed(seeds, "a\nb", 3);
}
