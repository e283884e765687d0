/* Text for people. */
#include "admin-cli/text.h"

#include "admin-cli/characters.h"
#include "base/catalogue.h"
#include "base/cleanup.h"
#include "base/utf_8.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define DOMAIN_NAME "sekisho-admin"

/* Of a language whose locale this machine does not have; NULL: gettext does it. */
static const struct catalogue *catalogue;

/* "ja_JP.UTF-8" of a variable as "ja", without what follows. */
static bool
take_language(const char *variable, const char *folder)
{
	const char *locale = getenv(variable);
	char path[PATH_MAX + 64];

	if (locale == NULL || locale[0] == '\0')
		return false;
	snprintf(path, sizeof(path), "%s/%.*s/LC_MESSAGES/" DOMAIN_NAME ".mo", folder,
		(int)strcspn(locale, "_.@:/"), locale);
	(void)catalogue_open(path, &catalogue);
	return true;
}

/* A server often has LANG=ja_JP.UTF-8 from somebody's ssh but no such locale generated. The messages need
 * none: only their language must be known. */
static void
take_language_without_locale(const char *folder)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	(void)setlocale(LC_ALL, "C.UTF-8");
	if (take_language("LANGUAGE", folder))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (take_language(names[i], folder))
			return;
	}
}

void
text_init(void)
{
	char buffer[PATH_MAX + 8];
	const char *folder = catalogue_folder(SEKISHO_LOCALE_DIR, buffer, sizeof(buffer));

	if (setlocale(LC_ALL, "") == NULL)
		take_language_without_locale(folder);
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)bindtextdomain(DOMAIN_NAME, folder);
	(void)bind_textdomain_codeset(DOMAIN_NAME, "UTF-8");
	(void)textdomain(DOMAIN_NAME);
}

const char *
text_translate(const char *text)
{
	return catalogue != NULL ? catalogue_find(catalogue, text) : gettext(text);
}

const char *
text_translate_count(const char *one, const char *many, unsigned long count)
{
	const char *found;

	if (catalogue == NULL)
		return (ngettext)(one, many, count);
	found = catalogue_find(catalogue, one);
	return found != one ? found : count == 1 ? one : many;
}

bool
text_speaks_japanese(void)
{
	/* TRANSLATORS: the code of your language, as in the name of this file: "ja". */
	return strcmp(_("language code"), "ja") == 0;
}

static char *
next_buffer(void)
{
	static char buffers[8][256];
	static unsigned int next;

	return buffers[next++ % 8];
}

bool
text_is_hostile(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} hostile[] = {
		{0x00, 0x1f},     /* C0 */
		{0x7f, 0x9f},     /* DEL, C1 */
		{0x061c, 0x061c}, /* these turn the direction of writing */
		{0x200e, 0x200f},
		{0x2028, 0x202e}, /* and begin a line or paragraph */
		{0x2066, 0x2069},
	};

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		if (character >= hostile[i].first && character <= hostile[i].last)
			return true;
	}
	return false;
}

/* What is not UTF-8 is so, too. */
static bool
is_hostile(const char *text, size_t len)
{
	uint32_t character;

	return utf_8_read(text, len, &character) != len || text_is_hostile(character);
}

const char *
text_shown(const char *text)
{
	char *buffer = next_buffer();
	size_t used = 0;

	if (text == NULL)
		return "-";
	while (*text != '\0') {
		size_t width;
		const char *end = text + character_next(text, &width);

		if (used + (size_t)(end - text) > 200) {
			strcpy(buffer + used, "…");
			return buffer;
		}
		while (text < end) {
			size_t len = character_next_point(text, &width);

			memcpy(buffer + used, is_hostile(text, len) ? "?" : text,
				is_hostile(text, len) ? 1 : len);
			used += is_hostile(text, len) ? 1 : len;
			text += len;
		}
	}
	buffer[used] = '\0';
	return buffer;
}

void
text_write(FILE *out, const char *text, size_t indent)
{
	while (*text != '\0') {
		size_t width;
		size_t len = character_next_point(text, &width);

		if (*text == '\n')
			fprintf(out, "\n%*s", (int)indent, "");
		else if (is_hostile(text, len))
			fputc('?', out);
		else
			(void)fwrite(text, 1, len, out);
		text += len;
	}
}

size_t
text_width(const char *text)
{
	size_t total = 0;

	while (*text != '\0') {
		size_t width;

		text += character_next(text, &width);
		total += width;
	}
	return total;
}

void
text_put(FILE *out, const char *text, size_t least, size_t most)
{
	bool cut = text_width(text) > most;
	size_t total = 0, mark = cut ? text_width("…") : 0;

	while (*text != '\0') {
		size_t width;
		size_t len = character_next(text, &width);

		if (total + width + mark > most)
			break;
		(void)fwrite(text, 1, len, out);
		text += len;
		total += width;
	}
	if (cut) {
		fputs("…", out);
		total += mark;
	}
	for (; total < least; total++)
		fputc(' ', out);
}

bool
text_is_utf8(const char *text)
{
	mbstate_t state = {0};

	while (*text != '\0') {
		wchar_t character;
		size_t len = mbrtowc(&character, text, strlen(text), &state);

		if (len == (size_t)-1 || len == (size_t)-2)
			return false;
		text += len;
	}
	return true;
}

char *
text_trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

void
text_join_choices(const char *choices, char *ret_text, size_t size)
{
	size_t used = 0;

	for (; *choices != '\0' && used + 3 < size; choices++) {
		if (*choices == '|') {
			ret_text[used++] = ',';
			ret_text[used++] = ' ';
		} else {
			ret_text[used++] = *choices;
		}
	}
	ret_text[used] = '\0';
}

const char *
text_bytes(long long bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	char *buffer = next_buffer();
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(buffer, 256, "%lld B", bytes);
		return buffer;
	}
	/* 999.95 would be rounded to 1000.0 of the smaller unit. */
	for (; value >= 999.95 && unit < 4; unit++)
		value /= 1000;
	snprintf(buffer, 256, "%.1f %s", value, units[unit]);
	return buffer;
}

const char *
text_duration(long long seconds)
{
	char *buffer = next_buffer();

	if (seconds < 0)
		seconds = 0;
	snprintf(
		buffer, 256, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
	return buffer;
}
