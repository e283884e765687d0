/* See file_news.h. */
#include "relay/file_news.h"

#include <stdlib.h>
#include <string.h>

void
file_news_add(struct file_news *news, enum file_move move, enum file_way way, const char *path,
	uint64_t bytes)
{
	char *copy = news->count < FILE_NEWS_MOST ? strdup(path) : NULL;

	if (copy == NULL) {
		news->missed++;
		return;
	}
	news->files[news->count++] =
		(struct file_moved){.move = move, .way = way, .bytes = bytes, .path = copy};
}

void
file_news_clear(struct file_news *news)
{
	for (size_t i = 0; i < news->count; i++)
		free(news->files[i].path);
	news->count = 0;
	news->missed = 0;
}
