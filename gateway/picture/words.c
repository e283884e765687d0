/* What the screen says; see words.h. */
#include "picture/words.h"

#include "base/catalogue.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf_8.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum language
words_language(const char *name)
{
	return strcmp(name, "ja") == 0 ? LANGUAGE_JAPANESE : LANGUAGE_ENGLISH;
}

int
words_open_japanese(const char *path, const struct catalogue **ret_catalogue)
{
	char buffer[PATH_MAX + 64], folder[PATH_MAX + 8];

	if (path == NULL) {
		snprintf(buffer, sizeof(buffer), "%s/ja/LC_MESSAGES/sekisho-admin.mo",
			catalogue_folder(SEKISHO_LOCALE_DIR, folder, sizeof(folder)));
		path = buffer;
	}
	return catalogue_open(path, ret_catalogue);
}

struct range {
	uint32_t first, last;
};

static bool
is_in(const struct range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++) {
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	}
	return false;
}

bool
words_is_text(uint32_t character)
{
	static const struct range none[] = {
		{0, 0x1f},
		{0x7f, 0x9f},
		{0x2028, 0x2029},
		{0xd800, 0xdfff},
		{0xfdd0, 0xfdef},
		{0xfffe, 0xffff},
		{0x110000, UINT32_MAX},
	};

	return !is_in(none, ARRAY_SIZE(none), character);
}

bool
words_is_invisible(uint32_t character)
{
	static const struct range marks[] = {
		{0xad, 0xad},
		{0x34f, 0x34f},
		{0x61c, 0x61c},
		{0x115f, 0x1160},
		{0x17b4, 0x17b5},
		{0x180b, 0x180f},
		{0x200b, 0x200f},
		{0x202a, 0x202e},
		{0x2060, 0x206f},
		{0x3164, 0x3164},
		{0xfe00, 0xfe0f},
		{0xfeff, 0xfeff},
		{0xffa0, 0xffa0},
		{0xfff0, 0xfffb},
		{0xe0000, 0xe0fff},
	};

	return is_in(marks, ARRAY_SIZE(marks), character);
}

size_t
words_write(uint32_t character, char *ret_bytes)
{
	static const uint8_t first[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
	size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 0; character >>= 6)
		ret_bytes[i] = (char)(i > 0 ? 0x80 | (character & 0x3f) : first[len] | character);
	ret_bytes[len] = '\0';
	return len;
}

/* In place: what is left is text, and line ends. */
static void
clean(char *text)
{
	size_t left = strlen(text), used = 0;
	const char *at = text;
	uint32_t character;

	while (left > 0) {
		size_t step = utf_8_read(at, left, &character);
		bool keep = step > 0 &&
			    (character == '\n' ||
				    (words_is_text(character) && !words_is_invisible(character)));

		step = step > 0 ? step : 1;
		if (keep) {
			memmove(text + used, at, step);
			used += step;
		}
		at += step;
		left -= step;
	}
	while (used > 0 && (text[used - 1] == '\n' || text[used - 1] == ' '))
		used--;
	text[used] = '\0';
}

/* Why somebody cannot be connected is mostly the text of an event, whose Japanese stands beside it. "" would be the
 * catalogue's own header. */
const char *
words_translate(const struct catalogue *catalogue, const char *english)
{
	const struct event_row *event;

	if (catalogue == NULL || english[0] == '\0')
		return english;
	event = event_row_of_text(english, strlen(english));
	return event != NULL ? event->text_ja : catalogue_find(catalogue, english);
}

/* Pointers to the values; the last byte of each is NUL, or the value is none. */
static size_t
find_values(const uint8_t *values, size_t len, const char *ret_values[SENTENCE_VALUES_MOST])
{
	size_t count = 0;
	const uint8_t *end;

	while (count < SENTENCE_VALUES_MOST && len > 0) {
		end = memchr(values, 0, len);
		if (end == NULL)
			break;
		ret_values[count++] = (const char *)values;
		len -= (size_t)(end + 1 - values);
		values = end + 1;
	}
	return count;
}

void
words_sentence(const struct catalogue *catalogue, const char *text, const uint8_t *values,
	size_t values_len, char *ret_text, size_t size)
{
	const char *parts[SENTENCE_VALUES_MOST];
	size_t count = find_values(values, values_len, parts);
	const char *format = words_translate(catalogue, text);

	for (size_t i = 0; i < count; i++)
		parts[i] = words_translate(catalogue, parts[i]);
	if (count > 0)
		sentence_fill(format, parts, count, ret_text, size);
	else
		snprintf(ret_text, size, "%s", format);
	clean(ret_text);
}

#define CHANGE N_("Change your password")

/* What modules ask for, how we say it, and what the page is then called where that is not its own title. */
static const struct {
	const char *prompt;
	const char *text;
	const char *title;
} prompts[] = {
	{"Password", N_("Password"), NULL},
	{"Current password", N_("Current password"), CHANGE},
	{"(current) UNIX password", N_("Current password"), CHANGE},
	{"New password", N_("New password"), CHANGE},
	{"New UNIX password", N_("New password"), CHANGE},
	{"Retype the new password", N_("Retype the new password"), CHANGE},
	{"Retype new password", N_("Retype the new password"), CHANGE},
	{"Retype new UNIX password", N_("Retype the new password"), CHANGE},
	{"Verification code", N_("One-time code"), NULL},
	{"One-time code", N_("One-time code"), NULL},
};

static size_t
length_without_colon(const char *prompt)
{
	size_t len = strlen(prompt);

	while (len > 0 && strchr(": \n", prompt[len - 1]) != NULL)
		len--;
	return len;
}

void
words_prompt(const struct catalogue *catalogue, const char *prompt, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%s", words_translate(catalogue, prompt));
	clean(ret_text);
	ret_text[length_without_colon(ret_text)] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(prompts); i++) {
		if (strcasecmp(ret_text, prompts[i].prompt) == 0)
			snprintf(ret_text, size, "%s", words_translate(catalogue, prompts[i].text));
	}
}

const char *
words_prompt_title(const char *prompt)
{
	size_t len = length_without_colon(prompt);

	for (size_t i = 0; i < ARRAY_SIZE(prompts); i++) {
		if (strlen(prompts[i].prompt) == len &&
			strncasecmp(prompt, prompts[i].prompt, len) == 0)
			return prompts[i].title;
	}
	return NULL;
}
