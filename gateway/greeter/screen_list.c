/* The list of terminals: those that the filter lets through, which one is chosen, which are seen. */
#include "greeter/screen_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_HEIGHT 38

/* Half and full width, capital and small letters are the same to who types a few letters of a name. */
static char *
folded(const char *text)
{
	char *normal = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
	char *result = g_utf8_casefold(normal != NULL ? normal : "", -1);

	g_free(normal);
	return result;
}

void
choices_free(struct choices *choices)
{
	for (size_t i = 0; i < choices->count; i++)
		g_free(choices->rows[i].folded);
	free(choices->rows);
	*choices = (struct choices){0};
}

int
choices_add(struct choices *choices, const struct msg_choice *choice)
{
	struct choice *row;

	if (choices->count > 0 && choices->serial != choice->serial)
		choices_free(choices);
	if (choices->count >= SCREEN_CHOICES_MAX)
		return -E2BIG;
	if (choices->count == choices->room) {
		size_t room = choices->room > 0 ? 2 * choices->room : 16;
		struct choice *more = reallocarray(choices->rows, room, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		choices->rows = more;
		choices->room = room;
	}
	choices->serial = choice->serial;
	row = &choices->rows[choices->count++];
	*row = (struct choice){.index = choice->index,
		.allowed = choice->allowed != 0,
		.values_len = choice->state_values_len};
	words_sentence(NULL, choice->name, NULL, 0, row->name, sizeof(row->name));
	memcpy(row->state, choice->state, sizeof(row->state));
	memcpy(row->values, choice->state_values, sizeof(row->values));
	row->folded = folded(row->name);
	return 0;
}

static void
choose_first_allowed(struct list *list)
{
	list->selected = 0;
	while (list->selected < list->match_count &&
		!list->choices.rows[list->matches[list->selected]].allowed)
		list->selected++;
	if (list->selected == list->match_count)
		list->selected = 0;
	list->top = 0;
}

int
list_begin(struct list *list, struct choices *choices)
{
	list_done(list);
	list->choices = *choices;
	*choices = (struct choices){0};
	list->hover = SIZE_MAX;
	field_begin(&list->filter, FIELD_PLAIN, 256, "");
	list->matches = calloc(list->choices.count + 1, sizeof(*list->matches));
	if (list->matches == NULL)
		return -ENOMEM;
	list_apply_filter(list);
	return 0;
}

void
list_done(struct list *list)
{
	choices_free(&list->choices);
	free(list->matches);
	field_wipe(&list->filter);
	*list = (struct list){.hover = SIZE_MAX};
}

/* The choice stays where it is if the filter lets it through. */
void
list_apply_filter(struct list *list)
{
	const struct choice *before = list_chosen(list);
	char *wanted = folded(list->filter.text);
	size_t same = SIZE_MAX;

	list->match_count = 0;
	for (size_t i = 0; i < list->choices.count; i++) {
		if (strstr(list->choices.rows[i].folded, wanted) == NULL)
			continue;
		if (&list->choices.rows[i] == before)
			same = list->match_count;
		list->matches[list->match_count++] = (uint16_t)i;
	}
	g_free(wanted);
	if (same != SIZE_MAX && before->allowed) {
		list->selected = same;
		list->top = 0;
	} else {
		choose_first_allowed(list);
	}
}

const struct choice *
list_chosen(const struct list *list)
{
	return list->selected < list->match_count
		       ? &list->choices.rows[list->matches[list->selected]]
		       : NULL;
}

int
list_row_height(const struct screen *screen)
{
	return screen_units(screen, ROW_HEIGHT);
}

size_t
list_rows_seen(const struct screen *screen)
{
	int rows = screen->parts[PART_LIST].height / list_row_height(screen);

	return rows > 0 ? (size_t)rows : 1;
}

static size_t
most_top(const struct screen *screen)
{
	size_t seen = list_rows_seen(screen);

	return screen->list.match_count > seen ? screen->list.match_count - seen : 0;
}

void
list_scroll(struct screen *screen, long rows)
{
	struct list *list = &screen->list;
	long top = (long)list->top + rows;

	list->top = top < 0 ? 0 : (size_t)top;
	if (list->top > most_top(screen))
		list->top = most_top(screen);
	tiles_damage_part(screen, PART_LIST);
}

void
list_select(struct screen *screen, size_t match)
{
	struct list *list = &screen->list;
	size_t seen = list_rows_seen(screen);

	if (list->match_count == 0)
		return;
	list->selected = match < list->match_count ? match : list->match_count - 1;
	if (list->selected < list->top)
		list->top = list->selected;
	if (list->selected >= list->top + seen)
		list->top = list->selected + 1 - seen;
	tiles_damage_part(screen, PART_LIST);
	tiles_damage_part(screen, PART_SUBMIT);
}

void
list_move(struct screen *screen, long rows)
{
	long match = (long)screen->list.selected + rows;

	list_select(screen, match < 0 ? 0 : (size_t)match);
}

size_t
list_row_at(const struct screen *screen, int y)
{
	const struct box *box = &screen->parts[PART_LIST];
	size_t row;

	if (box->width == 0 || y < box->y || y >= box->y + box->height)
		return SIZE_MAX;
	row = (size_t)((y - box->y) / list_row_height(screen));
	if (row >= list_rows_seen(screen) || screen->list.top + row >= screen->list.match_count)
		return SIZE_MAX;
	return screen->list.top + row;
}
