/* Files on redirected drives: what the host asks and has no answer to yet, which files are open, and what has moved of each.
 * A file is told when it is closed, or when the session ends, with the bytes that were read and written. Bounded: what there
 * is no room for must be refused, so that nothing moves that is not told.
 */
#ifndef RELAY_DRIVE_FILES_H
#define RELAY_DRIVE_FILES_H

#include "rdp/rdpdr.h"
#include "relay/file_news.h"

#define DRIVE_FILES_MOST 512
#define DRIVE_REQUESTS_MOST 512

struct open_file {
	uint32_t device;
	uint32_t id;
	bool closing; /* no more of it is asked; told when what is awaited has come */
	char *path;   /* owned */
	uint64_t read;
	uint64_t written;
};

struct drive_request {
	uint32_t device;
	uint32_t completion;
	uint32_t function;
	uint32_t file;
	char *path; /* of CREATE; owned */
};

/* Begins as {0}. */
struct drive_files {
	struct file_news *news; /* borrowed; NULL: nobody is told */
	size_t file_count, request_count;
	struct open_file files[DRIVE_FILES_MOST];
	struct drive_request requests[DRIVE_REQUESTS_MOST];
};

/* A request is about to go to the client; path is that of a CREATE, or NULL. False: it must be refused, since its number is
 * awaited already, it reads or writes what is not open, or there is no room. */
bool drive_files_ask(
	struct drive_files *all, const struct rdpdr_request *request, const char *path);

/* An answer of the client's. False: nobody awaits it. */
bool drive_files_answer(struct drive_files *all, const struct rdpdr_completion *done);

/* A device is away, or its number another one's. */
void drive_files_close_device(struct drive_files *all, uint32_t device);

/* The session ends: what is open is told. */
void drive_files_finish(struct drive_files *all);

/* Accepts NULL. */
void drive_files_free(struct drive_files *all);

#endif
