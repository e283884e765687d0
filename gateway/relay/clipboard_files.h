/* The files on one side's clipboard, as far as they are known: their list is watched on its way to the other side, and each
 * file is told when the first of its bytes is asked for. A file of a list that nobody has seen is told by its place. Bounded.
 */
#ifndef RELAY_CLIPBOARD_FILES_H
#define RELAY_CLIPBOARD_FILES_H

#include "rdp/cliprdr.h"
#include "relay/file_news.h"

#define CLIPBOARD_FILES_MOST 512 /* of one list that are known; further ones are counted */

struct clipboard_file {
	char *name; /* NULL: not known */
	uint64_t size;
	bool told;
};

struct clipboard_list {
	struct clipboard_file *files;
	size_t count;
	bool locked; /* the other side keeps it beyond the next offer, by this number (2.2.4) */
	uint32_t lock;
	uint32_t furthest; /* the last place that was counted, or 0 */
};

/* Begins as {0}. */
struct clipboard_files {
	struct clipboard_list now;
	struct clipboard_list before; /* locked, and no more on the clipboard */
	/* What has come of the list that passes by. */
	uint8_t descriptor[CLIPRDR_FILE_LEN];
	size_t skip; /* bytes in front of the next descriptor */
	size_t have;
};

void clipboard_files_done(struct clipboard_files *all);

/* Something else is offered: places mean other files from now on. */
void clipboard_files_renew(struct clipboard_files *all);

void clipboard_files_lock(struct clipboard_files *all, uint32_t lock);
void clipboard_files_unlock(struct clipboard_files *all, uint32_t lock);

/* A DATA_RESPONSE with the list begins; then all its bytes. */
void clipboard_files_begin(struct clipboard_files *all);
void clipboard_files_watch(struct clipboard_files *all, const uint8_t *bytes, size_t len);

/* Bytes of a file are asked for. news: NULL, nobody is told. */
void clipboard_files_fetch(struct clipboard_files *all,
	const struct cliprdr_contents_request *request, enum file_move move,
	struct file_news *news);

#endif
