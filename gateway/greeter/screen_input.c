/* Keys and the pointer: what they do to a page. Everything here comes from somebody unknown. */
#include "greeter/screen_private.h"

#include "base/cleanup.h"

#include <string.h>
#include <xkbcommon/xkbcommon-keysyms.h>

#define DOUBLE_CLICK_MS 450
#define WHEEL_ROWS 3
#define WHEEL_LINES 3

enum part_kind
part_kind(enum part part)
{
	static const enum part_kind kinds[PART_COUNT] = {
#define STILL PART_STILL
#define POINTED PART_POINTED
#define FOCUSED PART_FOCUSED
#define PART(NAME, name, what) [PART_##NAME] = what,
#include "greeter/screen_parts.def"
#undef PART
#undef STILL
#undef POINTED
#undef FOCUSED
	};

	return part < PART_COUNT ? kinds[part] : PART_STILL;
}

struct field *
screen_field_of(struct screen *screen, enum part part)
{
	switch (part) {
	case PART_ACCOUNT:
		return &screen->account;
	case PART_SECRET:
		return &screen->secret;
	case PART_LIST:
	case PART_FILTER:
		return &screen->list.filter;
	default:
		return NULL;
	}
}

/* The part on which a field is drawn: the list's is beside it. */
static enum part
drawn_part(enum part part)
{
	return part == PART_LIST ? PART_FILTER : part;
}

void
screen_focus(struct screen *screen, enum part part)
{
	tiles_damage_part(screen, screen->focus);
	tiles_damage_part(screen, drawn_part(screen->focus));
	screen->focus = part;
	tiles_damage_part(screen, part);
	tiles_damage_part(screen, drawn_part(part));
	tiles_damage_part(screen, PART_FOOTER);
	screen_wake_caret(screen);
}

static bool
can_focus(const struct screen *screen, enum part part)
{
	return part_kind(part) == PART_FOCUSED && screen->parts[part].width > 0;
}

static void
focus_next(struct screen *screen, int step)
{
	int part = screen->focus != PART_NONE ? (int)screen->focus : step > 0 ? PART_COUNT - 1 : 0;

	for (int i = 0; i < PART_COUNT; i++) {
		part = (part + step + PART_COUNT) % PART_COUNT;
		if (can_focus(screen, (enum part)part)) {
			struct field *field = screen_field_of(screen, (enum part)part);

			if (field != NULL)
				field_select_all(field);
			screen_focus(screen, (enum part)part);
			return;
		}
	}
}

/* What was typed may have changed what can be done. */
static void
field_changed(struct screen *screen)
{
	if (screen->focus == PART_LIST) {
		list_apply_filter(&screen->list);
		list_select(screen, screen->list.selected);
		tiles_damage_part(screen, PART_LIST);
	}
	tiles_damage_part(screen, PART_SUBMIT);
	screen_wake_caret(screen);
}

/* Keys. Each takes the modifiers and returns false if it means nothing here. */

static bool
on_tab(struct screen *screen, uint32_t modifiers)
{
	focus_next(screen, (modifiers & DESK_SHIFT) != 0 ? -1 : 1);
	return true;
}

static bool
on_back_tab(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	focus_next(screen, -1);
	return true;
}

static void
press_button(struct screen *screen, enum part part)
{
	switch (part) {
	case PART_SUBMIT:
		screen_answer(screen, SCREEN_SUBMIT);
		break;
	case PART_CANCEL:
		screen_answer(screen, SCREEN_CANCEL);
		break;
	case PART_LANGUAGE:
		screen_switch_language(screen);
		break;
	default:
		break;
	}
}

static bool
on_enter(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	if (screen->focus == PART_CANCEL || screen->focus == PART_LANGUAGE)
		press_button(screen, screen->focus);
	else if (screen->focus == PART_ACCOUNT && screen->secret.len == 0 &&
		 !field_is_blank(&screen->account))
		focus_next(screen, 1);
	else
		screen_answer(screen, SCREEN_SUBMIT);
	return true;
}

static bool
on_escape(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	if (screen->focus == PART_LIST && screen->list.filter.len > 0) {
		field_begin(&screen->list.filter, FIELD_PLAIN, FIELD_MOST, "");
		field_changed(screen);
	} else {
		screen_answer(screen, SCREEN_CANCEL);
	}
	return true;
}

static bool
on_language(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	screen_switch_language(screen);
	return true;
}

static bool
on_space(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	if (screen->focus != PART_SUBMIT && screen->focus != PART_CANCEL &&
		screen->focus != PART_LANGUAGE)
		return false;
	press_button(screen, screen->focus);
	return true;
}

static bool
go(struct screen *screen, uint32_t modifiers, enum field_move move, enum field_move word)
{
	struct field *field = screen_field_of(screen, screen->focus);

	if (field == NULL)
		return false;
	field_go(field, (modifiers & DESK_CONTROL) != 0 ? word : move,
		(modifiers & DESK_SHIFT) != 0);
	screen_wake_caret(screen);
	return true;
}

static bool
on_left(struct screen *screen, uint32_t modifiers)
{
	return go(screen, modifiers, FIELD_LEFT, FIELD_WORD_LEFT);
}

static bool
on_right(struct screen *screen, uint32_t modifiers)
{
	return go(screen, modifiers, FIELD_RIGHT, FIELD_WORD_RIGHT);
}

/* Rows of the list, or lines of the text where no list is. */
static bool
go_rows(struct screen *screen, long rows)
{
	if (screen->focus == PART_LIST)
		list_move(screen, rows);
	else
		screen_scroll_text(screen, (int)rows * type_size(TYPE_BODY, screen->scale) * 3 / 2);
	return true;
}

static long
page_rows(const struct screen *screen)
{
	int line = type_size(TYPE_BODY, screen->scale) * 3 / 2;
	int lines = screen->parts[PART_TEXT].height / (line > 0 ? line : 1);

	if (screen->focus == PART_LIST)
		return (long)list_rows_seen(screen);
	return lines > 1 ? lines - 1 : 1;
}

static bool
on_home(struct screen *screen, uint32_t modifiers)
{
	if (screen->focus == PART_LIST && screen->list.filter.len == 0)
		return go_rows(screen, -SCREEN_CHOICES_MAX);
	return go(screen, modifiers, FIELD_START, FIELD_START) || go_rows(screen, -1000);
}

static bool
on_end(struct screen *screen, uint32_t modifiers)
{
	if (screen->focus == PART_LIST && screen->list.filter.len == 0)
		return go_rows(screen, SCREEN_CHOICES_MAX);
	return go(screen, modifiers, FIELD_END, FIELD_END) || go_rows(screen, 1000);
}

static bool
on_up(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	return go_rows(screen, -1);
}

static bool
on_down(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	return go_rows(screen, 1);
}

static bool
on_page_up(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	return go_rows(screen, -page_rows(screen));
}

static bool
on_page_down(struct screen *screen, uint32_t modifiers)
{
	(void)modifiers;
	return go_rows(screen, page_rows(screen));
}

static bool
erase(struct screen *screen, enum field_move move)
{
	struct field *field = screen_field_of(screen, screen->focus);

	if (field == NULL)
		return false;
	field_delete(field, move);
	field_changed(screen);
	return true;
}

static bool
on_backspace(struct screen *screen, uint32_t modifiers)
{
	return erase(screen, (modifiers & DESK_CONTROL) != 0 ? FIELD_WORD_LEFT : FIELD_LEFT);
}

static bool
on_delete(struct screen *screen, uint32_t modifiers)
{
	return erase(screen, (modifiers & DESK_CONTROL) != 0 ? FIELD_WORD_RIGHT : FIELD_RIGHT);
}

static bool
on_select_all(struct screen *screen, uint32_t modifiers)
{
	struct field *field = screen_field_of(screen, screen->focus);

	if ((modifiers & DESK_CONTROL) == 0 || (modifiers & DESK_ALT) != 0 || field == NULL)
		return false;
	field_select_all(field);
	screen_wake_caret(screen);
	return true;
}

static const struct {
	uint32_t keysym;
	bool (*pressed)(struct screen *screen, uint32_t modifiers);
} keys[] = {
	{XKB_KEY_Tab, on_tab},
	{XKB_KEY_KP_Tab, on_tab},
	{XKB_KEY_ISO_Left_Tab, on_back_tab},
	{XKB_KEY_Return, on_enter},
	{XKB_KEY_KP_Enter, on_enter},
	{XKB_KEY_Escape, on_escape},
	{XKB_KEY_F2, on_language},
	{XKB_KEY_space, on_space},
	{XKB_KEY_Left, on_left},
	{XKB_KEY_KP_Left, on_left},
	{XKB_KEY_Right, on_right},
	{XKB_KEY_KP_Right, on_right},
	{XKB_KEY_Up, on_up},
	{XKB_KEY_KP_Up, on_up},
	{XKB_KEY_Down, on_down},
	{XKB_KEY_KP_Down, on_down},
	{XKB_KEY_Home, on_home},
	{XKB_KEY_KP_Home, on_home},
	{XKB_KEY_End, on_end},
	{XKB_KEY_KP_End, on_end},
	{XKB_KEY_Page_Up, on_page_up},
	{XKB_KEY_KP_Page_Up, on_page_up},
	{XKB_KEY_Page_Down, on_page_down},
	{XKB_KEY_KP_Page_Down, on_page_down},
	{XKB_KEY_BackSpace, on_backspace},
	{XKB_KEY_Delete, on_delete},
	{XKB_KEY_KP_Delete, on_delete},
	{XKB_KEY_a, on_select_all},
	{XKB_KEY_A, on_select_all},
};

static void
type(struct screen *screen, uint32_t character, uint32_t modifiers)
{
	const uint32_t both = DESK_CONTROL | DESK_ALT; /* AltGr of many clients */
	struct field *field = screen_field_of(screen, screen->focus);

	if (field == NULL || character == 0 ||
		((modifiers & both) != 0 && (modifiers & both) != both))
		return;
	field_insert_character(field, character);
	field_changed(screen);
}

void
screen_modifiers(struct screen *screen, uint32_t modifiers)
{
	bool caps_changed = ((screen->modifiers ^ modifiers) & DESK_CAPS_LOCK) != 0;

	screen->modifiers = modifiers;
	if (caps_changed && !screen_is_busy(screen))
		tiles_damage_part(screen, PART_SECRET_LABEL);
}

void
screen_key(struct screen *screen, uint32_t keysym, uint32_t character, uint32_t modifiers)
{
	screen_modifiers(screen, modifiers);
	if (screen_is_busy(screen))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].keysym == keysym && keys[i].pressed(screen, modifiers))
			return;
	}
	type(screen, character, modifiers);
}

void
screen_text(struct screen *screen, const char *text)
{
	struct field *field = screen_field_of(screen, screen->focus);

	if (screen_is_busy(screen) || field == NULL)
		return;
	field_insert(field, text);
	field_changed(screen);
}

/* The pointer */

static enum part
part_at(const struct screen *screen, int x, int y)
{
	for (int part = 0; part < PART_COUNT; part++) {
		if (part_kind((enum part)part) != PART_STILL &&
			box_holds(&screen->parts[part], x, y))
			return (enum part)part;
	}
	return PART_NONE;
}

static void
hover(struct screen *screen, enum part part, int y)
{
	size_t row = part == PART_LIST ? list_row_at(screen, y) : SIZE_MAX;

	if (part == screen->hover && row == screen->list.hover)
		return;
	tiles_damage_part(screen, screen->hover);
	screen->hover = part;
	screen->list.hover = row;
	tiles_damage_part(screen, part);
}

static bool
is_double_click(struct screen *screen, enum part part, size_t row)
{
	int64_t now = screen->setup.now_ms();
	bool is = part == screen->pressed_before && row == screen->pressed_row &&
		  now - screen->pressed_ms < DOUBLE_CLICK_MS;

	screen->pressed_before = is ? PART_NONE : part;
	screen->pressed_row = row;
	screen->pressed_ms = now;
	return is;
}

static void
press_list(struct screen *screen, int y)
{
	size_t row = list_row_at(screen, y);
	bool twice = is_double_click(screen, PART_LIST, row);

	screen_focus(screen, PART_LIST);
	if (row == SIZE_MAX)
		return;
	list_select(screen, row);
	if (twice)
		screen_answer(screen, SCREEN_SUBMIT);
}

static void
press_field(struct screen *screen, enum part part, int x)
{
	struct field *field = screen_field_of(screen, part);
	size_t at = paint_field_place(screen, part, x);

	screen_focus(screen, part == PART_FILTER ? PART_LIST : part);
	if (is_double_click(screen, part, 0))
		field_select_word(field, at);
	else
		field_place(field, at, (screen->modifiers & DESK_SHIFT) != 0);
}

/* A place on the bar beside the text. */
static void
drag_text(struct screen *screen, int y)
{
	const struct box *box = &screen->parts[PART_TEXT];
	int most = screen_text_scroll_most(screen);

	if (most > 0 && box->height > 0)
		screen_scroll_text(
			screen, (int)((int64_t)(y - box->y) * (most + box->height) / box->height) -
					box->height / 2 - screen->text_scroll);
}

static void
press(struct screen *screen, enum part part, int x, int y)
{
	const struct box *text = &screen->parts[PART_TEXT];

	screen->pressed = part;
	if (part == PART_LIST)
		press_list(screen, y);
	else if (part == PART_ACCOUNT || part == PART_SECRET || part == PART_FILTER)
		press_field(screen, part, x);
	else if (part == PART_TEXT && x < text->x + text->width - screen_units(screen, 14))
		screen->pressed = PART_NONE;
	else if (part == PART_TEXT)
		drag_text(screen, y);
	tiles_damage_part(screen, part);
}

static void
drag(struct screen *screen, int x, int y)
{
	enum part part = screen->pressed;

	if (part == PART_TEXT) {
		drag_text(screen, y);
	} else if (part == PART_ACCOUNT || part == PART_SECRET || part == PART_FILTER) {
		field_place(
			screen_field_of(screen, part), paint_field_place(screen, part, x), true);
		screen_wake_caret(screen);
	}
}

static void
release(struct screen *screen, enum part part)
{
	enum part pressed = screen->pressed;

	screen->pressed = PART_NONE;
	tiles_damage_part(screen, pressed);
	if (pressed == part && part != PART_NONE)
		press_button(screen, part);
}

static void
turn_wheel(struct screen *screen, int notches)
{
	int rows = notches > 1000 ? 1000 : notches < -1000 ? -1000 : notches;

	if (screen->parts[PART_LIST].width > 0)
		list_scroll(screen, -(long)rows * WHEEL_ROWS);
	else
		screen_scroll_text(
			screen, -rows * WHEEL_LINES * type_size(TYPE_BODY, screen->scale) * 3 / 2);
}

void
screen_pointer(struct screen *screen, int x, int y, uint32_t buttons, int wheel)
{
	uint32_t before = screen->buttons;
	enum part part;

	screen->buttons = buttons;
	if (screen_is_busy(screen))
		return;
	part = part_at(screen, x, y);
	hover(screen, part, y);
	if (wheel != 0) {
		turn_wheel(screen, wheel);
		hover(screen, part, y);
	}
	if ((buttons & ~before & DESK_BUTTON_LEFT) != 0)
		press(screen, part, x, y);
	else if ((~buttons & before & DESK_BUTTON_LEFT) != 0)
		release(screen, part);
	else if ((buttons & DESK_BUTTON_LEFT) != 0)
		drag(screen, x, y);
}
