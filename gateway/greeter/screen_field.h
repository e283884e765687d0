/* One line that somebody types into: text, caret, selection. Pure; bounded; what it held is wiped when it ends. */
#ifndef GREETER_SCREEN_FIELD_H
#define GREETER_SCREEN_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_MOST 512
#define FIELD_NUMBER_DIGITS 8
/* Every character drawn takes at most 4 bytes, or 3 for each byte of what is hidden. */
#define FIELD_SHOWN_SIZE (3 * FIELD_MOST + 16)

enum field_kind {
	FIELD_PLAIN,
	FIELD_HIDDEN, /* drawn as dots */
	FIELD_NUMBER, /* FIELD_NUMBER_DIGITS digits in two groups; nothing else can be typed */
};

struct field {
	enum field_kind kind;
	char text[FIELD_MOST + 1]; /* UTF-8 without control characters */
	size_t len;
	size_t most;   /* bytes, at most FIELD_MOST */
	size_t caret;  /* both stand at the beginning of a character or at the end */
	size_t anchor; /* the selection's other end */
	int scroll;    /* pixels that have left on the left side; the painter's */
};

/* Where the caret goes, or up to where text is deleted. */
enum field_move {
	FIELD_LEFT,
	FIELD_RIGHT,
	FIELD_WORD_LEFT, /* of what is hidden: its beginning, since dots have no words */
	FIELD_WORD_RIGHT,
	FIELD_START,
	FIELD_END,
};

/* Empty, or with a text, which is bounded and cleaned like one that is typed; the caret is behind it. */
void field_begin(struct field *field, enum field_kind kind, size_t most, const char *text);

void field_wipe(struct field *field);

/* The text is wiped, as many dots stay: for the picture after it was sent. */
void field_forget(struct field *field);

/* In the place of the selection. Control characters and what is no UTF-8 are dropped, and what does not fit. */
void field_insert(struct field *field, const char *text);
void field_insert_character(struct field *field, uint32_t character);

void field_go(struct field *field, enum field_move move, bool select);
void field_place(struct field *field, size_t at, bool select);
void field_delete(struct field *field, enum field_move move);
void field_select_all(struct field *field);
void field_select_word(struct field *field, size_t at);

/* Nothing but blanks. */
bool field_is_blank(const struct field *field);

/* Without blanks at its ends, which come along when something is pasted; size is more than most. */
void field_trimmed(const struct field *field, char *ret_text, size_t size);

/* The text as it is drawn: dots, groups, and a box for each character that would turn the direction of writing or be
 * seen by nobody. Written from left to right, whatever its letters, so that the caret stands where it seems to. */
struct field_shown {
	char text[FIELD_SHOWN_SIZE];
	size_t len;
	size_t caret, from, to; /* of the selection; in bytes of this text */
};
void field_show(const struct field *field, struct field_shown *ret_shown);

/* The place in the field of a place in the shown text. */
size_t field_place_of(const struct field *field, size_t shown_at);

#endif
