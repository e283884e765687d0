/* Files that have moved over the clipboard or a drive (B8), until the worker has told the supervisor: bounded, and what is
 * too many is counted instead. */
#ifndef RELAY_FILE_NEWS_H
#define RELAY_FILE_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_NEWS_MOST 1024 /* a session that ends has 512 open files, each read and written */
#define FILE_NEWS_PATH_SIZE 1024

enum file_move {
	FILE_MOVE_IN,  /* into the terminal */
	FILE_MOVE_OUT, /* out of it */
	FILE_MOVE_COUNT,
};

enum file_way {
	FILE_BY_CLIPBOARD,
	FILE_BY_DRIVE,
	FILE_BY_COUNT,
};

struct file_moved {
	enum file_move move;
	enum file_way way;
	uint64_t
		bytes; /* of the clipboard: as the list says; of a drive: that were read or written */
	char *path;    /* as the channel tells it; owned */
};

struct file_news {
	struct file_moved *files; /* owned */
	size_t count;
	size_t taken;    /* of them, from the first on */
	uint32_t missed; /* for which there was no room */
};

/* Copies the path. */
void file_news_add(struct file_news *news, enum file_move move, enum file_way way, const char *path,
	uint64_t bytes);

/* Takes the first one out: it is the caller's, with its path. False if there is none. */
bool file_news_take(struct file_news *news, struct file_moved *ret_file);

/* Forgets them all. */
void file_news_clear(struct file_news *news);

#endif
