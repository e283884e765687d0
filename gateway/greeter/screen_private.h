/* The inside of a screen, shared by the files screen_*.c:
 *
 *	screen.c         its life: pages come, answers go
 *	screen_input.c   keys and pointer
 *	screen_list.c    terminals: filter, choice, scrolling
 *	screen_layout.c  where the parts stand
 *	screen_paint.c   what they look like; screen_paint_page.c those of single pages
 *	screen_tiles.c   which pixels have changed
 *	screen_field.c, screen_qr.c   know nothing of a screen
 */
#ifndef GREETER_SCREEN_PRIVATE_H
#define GREETER_SCREEN_PRIVATE_H

#include "greeter/screen.h"
#include "greeter/screen_field.h"
#include "greeter/screen_qr.h"
#include "picture/brush.h"
#include "picture/tiles.h"
#include "picture/type.h"
#include "picture/words.h"

enum part {
#define PART(NAME, name, what) PART_##NAME,
#include "greeter/screen_parts.def"
#undef PART
	PART_COUNT,
	PART_NONE = PART_COUNT,
};

enum part_kind {
	PART_STILL,
	PART_POINTED,
	PART_FOCUSED,
};

struct choice {
	char name[257];
	char *folded; /* the name as the filter compares it */
	char state[257];
	uint8_t values[512];
	uint32_t values_len;
	uint16_t index;
	bool allowed;
};

struct choices {
	struct choice *rows;
	size_t count, room;
	uint32_t serial;
};

struct list {
	struct choices choices;
	uint16_t *matches; /* rows that the filter lets through; room for all */
	size_t match_count;
	size_t selected; /* of matches; match_count: none */
	size_t top;      /* the first that is seen */
	size_t hover;    /* SIZE_MAX: none */
	struct field filter;
};

struct screen {
	struct screen_setup setup;
	char facility[257];
	enum language language;
	uint32_t scale; /* percent, as much of what the client asked for as fits */
	PangoContext *context;

	struct tiles tiles;

	/* The page. The message is wiped with it. */
	struct msg_show show;
	const struct screen_row *row; /* NULL before the first */
	bool answered;                /* nothing more is taken until the next page */
	struct field account, secret;
	struct qr qr;
	struct choices incoming; /* of the page that comes next */
	struct list list;
	int64_t ends_ms; /* of SECONDS */
	int64_t seconds; /* that are on the picture */
	int text_scroll, text_height;
	size_t fit; /* how tightly the page is laid out; screen_layout.c */

	struct box parts[PART_COUNT];
	enum part focus, hover, pressed;
	uint32_t modifiers, buttons;
	int64_t pressed_ms; /* for double clicks */
	enum part pressed_before;
	size_t pressed_row;
	int64_t typed_ms; /* the caret is seen for a while after */
	bool caret_seen;
};

/* Pixels of a length at 100 %. */
int screen_units(const struct screen *screen, int length);

struct catalogue;
const char *screen_words(const struct screen *screen, const char *english);
const struct catalogue *screen_catalogue(const struct screen *screen); /* NULL: English */

/* Text of the page, wrapped; the caller unrefs it. */
PangoLayout *screen_text_layout(const struct screen *screen, int width);
PangoLayout *screen_error_layout(const struct screen *screen, int width);
int screen_error_lines(const struct screen *screen); /* what is longer ends in dots */
PangoLayout *screen_key_layout(const struct screen *screen, int width);

/* There is nothing to do but wait, or cancel. */
bool screen_waits(const struct screen *screen);

/* Nothing is taken: no page, BUSY, or an answer is on its way. */
bool screen_is_busy(const struct screen *screen);
bool screen_can_submit(const struct screen *screen);
void screen_answer(struct screen *screen, enum greeter_action action);
void screen_focus(struct screen *screen, enum part part);
void screen_switch_language(struct screen *screen);

/* Something was done: the caret stays to be seen for a while. */
void screen_wake_caret(struct screen *screen);

/* The field that typing goes to; NULL: none. And that of a part. */
struct field *screen_field_of(struct screen *screen, enum part part);

/* Where everything stands. All of it is painted again. */
void screen_lay_out(struct screen *screen);

/* How far down the text can go: 0 if it is seen whole. */
int screen_text_scroll_most(const struct screen *screen);
void screen_scroll_text(struct screen *screen, int pixels);

enum part_kind part_kind(enum part part);

/* screen_tiles.c */
void tiles_damage_part(struct screen *screen, enum part part); /* with its focus ring */

/* screen_paint.c: all parts that lie on damaged tiles. */
void paint_parts(struct screen *screen, cairo_t *cairo);

/* The place in a field of a pixel column of its part. */
size_t paint_field_place(struct screen *screen, enum part part, int x);

/* screen_list.c */
int choices_add(struct choices *choices, const struct msg_choice *choice);
void choices_free(struct choices *choices);
int list_begin(struct list *list, struct choices *choices); /* takes them */
void list_done(struct list *list);
void list_apply_filter(struct list *list);
int list_row_height(const struct screen *screen);
size_t list_rows_seen(const struct screen *screen);
void list_select(struct screen *screen, size_t match);
void list_move(struct screen *screen, long rows);
void list_scroll(struct screen *screen, long rows);
size_t list_row_at(const struct screen *screen, int y);    /* SIZE_MAX: none */
const struct choice *list_chosen(const struct list *list); /* NULL: none */

#endif
