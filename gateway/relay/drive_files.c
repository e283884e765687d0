/* See drive_files.h. */
#include "relay/drive_files.h"

#include <stdlib.h>
#include <string.h>

static void
tell(struct file_news *news, const struct open_file *file)
{
	if (news != NULL && file->read > 0)
		file_news_add(news, FILE_MOVE_IN, FILE_BY_DRIVE, file->path, file->read);
	if (news != NULL && file->written > 0)
		file_news_add(news, FILE_MOVE_OUT, FILE_BY_DRIVE, file->path, file->written);
}

static void
drop_request(struct drive_files *all, struct drive_request *request)
{
	free(request->path);
	*request = all->requests[--all->request_count];
}

static bool
is_of(const struct drive_request *request, const struct open_file *file)
{
	return request->device == file->device && request->file == file->id &&
	       request->function != RDPDR_CREATE;
}

/* What is still asked of it has no answer any more: many a client never says that a folder has not changed. */
static void
drop_file(struct drive_files *all, struct open_file *file)
{
	for (size_t i = all->request_count; i-- > 0;)
		if (is_of(&all->requests[i], file))
			drop_request(all, &all->requests[i]);
	tell(all->news, file);
	free(file->path);
	*file = all->files[--all->file_count];
}

static struct open_file *
find_file(struct drive_files *all, uint32_t device, uint32_t id)
{
	for (size_t i = 0; i < all->file_count; i++)
		if (all->files[i].device == device && all->files[i].id == id)
			return &all->files[i];
	return NULL;
}

static struct drive_request *
find_request(struct drive_files *all, uint32_t device, uint32_t completion)
{
	for (size_t i = 0; i < all->request_count; i++)
		if (all->requests[i].device == device && all->requests[i].completion == completion)
			return &all->requests[i];
	return NULL;
}

static bool
is_awaited(const struct drive_files *all, const struct open_file *file)
{
	for (size_t i = 0; i < all->request_count; i++) {
		uint32_t function = all->requests[i].function;

		if (is_of(&all->requests[i], file) &&
			(function == RDPDR_READ || function == RDPDR_CLOSE))
			return true;
	}
	return false;
}

static void
drop_if_over(struct drive_files *all, struct open_file *file)
{
	if (file != NULL && file->closing && !is_awaited(all, file))
		drop_file(all, file);
}

/* Each CREATE that is under way may become a file. */
static bool
has_room_for_file(const struct drive_files *all)
{
	size_t count = all->file_count;

	for (size_t i = 0; i < all->request_count; i++)
		count += all->requests[i].function == RDPDR_CREATE;
	return count < DRIVE_FILES_MOST;
}

/* Whether a request may go to the client, and what it means for its file. */
static bool
begin_request(struct drive_files *all, const struct rdpdr_request *request)
{
	struct open_file *file = find_file(all, request->device, request->file);

	switch (request->function) {
	case RDPDR_CREATE:
		return has_room_for_file(all);
	case RDPDR_READ:
		return file != NULL && !file->closing;
	case RDPDR_WRITE:
		if (file == NULL || file->closing)
			return false;
		/* It is out of the terminal with that, whatever the client answers. */
		file->written += request->value;
		return true;
	case RDPDR_CLOSE:
		if (file != NULL)
			file->closing = true;
		return true;
	default:
		return true;
	}
}

bool
drive_files_ask(struct drive_files *all, const struct rdpdr_request *request, const char *path)
{
	char *copy = NULL;

	if (all->request_count == DRIVE_REQUESTS_MOST ||
		find_request(all, request->device, request->completion) != NULL)
		return false;
	if (path != NULL && (copy = strdup(path)) == NULL)
		return false;
	if (!begin_request(all, request)) {
		free(copy);
		return false;
	}
	all->requests[all->request_count++] = (struct drive_request){
		.device = request->device,
		.completion = request->completion,
		.function = request->function,
		.file = request->file,
		.path = copy,
	};
	return true;
}

/* Takes the path. The client may give away a number that it has given before: that file is over. */
static void
open_file(struct drive_files *all, uint32_t device, uint32_t id, char *path)
{
	struct open_file *file = find_file(all, device, id);

	if (file != NULL)
		drop_file(all, file);
	all->files[all->file_count++] =
		(struct open_file){.device = device, .id = id, .path = path};
}

bool
drive_files_answer(struct drive_files *all, const struct rdpdr_completion *done)
{
	struct drive_request *found = find_request(all, done->device, done->completion);
	bool ok = (int32_t)done->status >= 0; /* NT_SUCCESS */
	struct drive_request request;
	struct open_file *file;

	if (found == NULL)
		return false;
	request = *found;
	found->path = NULL;
	drop_request(all, found);
	if (request.function == RDPDR_CREATE) {
		if (ok)
			open_file(all, request.device, done->value, request.path);
		else
			free(request.path);
		return true;
	}
	file = find_file(all, request.device, request.file);
	if (file == NULL)
		return true;
	if (ok && request.function == RDPDR_READ)
		file->read += done->value;
	drop_if_over(all, file);
	return true;
}

void
drive_files_close_device(struct drive_files *all, uint32_t device)
{
	for (size_t i = all->file_count; i-- > 0;)
		if (all->files[i].device == device) {
			all->files[i].closing = true;
			drop_if_over(all, &all->files[i]);
		}
}

void
drive_files_finish(struct drive_files *all)
{
	while (all->file_count > 0)
		drop_file(all, &all->files[0]);
}

void
drive_files_free(struct drive_files *all)
{
	if (all == NULL)
		return;
	all->news = NULL;
	drive_files_finish(all);
	while (all->request_count > 0)
		drop_request(all, &all->requests[0]);
	free(all);
}
