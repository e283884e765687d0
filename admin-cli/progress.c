/* How far something long has come; see progress.h. */
#include "admin-cli/progress.h"

#include "admin-cli/text.h"
#include "admin-cli/values.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define BAR_COLUMNS 30

/* Which line stands on the terminal: nothing else of this program writes there meanwhile. */
static bool is_shown;

void
progress_line(const json_t *parameters, char *ret_text, size_t size)
{
	double done = (double)json_integer_value(json_object_get(parameters, "done"));
	double of = (double)json_integer_value(json_object_get(parameters, "of"));
	double share = of <= 0 || done < 0 ? 0 : done > of ? 1 : done / of;
	char bar[BAR_COLUMNS + 1];

	for (int i = 0; i < BAR_COLUMNS; i++)
		bar[i] = i < (int)(share * BAR_COLUMNS) ? '#' : '.';
	bar[BAR_COLUMNS] = '\0';
	snprintf(ret_text, size, "%s [%s] %3d %%", value_word(parameters, "what"), bar,
		(int)(share * 100));
}

void
progress_show(const json_t *parameters)
{
	char line[256];

	if (isatty(STDERR_FILENO) == 0)
		return;
	progress_line(parameters, line, sizeof(line));
	fprintf(stderr, "\r%s\033[K", line);
	(void)fflush(stderr);
	is_shown = true;
}

void
progress_clear(void)
{
	if (is_shown)
		fputs("\r\033[K", stderr);
	is_shown = false;
}
