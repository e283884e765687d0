/* See clipboard_files.h. */
#include "relay/clipboard_files.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
forget(struct clipboard_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->files[i].name);
	free(list->files);
	*list = (struct clipboard_list){0};
}

void
clipboard_files_done(struct clipboard_files *all)
{
	forget(&all->now);
	forget(&all->before);
}

void
clipboard_files_renew(struct clipboard_files *all)
{
	if (all->now.locked) {
		forget(&all->before);
		all->before = all->now;
		all->now = (struct clipboard_list){0};
	} else {
		forget(&all->now);
	}
}

void
clipboard_files_lock(struct clipboard_files *all, uint32_t lock)
{
	all->now.locked = true;
	all->now.lock = lock;
}

void
clipboard_files_unlock(struct clipboard_files *all, uint32_t lock)
{
	if (all->now.lock == lock)
		all->now.locked = false;
	if (all->before.lock == lock)
		forget(&all->before);
}

void
clipboard_files_begin(struct clipboard_files *all)
{
	struct clipboard_list *list = &all->now;
	bool locked = list->locked;
	uint32_t lock = list->lock;

	forget(list);
	list->locked = locked;
	list->lock = lock;
	all->skip = CLIPRDR_HEAD_LEN + 4; /* behind cItems */
	all->have = 0;
}

/* Room for one more at the end of what is known; NULL if there is none. */
static struct clipboard_file *
add(struct clipboard_list *list)
{
	struct clipboard_file *files;

	if (list->count == CLIPBOARD_FILES_MOST)
		return NULL;
	files = realloc(list->files, (list->count + 1) * sizeof(*files));
	if (files == NULL)
		return NULL;
	list->files = files;
	files[list->count] = (struct clipboard_file){0};
	return &files[list->count++];
}

static void
keep_file(struct clipboard_files *all)
{
	struct clipboard_file *file = add(&all->now);
	char name[CLIPRDR_FILE_NAME_SIZE];

	if (file == NULL)
		return;
	cliprdr_file_parse(all->descriptor, name, &file->size);
	file->name = strdup(name);
}

void
clipboard_files_watch(struct clipboard_files *all, const uint8_t *bytes, size_t len)
{
	size_t take;

	for (; len > 0; bytes += take, len -= take) {
		if (all->skip > 0) {
			take = len < all->skip ? len : all->skip;
			all->skip -= take;
			continue;
		}
		take = CLIPRDR_FILE_LEN - all->have;
		take = len < take ? len : take;
		memcpy(all->descriptor + all->have, bytes, take);
		all->have += take;
		if (all->have < CLIPRDR_FILE_LEN)
			continue;
		all->have = 0;
		keep_file(all);
	}
}

/* Of a file that was locked and is not known any more nothing is remembered: each request is told. */
static struct clipboard_list *
list_of(struct clipboard_files *all, const struct cliprdr_contents_request *request)
{
	if (!request->has_lock || (all->now.locked && all->now.lock == request->lock))
		return &all->now;
	if (all->before.locked && all->before.lock == request->lock)
		return &all->before;
	return NULL;
}

static void
tell(struct file_news *news, enum file_move move, uint32_t place, const struct clipboard_file *file)
{
	char by_place[16];

	(void)snprintf(by_place, sizeof(by_place), "#%u", place + 1);
	file_news_add(news, move, FILE_BY_CLIPBOARD,
		file != NULL && file->name != NULL ? file->name : by_place,
		file != NULL ? file->size : 0);
}

void
clipboard_files_fetch(struct clipboard_files *all, const struct cliprdr_contents_request *request,
	enum file_move move, struct file_news *news)
{
	struct clipboard_list *list = list_of(all, request);

	if (news == NULL || !request->range)
		return;
	if (list == NULL) {
		tell(news, move, request->file, NULL);
		return;
	}
	if (request->file >= CLIPBOARD_FILES_MOST) {
		news->missed += list->furthest != request->file;
		list->furthest = request->file;
		return;
	}
	while (list->count <= request->file)
		if (add(list) == NULL) {
			news->missed++;
			return;
		}
	if (!list->files[request->file].told)
		tell(news, move, request->file, &list->files[request->file]);
	list->files[request->file].told = true;
}
