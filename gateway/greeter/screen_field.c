/* One line that somebody types into; see screen_field.h. */
#include "greeter/screen_field.h"

#include "base/secret.h"
#include "base/utf_8.h"
#include "picture/words.h"

#include <string.h>

#define DOT "\u25cf"
#define LEFT_TO_RIGHT "\u202d" /* LEFT-TO-RIGHT OVERRIDE: the whole line */

void
field_wipe(struct field *field)
{
	secret_wipe(field, sizeof(*field));
}

void
field_begin(struct field *field, enum field_kind kind, size_t most, const char *text)
{
	field_wipe(field);
	field->kind = kind;
	field->most = kind == FIELD_NUMBER ? FIELD_NUMBER_DIGITS
		      : most < FIELD_MOST  ? most
					   : FIELD_MOST;
	field_insert(field, text);
}

static size_t
next(const struct field *field, size_t at)
{
	if (at < field->len)
		at++;
	while (at < field->len && ((unsigned char)field->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t
previous(const struct field *field, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && ((unsigned char)field->text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

void
field_forget(struct field *field)
{
	size_t characters = 0;

	for (size_t at = 0; at < field->len; at = next(field, at))
		characters++;
	secret_wipe(field->text, sizeof(field->text));
	memset(field->text, '0', characters);
	field->len = field->caret = field->anchor = characters;
}

static size_t
selection_start(const struct field *field)
{
	return field->caret < field->anchor ? field->caret : field->anchor;
}

static size_t
selection_end(const struct field *field)
{
	return field->caret < field->anchor ? field->anchor : field->caret;
}

/* The tail moves down; what it leaves behind is wiped. */
static void
cut(struct field *field, size_t from, size_t to)
{
	memmove(field->text + from, field->text + to, field->len - to);
	secret_wipe(field->text + field->len - (to - from), to - from);
	field->len -= to - from;
	field->caret = field->anchor = from;
}

static bool
has_room(const struct field *field, size_t more)
{
	return field->len - (selection_end(field) - selection_start(field)) + more <= field->most;
}

void
field_insert_character(struct field *field, uint32_t character)
{
	char bytes[5];
	size_t len;

	if (field->kind == FIELD_NUMBER) {
		/* A Japanese keyboard may type them in full width. */
		if (character >= 0xff10 && character <= 0xff19)
			character = character - 0xff10 + '0';
		if (character < '0' || character > '9')
			return;
	}
	if (!words_is_text(character))
		return;
	len = words_write(character, bytes);
	if (!has_room(field, len))
		return;
	cut(field, selection_start(field), selection_end(field));
	memmove(field->text + field->caret + len, field->text + field->caret,
		field->len - field->caret);
	memcpy(field->text + field->caret, bytes, len);
	secret_wipe(bytes, sizeof(bytes));
	field->len += len;
	field->caret = field->anchor = field->caret + len;
}

void
field_insert(struct field *field, const char *text)
{
	size_t left = strlen(text);
	uint32_t character = 0;

	while (left > 0) {
		size_t step = utf_8_read(text, left, &character);

		if (step > 0)
			field_insert_character(field, character);
		else
			step = 1;
		text += step;
		left -= step;
	}
	secret_wipe(&character, sizeof(character));
}

static bool
is_blank_at(const struct field *field, size_t at)
{
	return field->text[at] == ' ';
}

static size_t
word_left(const struct field *field, size_t at)
{
	while (at > 0 && is_blank_at(field, previous(field, at)))
		at = previous(field, at);
	while (at > 0 && !is_blank_at(field, previous(field, at)))
		at = previous(field, at);
	return at;
}

static size_t
word_right(const struct field *field, size_t at)
{
	while (at < field->len && !is_blank_at(field, at))
		at = next(field, at);
	while (at < field->len && is_blank_at(field, at))
		at = next(field, at);
	return at;
}

static size_t
moved(const struct field *field, enum field_move move)
{
	bool hidden = field->kind == FIELD_HIDDEN;

	switch (move) {
	case FIELD_LEFT:
		return previous(field, field->caret);
	case FIELD_RIGHT:
		return next(field, field->caret);
	case FIELD_WORD_LEFT:
		return hidden ? 0 : word_left(field, field->caret);
	case FIELD_WORD_RIGHT:
		return hidden ? field->len : word_right(field, field->caret);
	case FIELD_START:
		return 0;
	case FIELD_END:
		break;
	}
	return field->len;
}

void
field_place(struct field *field, size_t at, bool select)
{
	field->caret = at < field->len ? at : field->len;
	if (!select)
		field->anchor = field->caret;
}

void
field_go(struct field *field, enum field_move move, bool select)
{
	bool selected = field->caret != field->anchor;

	if (selected && !select && move == FIELD_LEFT)
		field_place(field, selection_start(field), false);
	else if (selected && !select && move == FIELD_RIGHT)
		field_place(field, selection_end(field), false);
	else
		field_place(field, moved(field, move), select);
}

void
field_delete(struct field *field, enum field_move move)
{
	if (field->caret == field->anchor)
		field->caret = moved(field, move);
	cut(field, selection_start(field), selection_end(field));
}

void
field_select_all(struct field *field)
{
	field->anchor = 0;
	field->caret = field->len;
}

void
field_select_word(struct field *field, size_t at)
{
	if (field->kind != FIELD_PLAIN) {
		field_select_all(field);
		return;
	}
	at = at < field->len ? at : field->len;
	field->anchor = at < field->len ? word_left(field, next(field, at)) : word_left(field, at);
	field->caret = field->anchor;
	while (field->caret < field->len && !is_blank_at(field, field->caret))
		field->caret = next(field, field->caret);
}

bool
field_is_blank(const struct field *field)
{
	return strspn(field->text, " ") == field->len;
}

void
field_trimmed(const struct field *field, char *ret_text, size_t size)
{
	size_t start = strspn(field->text, " ");
	size_t len = field->len - start;

	while (len > 0 && field->text[start + len - 1] == ' ')
		len--;
	if (len >= size)
		len = 0;
	memcpy(ret_text, field->text + start, len);
	ret_text[len] = '\0';
}

static void
append(struct field_shown *shown, const char *text, size_t len)
{
	memcpy(shown->text + shown->len, text, len);
	shown->len += len;
	shown->text[shown->len] = '\0';
}

/* What the character at `at` looks like. */
static void
append_character(const struct field *field, size_t at, struct field_shown *shown)
{
	size_t end = next(field, at);
	uint32_t character = 0;

	if (field->kind == FIELD_NUMBER && at == FIELD_NUMBER_DIGITS / 2)
		append(shown, " ", 1);
	(void)utf_8_read(field->text + at, end - at, &character);
	if (field->kind == FIELD_HIDDEN)
		append(shown, DOT, strlen(DOT));
	else if (words_is_invisible(character))
		append(shown, WORDS_BOX, strlen(WORDS_BOX));
	else
		append(shown, field->text + at, end - at);
}

void
field_show(const struct field *field, struct field_shown *ret_shown)
{
	size_t from = selection_start(field), to = selection_end(field);

	*ret_shown = (struct field_shown){0};
	append(ret_shown, LEFT_TO_RIGHT, strlen(LEFT_TO_RIGHT));
	for (size_t at = 0;; at = next(field, at)) {
		if (at == from)
			ret_shown->from = ret_shown->len;
		if (at == to)
			ret_shown->to = ret_shown->len;
		if (at >= field->len)
			break;
		append_character(field, at, ret_shown);
	}
	ret_shown->caret = field->caret == from ? ret_shown->from : ret_shown->to;
}

size_t
field_place_of(const struct field *field, size_t shown_at)
{
	struct field_shown shown = {.len = strlen(LEFT_TO_RIGHT)};
	size_t at = 0;

	while (at < field->len && shown.len < shown_at) {
		append_character(field, at, &shown);
		at = next(field, at);
	}
	secret_wipe(&shown, sizeof(shown));
	return at;
}
