/* See file_news.h. */
#include "relay/file_news.h"

#include <stdlib.h>
#include <string.h>

void
file_news_add(struct file_news *news, enum file_move move, enum file_way way, const char *path,
	uint64_t bytes)
{
	struct file_moved *files = NULL;
	char *copy = NULL;

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

void
file_news_clear(struct file_news *news)
{
	for (size_t i = 0; i < news->count; i++)
		free(news->files[i].path);
	free(news->files);
	news->files = NULL;
	news->count = 0;
	news->missed = 0;
}
