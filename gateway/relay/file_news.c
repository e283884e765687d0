/* See file_news.h. */
#include "relay/file_news.h"

#include <stdlib.h>
#include <string.h>

/* Makes room where some have been taken out. */
static void
compact(struct file_news *news)
{
	news->count -= news->taken;
	memmove(news->files, news->files + news->taken, news->count * sizeof(*news->files));
	news->taken = 0;
}

void
file_news_add(struct file_news *news, enum file_move move, enum file_way way, const char *path,
	uint64_t bytes)
{
	struct file_moved *files = NULL;
	char *copy = NULL;

	if (news->count == FILE_NEWS_MOST && news->taken > 0)
		compact(news);
	if (news->count < FILE_NEWS_MOST)
		files = realloc(news->files, (news->count + 1) * sizeof(*files));
	if (files != NULL) {
		news->files = files;
		copy = strdup(path);
	}
	if (copy == NULL) {
		news->missed++;
		return;
	}
	files[news->count++] =
		(struct file_moved){.move = move, .way = way, .bytes = bytes, .path = copy};
}

bool
file_news_take(struct file_news *news, struct file_moved *ret_file)
{
	if (news->taken == news->count) {
		free(news->files);
		news->files = NULL;
		news->count = news->taken = 0;
		return false;
	}
	*ret_file = news->files[news->taken];
	news->files[news->taken++].path = NULL;
	return true;
}

void
file_news_clear(struct file_news *news)
{
	for (size_t i = 0; i < news->count; i++)
		free(news->files[i].path);
	free(news->files);
	news->files = NULL;
	news->count = 0;
	news->taken = 0;
	news->missed = 0;
}
